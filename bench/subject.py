"""A server with its readers: what every measure about streams needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.load import Load, Report, load
from bench.servers import Server, serving

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
        """Open streams; return the seconds it took."""
        request = self.server.request(_PATHS[self.server.site])
        return self.readers.open(self.server.port, request, count)

    def push(self, count: int, rate: float, *, patience: float = 10) -> Report:
        """Push from a thread of the server, and report what arrived."""
        first, self.next = self.next, self.next + count
        self.readers.begin()
        self.server.push(first, count, rate)
        return self.readers.settle(self.next - 1, patience)

    def burst(self, count: int, *, patience: float = 10) -> Report:
        """Push in one turn of the server's event loop, and report what arrived."""
        first, self.next = self.next, self.next + count
        self.readers.begin()
        self.server.ask("burst", first=first, count=count)
        return self.readers.settle(self.next - 1, patience)

    def lockstep(self, seconds: float) -> tuple[int, float, Report]:
        """Push one by one; return how many, the seconds they took, and what arrived."""
        self.readers.begin()
        pushed, took = self.readers.lockstep(self.server.port, self.next, seconds)
        self.next += pushed
        return pushed, took, self.readers.settle(self.next - 1, 1)


@contextmanager
def subject(site: str, **more: Any) -> Iterator[Subject]:
    """Serve a site, with a process of readers beside it."""
    with serving(site, **more) as server, load() as readers:
        yield Subject(server, readers)
