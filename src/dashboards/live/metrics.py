"""What this process has done for its streams, in plain numbers.

``get_metrics()`` returns them, ``openmetrics()`` writes them as OpenMetrics text. Times are in
seconds. All but ``streams``, ``waiting`` and ``compute_threads`` only grow while the process lives.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

_HELP: Mapping[str, str] = {
    "streams": "Streams held open now.",
    "opened": "Streams that were held.",
    "reconnects": "Of the opened, those that a client took up again with its position.",
    "refused": "Streams not held because there was no place; their pages poll.",
    "ended": "Streams that ended, by reason.",
    "writes": "Writes to streams.",
    "frames": "Frames written: events with a value, heartbeats aside.",
    "merged": "Versions that a write to a stream skipped or put together with a later one.",
    "bytes": "Bytes written.",
    "lag_seconds": "Time from a put to the write of it, of streams that were up to date.",
    "lag_max_seconds": "The longest such time.",
    "computed": "Live values computed.",
    "failed": "Live values whose computing raised.",
    "late": "Live values that were not ready in time and came alone.",
    "skipped": "Turns of live values left out because the one before took too long.",
    "waiting": "Jobs of live values that wait for a thread now.",
    "compute_threads": "Threads that compute live values now.",
    "store_failures": "Times that the store began not to answer.",
    "published": "Messages that GRIP proxies were told, by ZMQ or HTTP.",
    "publish_failures": "Attempts to tell a GRIP proxy that failed, each to be repeated.",
}
_GAUGES = {"streams", "lag_max_seconds", "waiting", "compute_threads"}
_LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

END_REASONS = ("age", "gone", "access", "stuck", "full", "shutdown", "reset", "failure")
"""Why a stream ends: it was of age, the client went, access may have changed, the client stopped
reading, it made room for somebody who holds less, the server stops, the store was set back, or the
store failed while it was opened."""


class Metrics:
    """Counts of one process, read from anywhere."""

    def __init__(self) -> None:
        self.streams = 0
        self.opened = 0
        self.reconnects = 0
        self.refused = 0
        self.ended: Counter[str] = Counter()
        self.writes = 0
        self.frames = 0
        self.merged = 0
        self.bytes = 0
        self.lag_sum = 0.0
        self.lag_max_seconds = 0.0
        self.lag_counts = [0] * (len(_LAG_BOUNDS) + 1)
        self.computed = 0
        self.failed = 0
        self.late = 0
        self.skipped = 0
        # Set by the modules that know.
        self.count_waiting: Callable[[], int] = lambda: 0
        self.count_threads: Callable[[], int] = lambda: 0
        self.store_failures = 0
        self.published = 0
        self.publish_failures = 0

    @property
    def waiting(self) -> int:
        """Jobs of live values that wait for a thread."""
        return self.count_waiting()

    @property
    def compute_threads(self) -> int:
        """Threads that compute live values."""
        return self.count_threads()

    def wrote(
        self, size: int, frames: int, versions: int, lag: float | None, times: int = 1
    ) -> None:
        """Count a write to a stream, or the same to several.

        Args:
            size: its bytes.
            frames: how many frames it carried.
            versions: how many versions it moved its reader on.
            lag: seconds from the put of the newest to the last of the writes; ``None`` where that
                says nothing.
            times: to how many.
        """
        self.writes += times
        self.bytes += times * size
        self.frames += times * frames
        self.merged += times * max(0, versions - 1)
        if lag is not None and times:
            self.lag_sum += times * lag
            self.lag_max_seconds = max(self.lag_max_seconds, lag)
            self.lag_counts[bisect_left(_LAG_BOUNDS, lag)] += times


METRICS = Metrics()
"""This process's."""


def get_metrics() -> dict[str, float]:
    """Return the numbers by name; ``ended_<reason>`` for each reason, ``lag_…`` in seconds."""
    lags = sum(METRICS.lag_counts)
    return {
        **{
            name: getattr(METRICS, name)
            for name in _HELP
            if hasattr(METRICS, name) and name != "ended"
        },
        **{f"ended_{reason}": METRICS.ended[reason] for reason in END_REASONS},
        "lag_count": lags,
        "lag_mean_seconds": METRICS.lag_sum / lags if lags else 0.0,
    }


def openmetrics() -> str:
    """Return the numbers as OpenMetrics 1.0 text, content type ``OPENMETRICS_TYPE``."""
    return "\n".join(_lines()) + "\n"


OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def _lines() -> Iterator[str]:
    numbers = get_metrics()
    for name, text in _HELP.items():
        full = f"dashboards_{name}"
        kind = "gauge" if name in _GAUGES else "histogram" if name == "lag_seconds" else "counter"
        yield f"# TYPE {full} {kind}"
        yield f"# HELP {full} {text}"
        if kind == "gauge":
            yield f"{full} {numbers[name]}"
        elif kind == "histogram":
            count = 0
            for bound, its in zip((*_LAG_BOUNDS, "+Inf"), METRICS.lag_counts, strict=True):
                count += its
                yield f'{full}_bucket{{le="{bound}"}} {count}'
            yield f"{full}_count {count}"
            yield f"{full}_sum {METRICS.lag_sum}"
        elif name == "ended":
            for reason in END_REASONS:
                yield f'{full}_total{{reason="{reason}"}} {numbers[f"ended_{reason}"]}'
        else:
            yield f"{full}_total {numbers[name]}"
    yield "# EOF"
