"""Values about requests, queries, processes and hosts."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from dashboards.component.formats import NOTHING, format_duration, format_value
from dashboards.contrib.system.counters import (
    MINUTE_PERIODS,
    PERIOD_SECONDS,
    Period,
    get_last_minute,
    merge,
)
from dashboards.contrib.system.processes import read_processes
from dashboards.contrib.system.small_table import Rows
from dashboards.contrib.system.units import as_bytes, as_milliseconds, as_percent
from dashboards.texts import StrOrPromise

_RAISED = gettext_lazy("raised")
_STATUSES = (_RAISED, "1xx", "2xx", "3xx", "4xx", "5xx")
MAX_POINTS = 120
"""The points of a chart: ten minutes."""


def _read_periods() -> Sequence[Period]:
    return [period for process in read_processes() for period in process.periods]


def _get_minute() -> Period:
    return get_last_minute(_read_periods(), time.time())


def request_rate() -> Mapping[str, Any]:
    """Return the rate of requests in the last minute."""
    minute = _get_minute()
    return {
        "text": _as_rate(minute.requests),
        "sub_text": gettext("%(count)s in the last minute")
        % {"count": format_value(minute.requests)},
    }


def latency() -> Mapping[str, Any]:
    """Return the median duration of requests in the last minute, and two more percentiles."""
    minute = _get_minute()
    high, highest = (as_milliseconds(minute.get_percentile(each)) for each in (95, 99))
    return {
        "text": as_milliseconds(minute.get_percentile(50)),
        "sub_text": gettext("median; 95 %% within %(high)s, 99 %% within %(highest)s")
        % {"high": high, "highest": highest},
    }


def errors() -> Mapping[str, Any]:
    """Return the requests that were answered with 500 or above, or raised, in the last minute."""
    minute = _get_minute()
    answered = ", ".join(
        f"{count} \N{MULTIPLICATION SIGN} {name}"
        for name, count in zip(_STATUSES, minute.statuses, strict=True)
        if count
    )
    return {
        "text": minute.errors,
        "sub_text": answered or gettext("no requests"),
    }


def queries() -> Mapping[str, Any]:
    """Return the rate of database queries in the last minute."""
    minute = _get_minute()
    mean = minute.query_seconds / minute.queries if minute.queries else None
    each = minute.queries / minute.requests if minute.requests else None
    per_request = NOTHING if each is None else format_value(each, 1)
    return {
        "text": _as_rate(minute.queries),
        "sub_text": gettext("%(time)s each, %(count)s a request")
        % {"time": as_milliseconds(mean), "count": per_request},
    }


def _as_rate(count: int) -> str:
    """Return a count of one minute as a rate, such as "2.5/s"."""
    return f"{format_value(count / 60, 1)}/s"


def get_rate(period: Period) -> float:
    """Return the requests a second in a period."""
    return round(period.requests / PERIOD_SECONDS, 2)


def get_error_rate(period: Period) -> float:
    """Return the failed requests a second in a period."""
    return round(period.errors / PERIOD_SECONDS, 2)


def get_median(period: Period) -> float | None:
    """Return the milliseconds within which half of the requests of a period were answered."""
    return _as_milliseconds(period.get_percentile(50))


def get_slow(period: Period) -> float | None:
    """Return the milliseconds within which 95 % of the requests of a period were answered."""
    return _as_milliseconds(period.get_percentile(95))


def _as_milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


class NewPoints:
    """The points that this process has not sent to a chart yet: one for each period that ended.

    Args:
        *measures: by line, a function of a period.
    """

    def __init__(self, *measures: Callable[[Period], float | None]) -> None:
        self._measures = measures
        self._last: dict[str, int] = {}

    def take(self, channel: str) -> Sequence[Sequence[Any]]:
        """Return the new points for the chart on a channel: for each period, one for each line.

        The first call of a process returns as many points as the chart keeps, which replace all
        points before: another process may have sent some of them.
        """
        current = int(time.time() // PERIOD_SECONDS)
        by_time = {each.at: each for each in merge(_read_periods())}
        # Processes publish a period after it has ended.
        newest, oldest = current - 2, current - MINUTE_PERIODS
        last = self._last.get(channel, 0)
        is_known = last >= oldest
        first = last + 1 if is_known else oldest
        # Channels of users who are gone are forgotten.
        kept = {name: at for name, at in self._last.items() if at >= oldest}
        self._last = {**kept, channel: max(newest, last)}
        points = [self._describe(by_time.get(at, Period(at))) for at in range(first, newest + 1)]
        if is_known:
            return points
        blank: list[Any] = [None] * len(self._measures)
        return [*[blank] * (MAX_POINTS - len(points)), *points]

    def _describe(self, period: Period) -> Sequence[Mapping[str, Any]]:
        at = datetime.fromtimestamp(period.at * PERIOD_SECONDS, UTC)
        return [{"x": at, "y": measure(period)} for measure in self._measures]


RATES = NewPoints(get_rate, get_error_rate)
LATENCIES = NewPoints(get_median, get_slow)


def make_figure(*names: StrOrPromise, suffix: str) -> Mapping[str, Any]:
    """Return a figure with a line for each name.

    Args:
        *names: the names of the lines.
        suffix: the unit at the ticks of the axis.
    """
    return {
        "data": [{"type": "scatter", "mode": "lines", "name": name} for name in names],
        "layout": {
            "hovermode": "x unified",
            "xaxis": {"type": "date", "showgrid": False, "tickangle": 0},
            "yaxis": {"rangemode": "tozero", "ticksuffix": suffix, "nticks": 4},
        },
    }


def processes() -> Rows:
    """Return the processes that answered requests lately."""
    now = time.time()
    rows = []
    for each in read_processes():
        minute = get_last_minute(each.periods, now)
        rows.append(
            (
                f"{each.host} {each.pid}",
                minute.requests,
                as_milliseconds(minute.get_percentile(95)),
                as_bytes(each.memory),
                each.threads,
                format_duration(now - each.started),
            )
        )
    heads = (
        *(gettext("Process"), gettext("Requests"), gettext("95 % within")),
        *(gettext("Memory"), gettext("Threads"), gettext("Age")),
    )
    return Rows(heads, rows, gettext("No process answers requests."))


def hosts() -> Rows:
    """Return the hosts of these processes."""
    figures = {each.host: each.host_figures for each in read_processes()}
    rows = [
        (
            host,
            as_percent(each.get("processor")),
            as_percent(each.get("memory")),
            as_percent(each.get("disk")),
            format_value(each["load"], 2) if "load" in each else NOTHING,
        )
        for host, each in figures.items()
    ]
    heads = (
        *(gettext("Host"), gettext("Processor"), gettext("Memory")),
        *(gettext("Disk"), gettext("Load")),
    )
    return Rows(heads, rows, gettext("No process answers requests."))
