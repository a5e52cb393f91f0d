"""Reports of the processes that keep streams open: their viewers, and their metrics.

A process with streams stores its report every few seconds. Any process can read all reports: a
command, or a dashboard about the live engine.
"""

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from dashboards.live.access.subjects import get_user_pk, is_dashboard, is_user
from dashboards.live.metrics import get_metrics
from dashboards.live.records import put_record, read_records
from dashboards.live.stores.base import BaseStore
from dashboards.live.workers import Workers, is_cancelled

logger = logging.getLogger("dashboards.live")

REPORTS = "reports:"
"""The channel of the reports."""

REPORT_SECONDS = 10.0
"""The time between two reports of a process."""

_FIRST_REPORT_SECONDS = 2.0
_MAX_USERS = 20


@dataclass(frozen=True)
class Viewers:
    """The open streams of one dashboard.

    Args:
        streams: their number. A page has one stream.
        users: the primary keys, as text, of signed-in users who opened them: 20 at most.
    """

    streams: int = 0
    users: Sequence[str] = ()

    def __add__(self, other: "Viewers") -> "Viewers":
        users = dict.fromkeys((*self.users, *other.users))
        return Viewers(self.streams + other.streams, tuple(users)[:_MAX_USERS])


@dataclass(frozen=True)
class ProcessReport:
    """The report of one process.

    Args:
        host: the name of its host.
        pid: its process id.
        viewers: the streams by subject of their dashboard (``access/subjects.py``).
        metrics: what ``get_metrics()`` returned.
        at: the time of the report: seconds since 1970, by the clock of its host.
    """

    host: str
    pid: int
    viewers: Mapping[str, Viewers] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    at: float = 0


class Reporter:
    """Stores the reports of this process.

    Args:
        store: where reports are put.
        get_streams: returns the subjects of each open stream.
    """

    def __init__(
        self, store: BaseStore, get_streams: Callable[[], Iterable[Iterable[str]]]
    ) -> None:
        self._store = store
        self._get_streams = get_streams
        self._is_putting = False

    async def run(self) -> None:
        """Store a report every ``REPORT_SECONDS``, until cancelled."""
        # A thread of its own: a store that hangs delays nothing but reports.
        workers = Workers(1, "dashboards-reports")
        is_first = True
        try:
            while not is_cancelled():
                seconds = _FIRST_REPORT_SECONDS if is_first else REPORT_SECONDS
                await self._store.clock.asleep(seconds)
                if self._is_putting:
                    continue  # The thread of an earlier run hangs. Another one would hang, too.
                viewers = count_viewers(self._get_streams())
                report = ProcessReport(socket.gethostname(), os.getpid(), viewers, get_metrics())
                self._is_putting = True
                try:
                    await workers.run(self._put, asdict(report), is_first=is_first)
                except Exception as error:  # noqa: BLE001 - the hub reports errors of the store
                    self._is_putting = False  # It may not have begun.
                    logger.debug("The report of this process was not stored: %r", error)
                is_first = False
        finally:
            workers.close()

    def _put(self, report: Mapping[str, Any], *, is_first: bool) -> None:
        try:
            put_record(self._store, REPORTS, report, is_first=is_first)
        finally:
            self._is_putting = False


def count_viewers(streams: Iterable[Iterable[str]]) -> Mapping[str, Viewers]:
    """Return the viewers by subject of their dashboard.

    The event loop waits for it, so that it is written for many thousand streams.

    Args:
        streams: the subjects of each stream.
    """
    counts: Counter[str] = Counter()
    users: dict[str, dict[str, None]] = {}
    for subjects in streams:
        for subject in filter(is_dashboard, subjects):
            counts[subject] += 1
            known = users.setdefault(subject, {})
            if len(known) < _MAX_USERS:
                known.update((get_user_pk(each), None) for each in filter(is_user, subjects))
    return {subject: Viewers(count, tuple(users[subject])) for subject, count in counts.items()}


def read_reports(store: BaseStore) -> Sequence[ProcessReport]:
    """Return the reports of the processes that have streams open, the newest first.

    With ``MemoryStore`` only this process is seen. Streams that a GRIP proxy keeps open are in no
    report.

    Args:
        store: the store of the site.

    Raises:
        Exception: the store cannot be read.
    """
    reports = []
    for record in read_records(store, REPORTS):
        # Another release may report other fields.
        with suppress(AttributeError, TypeError):
            viewers = {name: Viewers(**each) for name, each in record["viewers"].items()}
            reports.append(ProcessReport(**{**record, "viewers": viewers}))
    return reports


def sum_viewers(reports: Sequence[ProcessReport]) -> Mapping[str, Viewers]:
    """Return the viewers in all processes, by subject of their dashboard."""
    viewers: dict[str, Viewers] = {}
    for report in reports:
        for subject, each in report.viewers.items():
            viewers[subject] = viewers.get(subject, Viewers()) + each
    return viewers
