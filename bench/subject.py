"""A server with its readers, for every measure of streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psutil

from bench.load import Load, Report, load
from bench.servers import Server, serving
from deploy.pushpin import Ports, Pushpin, pushpin
from tests.harness import free_port

EVENTSTREAM = "django-eventstream"
FLOOR = "bare ASGI"

_PATHS = {"ours": "/sites/board/@stream/", "eventstream": "/board/", "floor": "/"}


class Subject:
    """One site, its readers, and the number of the value that is pushed next."""

    def __init__(self, server: Server, readers: Load) -> None:
        self.server = server
        self.readers = readers
        self.next = 1

    def open(self, count: int) -> float:
        """Open streams; return the duration in seconds."""
        request = self.server.request(_PATHS[self.server.site])
        return self.readers.open(self.server.port, request, count)

    def push(self, count: int, rate: float, *, patience: float = 10) -> Report:
        """Push from a thread of the server, and report which values arrived."""
        first, self.next = self.next, self.next + count
        self.readers.begin()
        self.server.push(first, count, rate)
        return self.readers.settle(self.next - 1, patience)

    def burst(self, count: int, *, patience: float = 10) -> Report:
        """Push in one turn of the server's event loop, and report which values arrived."""
        first, self.next = self.next, self.next + count
        self.readers.begin()
        self.server.ask("burst", first=first, count=count)
        return self.readers.settle(self.next - 1, patience)

    def lockstep(self, seconds: float) -> tuple[int, float, Report]:
        """Push one by one; return the number, the duration in seconds, and which values arrived."""
        self.readers.begin()
        pushed, took = self.readers.lockstep(self.server.port, self.next, seconds)
        self.next += pushed
        return pushed, took, self.readers.settle(self.next - 1, 1)


class Proxied(Subject):
    """One site with a Pushpin of its own, to which the readers connect."""

    def __init__(self, server: Server, readers: Load, proxy: Pushpin) -> None:
        super().__init__(server, readers)
        self.proxy = proxy

    def open(self, count: int) -> float:
        """Open streams; return the duration in seconds."""
        port = self.proxy.ports.http
        request = self.server.request(_PATHS[self.server.site], port)
        return self.readers.open(port, request, count)

    @property
    def rss(self) -> int:
        """Bytes of memory in use, of the site and all of Pushpin's programs."""
        programs = map(psutil.Process, self.proxy.processes)
        return self.server.rss + sum(program.memory_info().rss for program in programs)


@contextmanager
def subject(site: str, **more: Any) -> Iterator[Subject]:
    """Serve a site, with a process of readers beside it."""
    with serving(site, **more) as server, load() as readers:
        yield Subject(server, readers)


@contextmanager
def proxied(site: str, control: Literal["http", "zmq"], **more: Any) -> Iterator[Proxied]:
    """Serve a site behind Pushpin, with a process of readers beside it.

    Args:
        site: a module of ``bench.sites``.
        control: how the site publishes.
        **more: further settings of the site.
    """
    ports = Ports(*(free_port() for _ in range(5)))
    # Without a key, as the reference's README has it.
    grip: dict[str, Any] = {"GRIP_URL": f"http://127.0.0.1:{ports.control}"}
    if control == "zmq":
        grip = {"GRIP_PROXIES": [{"control_zmq_uri": f"tcp://127.0.0.1:{ports.command}"}]}
    with (
        serving(site, grip=grip, **more) as server,
        pushpin(server.port, ports) as proxy,
        load() as readers,
    ):
        yield Proxied(server, readers, proxy)
