"""The last minutes as growing lines. Colours and fonts are those of the page: see ``chart.js``."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from dashboards.component import Chart
from dashboards.live import Every
from demo.machine.sampler import MINUTES, SECONDS, Sample, sampler

Measures = Mapping[str, Callable[[Sample], float]]
# The value of each line at one time; None for a line without a value.
Moment = Sequence[dict[str, Any] | None]

WINDOW = MINUTES * 60 // SECONDS
# A server that has just started shows its first minute, not five minutes that are mostly empty.
_LEAST_SECONDS = 60
# Up to this number, one line for each core is readable.
_MOST_LINES = 8


class News:
    """The value of a chart: the samples since its previous call.

    Who was not asked for the turn before does not know what is shown: another process computed
    it, nobody was watching, or the server was restarted. Then it returns as many moments as
    the chart keeps, which take the place of all that was there.
    """

    def __init__(self, measures: Measures) -> None:
        self._measures = measures.values()
        self._until = float("-inf")

    def __call__(self) -> list[Moment]:
        history = sampler.history()
        now = history[-1].time
        is_known = now - self._until < 1.5 * SECONDS
        known, self._until = self._until, now
        if is_known:
            return [self._moment(sample) for sample in history if sample.time > known]
        newest = history[-WINDOW + 1 :]
        # Without values: it only sets the start of the axis.
        x = _clock(min(newest[0].time, now - _LEAST_SECONDS))
        begin: Moment = [{"x": x, "y": None} for _ in self._measures]
        nothing: list[Moment] = [[None]] * (WINDOW - 1 - len(newest))
        return [*nothing, begin, *map(self._moment, newest)]

    def _moment(self, sample: Sample) -> Moment:
        x = _clock(sample.time)
        return [{"x": x, "y": round(measure(sample), 1)} for measure in self._measures]


def processor(**kwargs: Any) -> Chart:
    cores = psutil.cpu_count() or 1
    lines: Measures
    if cores <= _MOST_LINES:
        lines = {f"Core {number + 1}": _core(number) for number in range(cores)}
    else:
        lines = {
            "Busiest core": lambda sample: max(sample.cores),
            f"All {cores} cores": lambda sample: sample.processor,
            "Idlest core": lambda sample: min(sample.cores),
        }
    return _chart(lines, {"range": [0, 101], "dtick": 25}, unit="%", **kwargs)


def memory(**kwargs: Any) -> Chart:
    lines: dict[str, Callable[[Sample], float]] = {
        "Memory": lambda sample: 100 * sample.memory_used / sample.memory_total
    }
    if psutil.swap_memory().total:
        lines["Swap"] = lambda sample: 100 * sample.swap_used / max(sample.swap_total, 1)
    return _chart(lines, {"range": [0, 101], "dtick": 50}, unit="%", **kwargs)


def network(**kwargs: Any) -> Chart:
    lines = {"In": lambda sample: sample.received, "Out": lambda sample: sample.sent}
    return _chart(lines, _RATES, unit="B/s", **kwargs)


def disk(**kwargs: Any) -> Chart:
    lines = {"Read": lambda sample: sample.read, "Written": lambda sample: sample.written}
    return _chart(lines, _RATES, unit="B/s", **kwargs)


_RATES = {
    "rangemode": "tozero",
    # At least 1 kB/s, so that noise on an idle line looks small.
    "autorangeoptions": {"include": [0, 1000]},
    "nticks": 4,
}


def _core(number: int) -> Callable[[Sample], float]:
    return lambda sample: sample.cores[number]


def _machine_zone() -> tzinfo:
    """Return the time zone of this machine; that of the process is set by Django's settings."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except OSError:
        return UTC


_ZONE = _machine_zone()


def _clock(moment: float) -> str:
    """Return a time without a zone, which plotly.js shows unchanged, wherever the viewer is."""
    at = datetime.fromtimestamp(moment, _ZONE)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _chart(lines: Measures, axis: Mapping[str, Any], **kwargs: Any) -> Chart:
    return Chart(
        value=News(lines),
        live=Every(SECONDS),
        max_points=WINDOW,
        figure=_figure(lines, axis),
        **kwargs,
    )


def _figure(lines: Measures, axis: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                **({} if len(lines) <= 4 else {"line": {"width": 1.25}}),
            }
            for name in lines
        ],
        "layout": {
            "hovermode": "x unified",
            "xaxis": {
                "type": "date",
                "tickformatstops": [
                    {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
                    {"dtickrange": [60_000, None], "value": "%H:%M"},
                ],
                "tickangle": 0,
                "unifiedhovertitle": {"text": "%{x|%H:%M:%S}"},
                "showgrid": False,
                "showspikes": False,
                "zeroline": False,
            },
            "yaxis": {"zeroline": False, **axis},
        },
        "config": {"displayModeBar": False},
    }
