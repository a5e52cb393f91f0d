"""Counters of this process: its streams, live values, store and publishes.

``get_metrics()`` returns them, ``openmetrics()`` returns them as OpenMetrics text. Times are in
seconds. All but ``streams``, ``waiting`` and ``compute_threads`` only grow while the process runs.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

_HELP: Mapping[str, str] = {
    "streams": "Streams that are open now.",
    "opened": "Streams that were opened.",
    "reconnects": "Of the opened, those with which a client reconnected from its position.",
    "refused": "Streams not opened because all slots were taken; their pages poll.",
    "ended": "Streams that ended, by reason.",
    "writes": "Writes to streams.",
    "frames": "Frames written: events with a value, heartbeats aside.",
    "merged": "Versions that a write to a stream skipped or merged with a later one.",
    "bytes": "Bytes written.",
    "lag_seconds": "Time from a put to the write of it, of streams that were up to date.",
    "lag_max_seconds": "The longest such time.",
    "computed": "Live values computed.",
    "failed": "Live values whose function raised an error.",
    "late": "Live values that were not ready with the others of their interval.",
    "skipped": "Intervals of live values left out because the one before took too long.",
    "waiting": "Jobs of live values that wait for a thread now.",
    "compute_threads": "Threads that compute live values now.",
    "store_failures": "Outages of the store, as streams met them.",
    "published": "Messages published to GRIP proxies, by ZMQ or HTTP.",
    "publish_failures": "Publishes to a GRIP proxy that failed, and were retried.",
}
_GAUGES = {"streams", "lag_max_seconds", "waiting", "compute_threads"}
_LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

END_REASONS = ("age", "gone", "access", "stuck", "full", "shutdown", "reset", "failure")
"""Why a stream ends: its age, a disconnect, revoked access, a client that stopped reading, its slot
was needed for another owner, the server stops, the store was restored from a copy, or the store
failed while the stream was opened."""


class Metrics:
    """Counters of one process, for any thread to read."""

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
        # Set by the modules that have the numbers.
        self.count_waiting: Callable[[], int] = lambda: 0
        self.count_threads: Callable[[], int] = lambda: 0
        self.store_failures = 0
        self.published = 0
        self.publish_failures = 0

    @property
    def waiting(self) -> int:
        """The jobs of live values that wait for a thread."""
        return self.count_waiting()

    @property
    def compute_threads(self) -> int:
        """The threads that compute live values."""
        return self.count_threads()

    def count_write(
        self, size: int, frames: int, versions: int, lag: float | None, times: int = 1
    ) -> None:
        """Count a write to a stream, or the same to several.

        Args:
            size: its bytes.
            frames: how many frames it carried.
            versions: how many versions it moved the subscriber forward.
            lag: seconds from the put of the newest frame to the last write; ``None`` if the
                subscriber was not up to date before.
            times: how many streams it was written to.
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
"""Those of this process."""


def get_metrics() -> dict[str, float]:
    """Return the counters by name; ``ended_<reason>`` for each reason, ``lag_…`` in seconds."""
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
    """Return the counters as OpenMetrics 1.0 text, content type ``OPENMETRICS_TYPE``."""
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
