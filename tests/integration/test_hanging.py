"""Values that hang or take long, under real servers and on a real database."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest

from tests.conftest import MakeSite
from tests.harness import Site, wait_for
from tests.integration.test_live_command import stored
from tests.postgres import PostgreSQLServer, postgresql


def turn_of(html: str) -> int:
    """Return the last number of the working value in a page or stream; 0 for none."""
    return max((int(turn) for turn in re.findall(r"stat-text[^>]*>\d+/(\d+)", html)), default=0)


def timed(site: Site, path: str, **headers: str) -> tuple[float, str]:
    began = time.monotonic()
    status, _, body = site.get(path, **headers)
    assert status == 200
    return time.monotonic() - began, body


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn", "runserver"])
def test_hanging_value_stops_neither_page_nor_polls_nor_shutdown(make_site: MakeSite, server: str):
    """Regression: a page waited for a hanging value without limit, and so did each further viewer.
    Then the process did not end on SIGTERM. The page waits half a second, and the value comes
    later."""
    site = make_site(server, TEST_STUCK="1", TEST_PAGE_WAIT="0.5")

    took = [timed(site, "/site/stuck/")[0] for _ in range(4)]

    # The page waits half a second; the first one also loads templates.
    assert sum(took) < 12, took
    turns = set()

    def has_three_turns() -> bool:
        turns.add(turn_of(timed(site, "/site/stuck/@stream/?hold=0")[1]))
        return len(turns - {0}) >= 3

    wait_for(has_three_turns, seconds=15)
    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)
    site.process.wait(20)


def test_hanging_and_failed_values_shown_in_stream_and_page(make_site: MakeSite):
    """Regression: the page showed Live while a value hung, and "Waiting for the first value" for
    ever after a failure. Stream and page show both states, and since when."""
    site = make_site("uvicorn", TEST_STUCK="1", TEST_PAGE_WAIT="0.5")
    seen: dict[str, str] = {}
    with site.open_stream("/site/stuck/@stream/", Accept="text/event-stream") as stream:
        while not {"fails:state", "hangs:state", "waits:state", "blocks:state"} <= set(seen):
            event = stream.event()
            seen[event["event"]] = event["data"]
        assert "fine:state" not in seen

    for key in ("hangs", "waits", "blocks"):
        assert "Late" in seen[f"{key}:state"]
    assert "Failed" in seen["fails:state"]
    page = site.get("/site/stuck/")[2]
    assert (page.count("dashboards-is-late"), page.count("dashboards-is-failed")) == (3, 1)
    # The fifth is printed with the page.
    assert page.count("<time datetime") == 5
    assert site.log.count("The live value of 'fails'") == 1, "once, not each second"


def test_live_command_with_hanging_values_stops(make_site: MakeSite):
    """The command ends as a server does: it does not wait for a value."""
    site = make_site("gunicorn", TEST_STUCK="1")
    live = site.python("django", "live", "site_stuck", stdout=subprocess.PIPE)
    try:
        assert live.stdout
        assert live.stdout.readline() == b"Computing site_stuck\n"
        wait_for(lambda: f"{live.pid}/" in stored(site, "fine"))
    finally:
        live.send_signal(signal.SIGTERM)
        assert live.wait(20) == 0
        live.communicate()


def test_poll_in_thread_of_streams_does_not_wait_for_slow_value(make_site: MakeSite):
    """Regression: all streams of a process are opened in one thread. A poll computed due values in
    it, and waited five seconds for them, as did every stream that was opened meanwhile."""
    site = make_site("uvicorn", TEST_STUCK="1", TEST_PAGE_WAIT="5")

    # With this header a poll takes its turn in that thread.
    took, _ = timed(site, "/site/stuck/@stream/?hold=0", Accept="text/event-stream")

    assert took < 4


def test_streams_open_while_permission_hangs(make_site: MakeSite):
    """Regression: permissions of streams are checked in one thread. One of four seconds delayed
    every stream opened meanwhile, of any dashboard."""
    site = make_site("uvicorn", TEST_STUCK="1")
    with ThreadPoolExecutor(1) as waiting:
        guarded = waiting.submit(
            site.open_stream, "/site/guarded/@stream/", Accept="text/event-stream"
        )
        time.sleep(1.5)  # Longer than the time after which a thread counts as stuck.

        with site.open_stream("/site/quiet/@stream/", Accept="text/event-stream") as stream:
            assert stream.response.status == 200

        assert not guarded.done(), "the stream opened before the permission was checked"
        with guarded.result():
            pass


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    with postgresql() as server:
        yield server


def test_slow_values_use_bounded_threads_and_connections(
    make_site: MakeSite, server: PostgreSQLServer
):
    """Regression: 130 streams on 130 objects, with a value that queries for two seconds, started
    133 threads with a connection each. The database refused more clients, and a login answered
    500."""
    site = make_site(
        "uvicorn", TEST_STUCK="1", TEST_DATABASES=json.dumps({"default": server.database})
    )
    site.execute(
        "from django.contrib.auth.models import Group;"
        "Group.objects.bulk_create(Group(pk=n, name=str(n)) for n in range(1, 131))"
    )
    assert site.process is not None
    process = psutil.Process(site.process.pid)
    threads_before = process.num_threads()
    most_threads = most_connections = 0

    with ExitStack() as stack:
        streams = [
            stack.enter_context(
                site.open_stream(f"/site/queried/{n}/@stream/", Accept="text/event-stream")
            )
            for n in range(1, 131)
        ]
        end = time.monotonic() + 5
        while time.monotonic() < end:
            assert site.get("/login/somebody/")[0] == 200
            most_threads = max(most_threads, process.num_threads())
            most_connections = max(most_connections, server.count_connections())
            time.sleep(0.1)
        streams[0].until("/")
        assert "Live values wait for one of 8 threads" in site.log

    # 8 of values and one that watches them, the store's and its notifications', and of requests.
    assert most_threads - threads_before <= 8 + 4
    assert most_connections <= 8 + 6
    wait_for(lambda: process.num_threads() <= threads_before + 2, seconds=20)
    assert "too many clients" not in site.log


def test_more_threads_than_database_connections_warn(make_site: MakeSite, server: PostgreSQLServer):
    """No check warned that live values could take the connections that pages need."""
    environment = {"TEST_DATABASES": json.dumps({"default": server.database})}
    site = make_site("uvicorn", TEST_COMPUTE_THREADS="40", **environment)
    check = site.python("django", "check", "--database", "default", stderr=subprocess.PIPE)
    _, stderr = check.communicate(timeout=30)

    assert "(dashboards.W046) DASHBOARDS['MAX_COMPUTE_THREADS'] is 40" in stderr.decode()
    assert "of the 100 connections of the database 'default'" in stderr.decode()
