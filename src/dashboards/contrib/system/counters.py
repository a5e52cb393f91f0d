"""Counts the requests and queries of this process, in short windows of the last minute.

Pure: standard library only.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

WINDOW_SECONDS = 5
"""The length of a window."""

MINUTE_WINDOWS = 60 // WINDOW_SECONDS
"""The number of complete windows that are kept."""

SECONDS_BOUNDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""The upper bounds of the buckets in which durations are counted."""

_BUCKETS = len(SECONDS_BOUNDS) + 1


@dataclass
class Window:
    """The counts of one window, of one process or of several.

    Args:
        at: the number of the window since 1970: seconds divided by ``WINDOW_SECONDS``.
        statuses: the responses by first digit of their status; index 0 for requests that raised.
        durations: the requests by duration: one bucket for each bound, and one for those beyond.
        queries: the database queries.
        query_seconds: the duration of all queries together.
    """

    at: int
    statuses: list[int] = field(default_factory=lambda: [0] * 6)
    durations: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    queries: int = 0
    query_seconds: float = 0.0

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(self.durations)

    @property
    def errors(self) -> int:
        """The number of requests that were answered with 500 or above, or that raised."""
        return self.statuses[0] + self.statuses[5]

    def add(self, other: "Window") -> None:
        """Add the counts of another window."""
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
    """The windows of one process. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: list[Window] = []

    def count_request(self, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            status: the status of the response; 0 if the request raised.
            seconds: the time until the response began.
        """
        with self._lock:
            window = self._get_window()
            window.statuses[status // 100 if 100 <= status < 600 else 0] += 1  # noqa: PLR2004 - HTTP
            window.durations[bisect_left(SECONDS_BOUNDS, seconds)] += 1

    def count_query(self, seconds: float) -> None:
        """Count a database query.

        Args:
            seconds: its duration.
        """
        with self._lock:
            window = self._get_window()
            window.queries += 1
            window.query_seconds += seconds

    def as_data(self) -> Sequence[Mapping[str, Any]]:
        """Return the windows of the last minute, and the present one, as data for JSON."""
        with self._lock:
            self._get_window()
            return [asdict(window) for window in self._windows]

    def _get_window(self) -> Window:
        """Return the present window, and forget those that are too old."""
        at = int(time.time() // WINDOW_SECONDS)
        if not self._windows or self._windows[-1].at != at:
            oldest = at - MINUTE_WINDOWS
            kept = [each for each in self._windows if oldest <= each.at < at]
            self._windows = [*kept, Window(at)]
        return self._windows[-1]


def merge(windows: Sequence[Window]) -> Sequence[Window]:
    """Return one window for each time, with the counts of all processes, the oldest first."""
    merged: dict[int, Window] = {}
    for window in windows:
        merged.setdefault(window.at, Window(window.at)).add(window)
    return [merged[at] for at in sorted(merged)]


def get_last_minute(windows: Sequence[Window], now: float) -> Window:
    """Return the sum of the complete windows of the last minute.

    Args:
        windows: windows of any processes and times.
        now: the time: seconds since 1970.
    """
    present = int(now // WINDOW_SECONDS)
    total = Window(present)
    for window in windows:
        if present - MINUTE_WINDOWS <= window.at < present:
            total.add(window)
    return total


COUNTERS = Counters()
"""Those of this process."""
