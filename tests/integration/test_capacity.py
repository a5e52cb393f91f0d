"""Limits of one client on a server: slots, connections, bytes, and the time to stop."""

import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import psutil
import pytest

from dashboards.live.asgi.slots import Slot, Slots, network_of
from tests.conftest import MakeSite
from tests.harness import Site, Stream, wait_for
from tests.integration.test_servers import STREAM, log_in

BIG = "x" * 1_500_000


# Slots.


def take(slots: Slots, owner: str, left: list[str], limit: int = 4) -> Slot | None:
    return slots.acquire(owner, limit, lambda: left.append(owner))


def test_slots_free_are_given_to_everybody():
    slots, left = Slots(), list[str]()
    assert all(take(slots, "one", left) for _ in range(4))
    assert not left
    assert not slots.is_full


def test_slots_full_move_from_largest_holder_to_smaller():
    slots, left = Slots(), list[str]()
    for _ in range(4):
        take(slots, "crowd", left)
    assert take(slots, "two", left)
    assert take(slots, "three", left)
    assert left == ["crowd", "crowd"]
    # A client that would then hold as many as the largest holder is refused.
    assert take(slots, "two", left) is None
    assert take(slots, "crowd", left) is None
    assert slots.taken == 4


def test_slots_full_of_one_holder_refuse_next():
    """Behind a reverse proxy all clients have one address. Then no stream is ended for a new
    one."""
    slots, left = Slots(), list[str]()
    for _ in range(4):
        take(slots, "proxy", left)
    assert not slots.is_available("proxy", 4)
    assert take(slots, "proxy", left) is None
    assert not left


def test_slot_released_twice_is_free_once():
    slots, left = Slots(), list[str]()
    slot = take(slots, "one", left)
    assert slot
    slots.release(slot)
    slots.release(slot)
    assert slots.taken == 0


def test_slots_count_as_full_until_a_tenth_is_free():
    """The log reports it once per episode: at the limit, streams come and go all the time."""
    slots, left = Slots(), list[str]()
    held = [take(slots, "one", left, limit=20) for _ in range(20)]
    assert not slots.is_available("one", 20)
    for slot, is_full in zip(held, (True, False, False), strict=False):
        assert slot
        slots.release(slot)
        assert slots.is_available("one", 20)
        assert slots.is_full is is_full


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7:5123", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"),
        ("[2001:db8:1:2::1]:443", "2001:0db8:0001:0002::/64"),
        ("unknown", "unknown"),
        ("x" * 5000, "x" * 64),
        ("", ""),
    ],
)
def test_network_of_address_covers_one_customer(address: str, network: str):
    assert network_of(address) == network


def test_anonymous_client_with_all_slots_does_not_exclude_signed_in(make_site: MakeSite):
    """Regression: MAX_STREAMS was one number for all clients. One anonymous client took every slot,
    and signed-in viewers of other dashboards got 503."""
    site = make_site(TEST_MAX_STREAMS="3")
    cookies = [log_in(site, "admin"), log_in(site, "other")]
    with ExitStack() as stack:
        crowd = [stack.enter_context(site.open_stream()) for _ in range(3)]
        site.push(number="held")
        for each in crowd:
            each.until("held")
        viewer, other = (
            stack.enter_context(site.open_stream("/site/live/@stream/", Cookie=cookie))
            for cookie in cookies
        )
        site.push(number="for those who hold one")
        viewer.until("for those who hold one")
        other.until("for those who hold one")
        crowd[0].until("for those who hold one")
        for each in crowd[1:]:
            while each.event():
                pass
        assert site.log.count("MAX_STREAMS") == 1, "said once"


def test_stream_without_slot_gets_finite_answer_with_changes(make_site: MakeSite):
    """Regression: a client without a slot got 503, and no value until another client left."""
    site = make_site(TEST_MAX_STREAMS="2")
    with site.open_stream() as one, site.open_stream() as two:
        site.push(number="held")
        one.until("held")
        two.until("held")
        status, headers, body = site.get(STREAM, Accept="text/event-stream")
        assert status == 200
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Content-Length"]
        assert "held" in body
        [retry] = re.findall(r"^retry: (\d+)$", body, re.MULTILINE)
        assert 5000 <= int(retry) <= 15_000
        site.push(number="still")
        one.until("still")
        two.until("still")

    def is_held() -> bool:
        with site.open_stream() as stream:
            return stream.response.getheader("Content-Length") is None

    wait_for(is_held)


def test_trusted_header_separates_clients_of_one_proxy(make_site: MakeSite):
    site = make_site(TEST_MAX_STREAMS="3", TEST_CLIENT_HEADER="X-Forwarded-For")
    with ExitStack() as stack:

        def open_from(address: str) -> Stream:
            # A header sent by the client precedes the value that the proxy adds.
            forwarded = f"203.0.113.{next(numbers)}, {address}"
            stream = stack.enter_context(site.open_stream(X_Forwarded_For=forwarded))
            site.push(number=forwarded)
            stream.until(forwarded)
            return stream

        numbers = count()
        crowd = [open_from("192.0.2.1") for _ in range(3)]
        open_from("192.0.2.2")
        while crowd[-1].event():
            pass
        assert "MAX_STREAMS" in site.log


# Clients that do not read.


@contextmanager
def frozen_clients(site: Site, number: int) -> Iterator[None]:
    """Open streams that are never read."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(number)]
        for client in clients:
            client.settimeout(20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", site.port))
            client.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for client in clients:
            assert client.recv(1, socket.MSG_PEEK), "no stream"
        yield


def processes_of(site: Site) -> list[psutil.Process]:
    assert site.process is not None
    main = psutil.Process(site.process.pid)
    return [main, *main.children(recursive=True)]


def connections_of(site: Site) -> int:
    return sum(
        each.status != psutil.CONN_LISTEN
        for process in processes_of(site)
        for each in process.net_connections("tcp")
    )


def megabytes_of(site: Site) -> float:
    return sum(process.memory_info().rss for process in processes_of(site)) / 2**20


@pytest.mark.parametrize(
    ("server", "megabytes"),
    # hyper, in granian, buffers 400 KB of each connection, and the buffer doubles as it grows:
    # 1.1 to 1.4 MB per connection were measured. A server that kept all updates would need 1.5 MB
    # per connection and push, and some fifty are pushed.
    [("uvicorn", 35), ("hypercorn", 35), ("daphne", 40), ("granian", 100)],
)
def test_clients_that_never_read_are_closed_and_freed(
    make_site: MakeSite, server: str, megabytes: int
):
    """Regression: streams of clients that never read were given up, but their sockets and buffers
    stayed. Fifty of them took 50 descriptors and 80 MB for good, and were not counted."""
    site = make_site(server, TEST_HEARTBEAT="1")
    site.push(note=BIG)
    with site.open_stream() as stream:
        stream.until(BIG)
    wait_for(lambda: connections_of(site) <= 1)
    connections, memory = connections_of(site), megabytes_of(site)
    with frozen_clients(site, 50):
        numbers, most = count(), 0.0

        def are_cut() -> bool:
            nonlocal most
            # Kernel and server buffer the first megabytes.
            site.push(note=f"{next(numbers)} {BIG}")
            most = max(most, megabytes_of(site))
            return connections_of(site) <= connections

        wait_for(are_cut, seconds=30)
        assert most - memory <= megabytes
    with site.open_stream() as stream:
        site.push(number="others are served")
        stream.until("others are served")


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "daphne", "granian"])
def test_server_with_stalled_clients_stops(make_site: MakeSite, server: str):
    """Regression: uvicorn, which has no limit for this, waited until a stalled client had read all
    that was buffered for it. granian did so if the end of the stream was in its own buffer."""
    site = make_site(server)
    with ExitStack() as stack:
        stream = stack.enter_context(site.open_stream())
        # Each has 400 KB more than the next: the buffers of kernel and server have any state.
        for number in range(11):
            site.push(note=f"{number} {BIG[:400_000]}")
            stream.until(f"{number} x")
            stack.enter_context(frozen_clients(site, 1))
        site.signal(signal.SIGTERM)
        assert site.process is not None
        site.process.wait(30)


def test_slow_client_keeps_stream(make_site: MakeSite):
    """A large state takes this client longer than two heartbeats. It is written in parts, and each
    part that the client reads counts as progress."""
    site = make_site(TEST_HEARTBEAT="2", TEST_MAX_FRAME="10000000")
    site.push(note=BIG * 6)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(10)
        slow.connect(("127.0.0.1", site.port))
        slow.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received, began = 0, time.monotonic()
        while time.monotonic() - began < 7:
            data = slow.recv(8192)
            assert data, f"cut after {received} bytes"
            received += len(data)
            time.sleep(0.008)  # A megabyte a second.
        assert received < len(BIG) * 6, "it was still being written to"
