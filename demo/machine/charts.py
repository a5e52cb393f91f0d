"""The last minutes as figures. Colours and type are the page's: see ``chart.js``."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from demo.machine.sampler import MINUTES, Sample, sampler

Figure = dict[str, Any]

# One line a core stays readable up to here.
_MOST_LINES = 8


def processor() -> Figure:
    history = sampler.history()
    cores = len(history[-1].cores)
    if cores <= _MOST_LINES:
        lines = {
            f"Core {number + 1}": [sample.cores[number] for sample in history]
            for number in range(cores)
        }
    else:
        lines = {
            "Busiest core": [max(sample.cores) for sample in history],
            f"All {cores} cores": [sample.processor for sample in history],
            "Idlest core": [min(sample.cores) for sample in history],
        }
    return _figure(history, lines, {"range": [0, 101], "ticksuffix": " %", "dtick": 25})


def memory() -> Figure:
    history = sampler.history()
    lines = {"Memory": [100 * each.memory_used / each.memory_total for each in history]}
    if history[-1].swap_total:
        lines["Swap"] = [100 * each.swap_used / max(each.swap_total, 1) for each in history]
    return _figure(history, lines, {"range": [0, 101], "ticksuffix": " %", "dtick": 50})


def network() -> Figure:
    return _rates({"In": lambda each: each.received, "Out": lambda each: each.sent})


def disk() -> Figure:
    return _rates({"Read": lambda each: each.read, "Written": lambda each: each.written})


def _rates(measures: Mapping[str, Callable[[Sample], float]]) -> Figure:
    history = sampler.history()
    lines = {name: [measure(each) for each in history] for name, measure in measures.items()}
    # Never below 1 kB/s: noise on an idle line should look idle.
    top = max(1000, *(max(line) for line in lines.values()))
    axis = {"range": [0, top * 1.08], "tickformat": "~s", "ticksuffix": "B/s", "nticks": 4}
    return _figure(history, lines, axis)


def _figure(
    history: Sequence[Sample], lines: Mapping[str, Sequence[float]], axis: Mapping[str, Any]
) -> Figure:
    # Seconds before the newest sample: such a window moves by itself, in every time zone.
    seconds = [round(sample.time - history[-1].time, 1) for sample in history]
    # It grows with what there is to show: a server that has just started shows its first minute.
    minutes = min(max(ceil(-seconds[0] / 60), 1), MINUTES)
    ticks = {-60 * each: f"{each} min" for each in range(minutes, 0, -1)}
    if minutes == 1:
        ticks |= {-45: "45 s", -30: "30 s", -15: "15 s"}
    ticks[0] = "now"
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": seconds,
                "y": [round(value, 1) for value in values],
                "line": {"width": 2 if len(lines) <= 4 else 1.25},
                "hovertemplate": "%{y:.3~s}" if "tickformat" in axis else "%{y:.0f}",
            }
            for name, values in lines.items()
        ],
        "layout": {
            "hovermode": "x unified",
            "showlegend": True,
            "legend": {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container"},
            # Fixed, so that the plot does not shift when a label grows by a digit.
            "margin": {"l": 62, "r": 18, "t": 26, "b": 24},
            "xaxis": {
                "automargin": False,
                "range": [-60 * minutes, 0],
                "tickvals": list(ticks),
                "ticktext": list(ticks.values()),
                "tickangle": 0,
                "unifiedhovertitle": {"text": "%{x:.0f} s"},
                "showgrid": False,
                "showspikes": False,
                "zeroline": False,
            },
            "yaxis": {"automargin": False, "zeroline": False, **axis},
        },
        "config": {"displayModeBar": False},
    }
