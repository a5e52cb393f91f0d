"""Publishes the counts and the resources of this process, and reads those of all processes."""

import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import connections

from dashboards.component.errors import is_under_test
from dashboards.contrib.system.counters import COUNTERS, PERIOD_SECONDS, Period
from dashboards.contrib.system.shared import SharedRead
from dashboards.live.records import put_record, read_records
from dashboards.live.stores import get_store
from dashboards.live.workers import start

try:
    import psutil
except ImportError:
    HAS_PSUTIL = False  # Without it there are fewer figures.
else:
    HAS_PSUTIL = True

logger = logging.getLogger("dashboards")

CHANNEL = "system:"
"""The channel of the records."""

_STARTED = time.time()


@dataclass(frozen=True)
class ProcessState:
    """The counts and the resources of one process.

    Args:
        host: the name of its host.
        pid: its process id.
        started: the time at which it loaded this app: seconds since 1970.
        periods: its requests and queries of the last minute.
        memory: the bytes of its resident memory; 0 if psutil is not installed.
        threads: its Python threads.
        host_figures: ``disk`` in percent and ``load``; with psutil also ``processor`` and
            ``memory`` in percent.
        at: the time of this state: seconds since 1970.
    """

    host: str
    pid: int
    started: float
    periods: Sequence[Period]
    memory: int
    threads: int
    host_figures: Mapping[str, float]
    at: float = 0


class Publisher:
    """Stores the state of this process from time to time, while it answers requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self._thread: threading.Thread | None = None
        self._pid = 0

    def publish_soon(self) -> None:
        """Store the state in a thread, at most once in ``PERIOD_SECONDS``.

        A request does not wait for the store. Nothing is stored while tests run: another thread
        would not see their transaction.
        """
        with self._lock:
            now = time.monotonic()
            # If the store hangs, one thread waits for it. After a fork it is not alive.
            is_busy = self._thread is not None and self._thread.is_alive()
            if now < self._next or is_busy or is_under_test():
                return
            self._next = now + PERIOD_SECONDS
            self._thread = threading.Thread(
                target=self._publish, name="dashboards-system", daemon=True
            )
            start(self._thread)  # If it cannot be, the next period tries again.

    def publish(self) -> None:
        """Store the state now.

        Raises:
            Exception: the store cannot be reached.
        """
        with self._lock:
            # After a fork the child is a new process.
            is_first, self._pid = self._pid != os.getpid(), os.getpid()
        put_record(get_store(), CHANNEL, _describe_process(), is_first=is_first)

    def _publish(self) -> None:
        try:
            self.publish()
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            logger.debug("The state of this process was not stored: %r", error)
        finally:
            # The connections of this thread.
            connections.close_all()


PUBLISHER = Publisher()
"""That of this process."""


def _publish_and_read() -> Sequence[ProcessState]:
    PUBLISHER.publish()
    return sorted(_parse_records(), key=lambda each: (each.host, each.pid))


def _parse_records() -> Iterator[ProcessState]:
    for record in read_records(get_store(), CHANNEL):
        # Another release may store other fields.
        with suppress(KeyError, TypeError, ValueError):
            periods = [Period(**each) for each in record["periods"]]
            yield ProcessState(**{**record, "periods": periods})


_states = SharedRead(_publish_and_read)


def read_processes() -> Sequence[ProcessState]:
    """Return the states of all processes that answered requests lately, this one included.

    Raises:
        Exception: the store cannot be read or written.
    """
    return _states.get()


def _describe_process() -> Mapping[str, Any]:
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": _STARTED,
        "periods": COUNTERS.as_data(),
        "memory": _read_memory(),
        "threads": threading.active_count(),
        "host_figures": _read_host(),
    }


def _read_memory() -> int:
    return int(psutil.Process().memory_info().rss) if HAS_PSUTIL else 0


def _read_host() -> Mapping[str, float]:
    figures: dict[str, float] = {}
    with suppress(OSError):
        usage = shutil.disk_usage("/")
        figures["disk"] = 100 * usage.used / usage.total
    with suppress(OSError, AttributeError):  # Not on Windows.
        figures["load"] = os.getloadavg()[0]
    if HAS_PSUTIL:
        # The processor's use since the previous call in this process.
        figures["processor"] = psutil.cpu_percent()
        figures["memory"] = psutil.virtual_memory().percent
    return figures
