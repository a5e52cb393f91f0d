"""Counts the requests and queries of this process, in short periods of the last minute.

Pure: standard library only.
"""

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

PERIOD_SECONDS = 5
"""The length of a period."""

MINUTE_PERIODS = 60 // PERIOD_SECONDS
"""The number of complete periods that are kept."""

SECONDS_BOUNDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""The upper bounds of the buckets in which durations are counted."""

_BUCKETS = len(SECONDS_BOUNDS) + 1
_STATUSES = 6


@dataclass
class Period:
    """The counts of one period, of one process or of several.

    Args:
        at: the number of the period since 1970: seconds divided by ``PERIOD_SECONDS``.
        statuses: the responses by first digit of their status; index 0 for requests that raised.
        durations: the requests by duration: one bucket for each bound, and one for those beyond.
        queries: the database queries.
        query_seconds: the duration of all queries together.

    Raises:
        ValueError: there are more or fewer counts than this release has.
    """

    at: int
    statuses: list[int] = field(default_factory=lambda: [0] * _STATUSES)
    durations: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    queries: int = 0
    query_seconds: float = 0.0

    def __post_init__(self) -> None:
        if (len(self.statuses), len(self.durations)) != (_STATUSES, _BUCKETS):
            msg = "The counts of this period are those of another release."
            raise ValueError(msg)

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(self.durations)

    @property
    def errors(self) -> int:
        """The number of requests that were answered with 500 or above, or that raised."""
        return self.statuses[0] + self.statuses[5]

    def add(self, other: "Period") -> None:
        """Add the counts of another period."""
        self.statuses = [a + b for a, b in zip(self.statuses, other.statuses, strict=True)]
        self.durations = [a + b for a, b in zip(self.durations, other.durations, strict=True)]
        self.queries += other.queries
        self.query_seconds += other.query_seconds

    def get_percentile(self, percent: float) -> float | None:
        """Return the seconds within which a part of the requests was answered.

        It is interpolated within a bucket; above the last bound it is that bound.

        Args:
            percent: the part, from 0 to 100.

        Returns:
            Seconds, or None if there were no requests.
        """
        rank, seen = self.requests * percent / 100, 0
        for number, count in enumerate(self.durations):
            if count and seen + count >= rank:
                lower = SECONDS_BOUNDS[number - 1] if number else 0.0
                upper = SECONDS_BOUNDS[min(number, len(SECONDS_BOUNDS) - 1)]
                return lower + (upper - lower) * (rank - seen) / count
            seen += count
        return None


class Counters:
    """The periods of one process. Any thread may use it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, also the lock: after a fork, a thread of the parent may hold it."""
        self._lock = threading.Lock()
        self._periods: list[Period] = []

    def count_request(self, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            status: the status of the response; 0 if the request raised.
            seconds: the time until the response began.
        """
        with self._lock:
            period = self._get_period()
            period.statuses[status // 100 if 100 <= status < 600 else 0] += 1  # noqa: PLR2004 - HTTP
            period.durations[bisect_left(SECONDS_BOUNDS, seconds)] += 1

    def count_query(self, seconds: float) -> None:
        """Count a database query.

        Args:
            seconds: its duration.
        """
        with self._lock:
            period = self._get_period()
            period.queries += 1
            period.query_seconds += seconds

    def as_data(self) -> Sequence[Mapping[str, Any]]:
        """Return the periods of the last minute, and the current one, as data for JSON."""
        with self._lock:
            self._get_period()
            return [asdict(period) for period in self._periods]

    def _get_period(self) -> Period:
        """Return the current period, and forget those that are too old."""
        at = int(time.time() // PERIOD_SECONDS)
        if not self._periods or self._periods[-1].at != at:
            oldest = at - MINUTE_PERIODS
            kept = [each for each in self._periods if oldest <= each.at < at]
            self._periods = [*kept, Period(at)]
        return self._periods[-1]


def merge(periods: Sequence[Period]) -> Sequence[Period]:
    """Return one period for each time, with the counts of all processes, the oldest first."""
    merged: dict[int, Period] = {}
    for period in periods:
        merged.setdefault(period.at, Period(period.at)).add(period)
    return [merged[at] for at in sorted(merged)]


def get_last_minute(periods: Sequence[Period], now: float) -> Period:
    """Return the sum of the complete periods of the last minute.

    Args:
        periods: periods of any processes and times.
        now: the time: seconds since 1970.
    """
    current = int(now // PERIOD_SECONDS)
    total = Period(current)
    for period in periods:
        if current - MINUTE_PERIODS <= period.at < current:
            total.add(period)
    return total


COUNTERS = Counters()
"""Those of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTERS.reset)
