"""Servers with open streams stop and reload in time."""

import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import MakeSite
from tests.harness import Site, wait_for

# Without the time that processes wait for a processor, on a machine that does other work as well.
PROMISED_SECONDS = 2.0
MOST_OPENED_TOGETHER = 50
REQUEST = b"GET /site/quiet/@stream/ HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"

# It cancels open requests before the last chunk is written.
CUTTING_SERVERS = {"daphne"}


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """A thousand streams need a thousand descriptors, here and in the server, a child process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def open_streams(site: Site, number: int) -> Iterator[list[socket.socket]]:
    """Hold streams, opened in groups: a listening socket's queue is short."""
    with ExitStack() as stack:
        streams: list[socket.socket] = []
        while len(streams) < number:
            address = ("127.0.0.1", site.port)
            handful = [
                stack.enter_context(socket.create_connection(address, timeout=20))
                for _ in range(min(MOST_OPENED_TOGETHER, number - len(streams)))
            ]
            for stream in handful:
                stream.sendall(REQUEST)
            for stream in handful:
                received = b""
                while b"retry:" not in received:
                    chunk = stream.recv(4096)
                    assert chunk, received
                    received += chunk
            streams += handful
        yield streams


def ended_cleanly(stream: socket.socket) -> bool:
    """Read a stream to its end; return True for the end of a chunked answer."""
    received = b""
    try:
        while chunk := stream.recv(4096):
            received += chunk
    except ConnectionError:
        return False
    return received.endswith(b"0\r\n\r\n")


def is_running(process: psutil.Process) -> bool:
    try:
        # A worker that outlives its main process is a zombie until init reaps it.
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Delays:
    """The seconds for which threads were ready to run and waited for a processor.

    Args:
        processes: the processes; this one is added.
    """

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._pids = [os.getpid(), *(each.pid for each in processes)]
        self._before = {pid: self._read(pid) for pid in self._pids}
        self._longest = dict.fromkeys(self._pids, 0.0)

    @staticmethod
    def _read(pid: int) -> dict[str, float]:
        delays = {}
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            # A thread or process may end meanwhile.
            with suppress(OSError):
                delays[path.parent.name] = int(path.read_text().split()[1]) / 1e9
        return delays

    def update(self) -> None:
        """Read the delays while the processes run: afterwards they are gone."""
        for pid in self._pids:
            before = self._before[pid]
            delays = [delay - before.get(name, 0) for name, delay in self._read(pid).items()]
            self._longest[pid] = max([self._longest[pid], *delays])

    @property
    def seconds(self) -> float:
        """The longest delay of a thread of each process, added up: processes wait in turn."""
        return sum(self._longest.values())


def stop(site: Site, number: signal.Signals) -> float:
    """Signal the main process; return the seconds until all processes have ended."""
    assert site.process is not None
    main = psutil.Process(site.process.pid)
    processes = [main, *main.children(recursive=True)]
    delays = Delays(processes)
    started = time.monotonic()
    site.process.send_signal(number)

    def have_ended() -> bool:
        delays.update()
        return not any(is_running(each) for each in processes)

    wait_for(have_ended, seconds=20)
    return time.monotonic() - started - delays.seconds


@pytest.mark.parametrize(
    "server", ["uvicorn", "uvicorn-reload", "gunicorn-uvicorn", "daphne", "granian", "hypercorn"]
)
def test_server_with_thousand_streams_stops_in_time(make_site: MakeSite, server: str):
    site = make_site(server, TEST_LIGHT="1")
    with open_streams(site, 1000) as streams:
        assert stop(site, signal.SIGTERM) <= PROMISED_SECONDS
        clean = [ended_cleanly(stream) for stream in streams]
    assert server in CUTTING_SERVERS or all(clean)


@pytest.mark.parametrize(
    ("server", "number"),
    [
        ("uvicorn-workers", signal.SIGTERM),
        ("granian-workers", signal.SIGTERM),
        ("hypercorn-workers", signal.SIGTERM),
        ("daphne", signal.SIGINT),
        ("granian", signal.SIGINT),
        ("hypercorn-in-process", signal.SIGINT),
    ],
)
def test_workers_and_interrupts_stop_in_time(
    make_site: MakeSite, server: str, number: signal.Signals
):
    site = make_site(server)
    with open_streams(site, 100) as streams:
        assert stop(site, number) <= PROMISED_SECONDS
        clean = [ended_cleanly(stream) for stream in streams]
    assert server in CUTTING_SERVERS or all(clean)


def test_reload_does_not_wait_for_streams(make_site: MakeSite):
    site = make_site("uvicorn-reload")
    changed = site.folder / "changed.py"
    assert site.process is not None
    before = psutil.Process(site.process.pid).children(recursive=True)
    with open_streams(site, 100) as streams:

        def reloading() -> bool:
            # The reloader sees a file from its first scan on.
            changed.touch()
            return "Reloading..." in site.log

        wait_for(reloading)
        delays = Delays(before)
        started = time.monotonic()

        def has_restarted() -> bool:
            delays.update()
            return not all(is_running(each) for each in before)

        wait_for(has_restarted)
        assert time.monotonic() - started - delays.seconds <= PROMISED_SECONDS
        assert all(ended_cleanly(stream) for stream in streams)
    site.wait_until_ready()
