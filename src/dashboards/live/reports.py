"""Reports of the processes of a site: the streams that each keeps open, and its metrics.

A process that keeps streams open stores its report every few seconds on a channel without streams.
Any process can read all reports: a command, or a dashboard about the live engine.
"""

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from secrets import token_hex

from dashboards.live.metrics import get_metrics
from dashboards.live.stores.base import BaseStore
from dashboards.live.workers import Workers, is_cancelled

logger = logging.getLogger("dashboards.live")

REPORTS = "reports:"
"""The channel with the report of each process by a random key. No dashboard's channel has a
colon."""

REPORT_SECONDS = 10.0
"""The time between two reports of a process."""

_FIRST_REPORT_SECONDS = 2.0
_MAX_AGE_SECONDS = 3 * REPORT_SECONDS
"""The age of a report whose process has closed its last stream, or has ended."""
_FORGET_SECONDS = 3600.0
_MAX_USERS = 20


@dataclass(frozen=True)
class Viewers:
    """The open streams of one dashboard in one process.

    Args:
        streams: their number. A page has one stream.
        users: the primary keys, as text, of signed-in users who opened them: 20 at most.
    """

    streams: int = 0
    users: Sequence[str] = ()

    def add(self, user: str) -> "Viewers":
        """Return the viewers with one stream more.

        Args:
            user: the primary key of the user, as text; empty if nobody is signed in.
        """
        is_new = user and user not in self.users and len(self.users) < _MAX_USERS
        return Viewers(self.streams + 1, (*self.users, user) if is_new else self.users)

    def __add__(self, other: "Viewers") -> "Viewers":
        users = dict.fromkeys((*self.users, *other.users))
        return Viewers(self.streams + other.streams, tuple(users)[:_MAX_USERS])


@dataclass(frozen=True)
class ProcessReport:
    """The report of one process.

    Args:
        host: the name of its host.
        pid: its process id.
        at: the time of the report: seconds since 1970, by the clock of its host.
        viewers: the streams by subject of their dashboard (``access/subjects.py``).
        metrics: what ``get_metrics()`` returned.
    """

    host: str
    pid: int
    at: float
    viewers: Mapping[str, Viewers] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


async def store_reports(store: BaseStore, count: Callable[[], Mapping[str, Viewers]]) -> None:
    """Store a report of this process every ``REPORT_SECONDS``, until cancelled.

    Args:
        store: where reports are put.
        count: returns the streams by subject of their dashboard.
    """
    # A thread of its own: a store that hangs delays nothing but reports.
    workers = Workers(1, "dashboards-reports")
    key, pause = token_hex(8), _FIRST_REPORT_SECONDS
    try:
        while not is_cancelled():
            await asyncio.sleep(pause)
            report = ProcessReport(
                socket.gethostname(), os.getpid(), time.time(), count(), get_metrics()
            )
            try:
                await workers.run(_put, store, key, report, is_first=pause != REPORT_SECONDS)
            except Exception as error:  # noqa: BLE001 - the hub reports errors of the store
                logger.debug("The report of this process was not stored: %r", error)
            pause = REPORT_SECONDS
    finally:
        workers.close()


def _put(store: BaseStore, key: str, report: ProcessReport, *, is_first: bool) -> None:
    store.put(REPORTS, {key: json.dumps(asdict(report))})
    if is_first:
        _forget_ended(store, report.at)


def _forget_ended(store: BaseStore, now: float) -> None:
    """Delete the reports of processes that ended long ago: a new process has a new key."""
    reports = _read(store)
    ended = [key for key, each in reports.items() if each.at < now - _FORGET_SECONDS]
    if ended:
        store.forget(REPORTS, ended)


def read_reports(store: BaseStore) -> Sequence[ProcessReport]:
    """Return the reports of the processes that have streams open, the newest first.

    A process without streams stores no report. A report is left out half a minute after it was
    stored, by the clock of this host. With ``MemoryStore`` only this process is seen. Streams that
    a GRIP proxy keeps open are in no report.

    Args:
        store: the store of the site.

    Raises:
        Exception: the store cannot be read.
    """
    oldest = time.time() - _MAX_AGE_SECONDS
    reports = sorted(_read(store).values(), key=lambda each: each.at, reverse=True)
    return [each for each in reports if each.at >= oldest]


def _read(store: BaseStore) -> Mapping[str, ProcessReport]:
    reports = {}
    for frame in store.since(REPORTS, None).frames:
        # Another release may report other fields.
        with suppress(KeyError, TypeError, ValueError):
            stored = json.loads(str(frame.data))
            viewers = {name: Viewers(**each) for name, each in stored.pop("viewers").items()}
            reports[frame.key] = ProcessReport(viewers=viewers, **stored)
    return reports


def sum_viewers(reports: Sequence[ProcessReport]) -> Mapping[str, Viewers]:
    """Return the viewers in all processes, by subject of their dashboard."""
    viewers: dict[str, Viewers] = {}
    for report in reports:
        for subject, each in report.viewers.items():
            viewers[subject] = viewers.get(subject, Viewers()) + each
    return viewers
