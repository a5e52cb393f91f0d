"""The readers: thousands of raw sockets in one process of their own, with one epoll.

``Load`` controls the process over a pipe; ``_Client`` runs in it.
"""

import multiprocessing
import select
import socket
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bench.tally import Tally

_READ_BYTES = 65_536
_OPENING_AT_ONCE = 50
_MOST_REFUSED = 100
"""A proxy may use a connection that its site is just closing, and then answers 502."""


@dataclass(frozen=True)
class Report:
    """Results of all readers of one load since the last ``begin``. Times are in milliseconds."""

    readers: int
    ended: int
    values: int
    """Distinct values, of all readers together."""
    repeated: int
    reads: int
    """Reads that contained a value: without merging, as many as there are values."""
    stale: int
    """Readers that had not shown the newest value when the wait for it was over."""
    settled: float
    """From the push of the newest value until the last reader had it, or the wait ended."""
    p50: float
    p99: float
    oldest: float
    """Greatest age of a value when a newer one replaced it."""
    busy: float
    """Share of one core that the load itself used."""

    def lost(self, pushed: int) -> float:
        """Return the share of all values that did not arrive one by one."""
        return 1 - self.values / (pushed * self.readers)


class Load:
    """A process of readers, controlled over a pipe."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def _ask(self, name: str, *arguments: Any) -> Any:
        self._pipe.send((name, arguments))
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def open(self, port: int, request: bytes, count: int) -> float:
        """Open a number of streams; return the seconds until the last had its first event."""
        seconds: float = self._ask("open", port, request, count)
        return seconds

    def close(self, count: int) -> None:
        """Close a number of streams."""
        self._ask("close", count)

    def begin(self) -> None:
        """Reset the counts."""
        self._ask("begin")

    def settle(self, newest: int, seconds: float) -> Report:
        """Wait until every reader has the newest value, at most for a number of seconds."""
        report: Report = self._ask("settle", newest, seconds)
        return report

    def lockstep(self, port: int, first: int, seconds: float) -> tuple[int, float]:
        """Push values one by one, each when all readers have the previous one.

        So no server can merge two into one write. Returns how many were pushed and the seconds
        they took.
        """
        answer: tuple[int, float] = self._ask("lockstep", port, first, seconds)
        return answer


@contextmanager
def load() -> Iterator[Load]:
    """Run a process of readers."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Load(ours)
    finally:
        process.kill()
        process.join(10)


def _serve(pipe: "Connection[Any, Any]") -> None:
    client = _Client(pipe.fileno())
    while True:
        client.turn(None)
        if not pipe.poll():
            continue
        name, arguments = pipe.recv()
        try:
            answer = getattr(client, name)(*arguments)
        except (OSError, RuntimeError) as error:
            answer = error
        pipe.send(answer)


class _Reader:
    """One connection: the head of its response, then events."""

    __slots__ = ("head", "socket", "tally")

    def __init__(self, port: int, request: bytes) -> None:
        # Blocking: on this machine a connect ends in microseconds.
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.sendall(request)
        self.socket.settimeout(0)
        self.head: bytes | None = b""
        self.tally = Tally()


class _Client:
    def __init__(self, commands: int) -> None:
        self._commands = commands
        self._epoll = select.epoll()
        self._epoll.register(commands, select.EPOLLIN)
        self._readers: dict[int, _Reader] = {}
        self._opening = 0
        self._refused = 0
        self._ended = 0
        self._ages = array("q")
        self._oldest = 0
        self._awaited = 0
        self._arrived = 0
        self._began = (0.0, 0.0)

    def turn(self, seconds: float | None) -> None:
        """Read what is available, waiting at most for a number of seconds."""
        readers, clock = self._readers, time.monotonic_ns
        for descriptor, _ in self._epoll.poll(seconds):
            if descriptor == self._commands:
                continue
            reader = readers[descriptor]
            try:
                data = reader.socket.recv(_READ_BYTES)
            except ConnectionError:
                data = b""
            if not data:
                self._end(descriptor)
                continue
            if reader.head is not None:
                self._open(descriptor, reader, data)
                continue
            tally = reader.tally
            before = tally.newest
            shown = tally.take(data, clock(), self._ages)
            self._oldest = max(self._oldest, shown)
            if before < self._awaited <= tally.newest:
                self._arrived += 1

    def _open(self, descriptor: int, reader: _Reader, data: bytes) -> None:
        """Read the head of a response, and the first event, which must follow it."""
        assert reader.head is not None
        reader.head += data
        status, _, _ = reader.head.partition(b"\r\n")
        if len(reader.head) > 12 and b" 200 " not in status:
            self._end(descriptor)
            return
        _, _, body = reader.head.partition(b"\r\n\r\n")
        if b"\n\n" in body:
            reader.tally.take(body, time.monotonic_ns(), array("q"))
            reader.head = None
            self._opening -= 1

    def _end(self, descriptor: int) -> None:
        reader = self._readers.pop(descriptor)
        self._epoll.unregister(descriptor)
        reader.socket.close()
        if reader.head is None:
            self._ended += 1
            return
        self._opening -= 1
        self._refused += 1
        if self._refused > _MOST_REFUSED:
            msg = f"A stream was answered with {reader.head!r}"
            raise RuntimeError(msg)

    def open(self, port: int, request: bytes, count: int) -> float:
        began, self._refused = time.monotonic(), 0
        wanted = len(self._readers) + count
        while self._opening or len(self._readers) < wanted:
            if len(self._readers) < wanted and self._opening < _OPENING_AT_ONCE:
                reader = _Reader(port, request)
                self._readers[reader.socket.fileno()] = reader
                self._epoll.register(reader.socket, select.EPOLLIN)
                self._opening += 1
                self.turn(0)
            else:
                self.turn(0.1)
            if time.monotonic() - began > 300:
                msg = f"{self._opening} streams did not open within 300 s."
                raise RuntimeError(msg)
        return time.monotonic() - began

    def close(self, count: int) -> None:
        for descriptor in list(self._readers)[:count]:
            self._epoll.unregister(descriptor)
            self._readers.pop(descriptor).socket.close()

    def begin(self) -> None:
        self.turn(0)
        for reader in self._readers.values():
            reader.tally.reset()
        self._ages = array("q")
        self._oldest = 0
        self._ended = 0
        self._began = (time.monotonic(), time.process_time())

    def _wait(self, newest: int, until: float) -> None:
        """Read until every reader has that value."""
        readers = self._readers.values()
        self._awaited = newest
        self._arrived = sum(reader.tally.newest >= newest for reader in readers)
        while self._arrived < len(self._readers):
            left = until - time.monotonic()
            if left <= 0:
                return
            self.turn(left)

    def settle(self, newest: int, seconds: float) -> Report:
        asked = time.monotonic_ns()
        self._wait(newest, time.monotonic() + seconds)
        now = time.monotonic_ns()
        wall, used = self._began
        busy = (time.process_time() - used) / (time.monotonic() - wall)
        tallies = [reader.tally for reader in self._readers.values()]
        pushed_ns = max(
            (each.newest_ns for each in tallies if each.newest == newest), default=asked
        )
        late = max((now - each.newest_ns for each in tallies if each.newest != newest), default=0)
        ages = sorted(self._ages)
        return Report(
            readers=len(tallies),
            ended=self._ended,
            values=sum(each.values for each in tallies),
            repeated=sum(each.repeated for each in tallies),
            reads=sum(each.reads for each in tallies),
            stale=sum(each.newest != newest for each in tallies),
            settled=(now - pushed_ns) / 1e6,
            p50=_percentile(ages, 50),
            p99=_percentile(ages, 99),
            oldest=max(self._oldest, late) / 1e6,
            busy=busy,
        )

    def lockstep(self, port: int, first: int, seconds: float) -> tuple[int, float]:
        control = socket.create_connection(("127.0.0.1", port))
        try:
            number, began = first, time.monotonic()
            end = began + seconds
            while time.monotonic() < end:
                request = f"GET /control/burst?first={number}&count=1 HTTP/1.1\r\nHost: b\r\n\r\n"
                control.sendall(request.encode())
                # Answered before the first reader is written to.
                control.recv(_READ_BYTES)
                self._wait(number, end + 10)
                number += 1
            return number - first, time.monotonic() - began
        finally:
            control.close()


def _percentile(ages: list[int], percent: int) -> float:
    """Return a percentile in milliseconds of sorted nanoseconds."""
    if not ages:
        return 0
    return ages[min(len(ages) - 1, len(ages) * percent // 100)] / 1e6
