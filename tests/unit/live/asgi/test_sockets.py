"""``live/asgi/sockets.py``: the sockets of this process."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from dashboards.live.asgi import sockets
from dashboards.live.asgi.connections import Connection
from dashboards.live.asgi.sockets import Ends, Sockets, count_unsent, get_ends, shut_down


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket, Ends]]:
    """Return the sockets of a client and its server, and their addresses as granian has them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    with client, server:
        (host, port), (server_host, server_port) = client.getsockname(), server.getsockname()
        ends = get_ends({"client": (host, str(port)), "server": (server_host, server_port)})
        assert ends
        yield client, server, ends


def fill(connection: socket.socket) -> None:
    """Send until the kernel takes no more."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while connection.send(bytes(100_000)):
            pass


async def test_bytes_that_a_client_does_not_read_are_unsent_until_it_does(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    client, server, ends = connection
    descriptor = await Sockets().find(ends)
    assert descriptor == server.fileno()
    assert not count_unsent(descriptor, ends)
    fill(server)
    assert count_unsent(descriptor, ends)
    client.setblocking(False)
    while count_unsent(descriptor, ends):
        with contextlib.suppress(BlockingIOError):
            client.recv(100_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_socket_of_a_server_that_listens_on_all_addresses_is_found(
    connection: tuple[socket.socket, socket.socket, Ends], host: str
):
    """Regression: granian gives the address that it listens on, which was compared with that of the
    connection. In a container no client that does not read was cut."""
    _, server, (ours, theirs) = connection
    ends = ours, (host, *theirs[1:])
    assert await Sockets().find(ends) == server.fileno()
    fill(server)
    assert count_unsent(server.fileno(), ends)
    shut_down(server.fileno(), ends)
    with pytest.raises(BrokenPipeError):
        server.send(b"x")


async def test_sockets_are_found_in_a_forked_process(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    """Regression: each search waited for a thread of the parent."""
    mine = Sockets()
    mine._thread = threading.Thread()  # As after a fork: it is not alive.
    assert await mine.find(connection[2]) == connection[1].fileno()


async def test_without_a_thread_flush_does_not_wait_for_a_search(
    connection: tuple[socket.socket, socket.socket, Ends], monkeypatch: pytest.MonkeyPatch
):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    mine = Sockets()
    with pytest.raises(RuntimeError):
        await mine.find(connection[2])
    assert not mine._wanted


async def test_those_that_ask_at_the_same_time_share_searches(
    connection: tuple[socket.socket, socket.socket, Ends], monkeypatch: pytest.MonkeyPatch
):
    client, server, ends = connection
    searches = []

    def find(wanted: set[Ends]) -> object:
        searches.append(wanted)
        return _find(wanted)

    _find = sockets._find
    monkeypatch.setattr(sockets, "_find", find)
    mine = Sockets()
    other = (ends[1], ends[0])
    found = await asyncio.gather(*(mine.find(each) for each in (ends, other, ends, other) * 10))
    assert set(found) == {client.fileno(), server.fileno()}
    assert len(searches) <= 2, "one for the first, one for all others"


async def test_socket_of_a_connection_is_shut_down(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    client, server, ends = connection
    shut_down(server.fileno(), ends)
    client.settimeout(10)
    assert client.recv(1) == b""


async def test_descriptor_of_another_connection_by_now_is_not_touched(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    client, server, ends = connection
    shut_down(client.fileno(), ends)
    assert not count_unsent(client.fileno(), ends)
    server.sendall(b"x")
    assert client.recv(1) == b"x"


async def test_sockets_stay_blocking_with_a_default_timeout(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    """Regression: each look at a socket made it non-blocking, also those of a database."""
    client, server, ends = connection
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(10)
    try:
        descriptor = await Sockets().find(ends)
        assert descriptor is not None
        count_unsent(descriptor, ends)
    finally:
        socket.setdefaulttimeout(before)
    assert os.get_blocking(server.fileno())
    assert os.get_blocking(client.fileno())


async def test_file_of_another_kind_is_left_open_once(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    """Regression: a descriptor that was a file's by now cost an open file."""
    _, _, ends = connection
    with open(os.devnull) as file:  # noqa: PTH123, ASYNC230 - it is not read
        before = os.listdir("/dev/fd")  # noqa: PTH208
        assert not count_unsent(file.fileno(), ends)
        assert os.listdir("/dev/fd") == before  # noqa: PTH208
        os.fstat(file.fileno())


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ValueError("odd")])
async def test_search_that_fails_does_not_keep_the_next_from_its_result(
    connection: tuple[socket.socket, socket.socket, Ends],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
):
    """Regression: those that asked later waited for ever."""
    _, server, ends = connection

    def fail() -> None:
        raise error

    mine = Sockets()
    with monkeypatch.context() as patch:
        patch.setattr(sockets, "_list_open_files", fail)
        with pytest.raises(type(error)):
            await mine.find(ends)
    assert await mine.find(ends) == server.fileno()


async def test_search_that_hangs_does_not_keep_flush_from_ending(
    connection: tuple[socket.socket, socket.socket, Ends], monkeypatch: pytest.MonkeyPatch
):
    (host, port), ends = connection[0].getsockname(), connection[2]
    goes_on = threading.Event()
    monkeypatch.setattr(sockets, "_SEARCH_SECONDS", 0.01)
    monkeypatch.setattr(sockets, "_list_open_files", goes_on.wait)

    async def send(message: object) -> None:
        pass

    served = Connection({"http_version": "1.1", "client": (host, port), "server": ends[1]}, send)
    try:
        assert not await served.flush(lambda: 0.05, Sockets())
    finally:
        goes_on.set()


async def test_sockets_are_found_from_the_next_loop_too(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    _, server, ends = connection
    mine = Sockets()

    def run(seconds: float) -> int | None:
        async def find() -> int | None:
            return await asyncio.wait_for(mine.find(ends), seconds)

        return asyncio.run(find())

    with contextlib.suppress(TimeoutError):
        await asyncio.to_thread(run, 0)
    assert await asyncio.to_thread(run, 10) == server.fileno()
