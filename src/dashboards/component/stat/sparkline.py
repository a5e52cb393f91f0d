"""Sparklines: small line charts, drawn as SVG on the server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext

from dashboards.component.conversion import is_missing, shorten
from dashboards.component.formats import format_number, is_finite, is_number
from dashboards.component.values import as_number
from dashboards.exceptions import ComponentValueError

WIDTH, HEIGHT = 100, 30
_EDGE = 2  # Room for half of the line's thickness.
_MAX_POINTS = 200
"""A line has about as many pixels: a longer series is thinned."""


@dataclass(frozen=True)
class Sparkline:
    """A series as the paths of an SVG.

    Args:
        values: its numbers, at least one of them known; ``None`` is a gap.
    """

    values: tuple[float | None, ...]

    @property
    def known(self) -> Sequence[float]:
        """Its numbers without the gaps."""
        return [value for value in self.values if value is not None]

    @property
    def line(self) -> str:
        """The line, as the ``d`` of a ``<path>``."""
        return " ".join(f"M{'L'.join(run)}" for run in self._runs if len(run) > 1)

    @property
    def area(self) -> str:
        """The area below the line, as the ``d`` of a ``<path>``."""
        return " ".join(
            f"M{_x(run[0])},{HEIGHT}L{'L'.join(run)}L{_x(run[-1])},{HEIGHT}Z"
            for run in self._runs
            if len(run) > 1
        )

    @property
    def dots(self) -> Sequence[tuple[str, str]]:
        """The dot at the end of the line, as ``x`` and ``y`` in percent.

        A number between two gaps is a dot, too: a line of one point would not be visible. Dots are
        placed outside of the paths' SVG, which is stretched: a circle in it would be an ellipse.
        """
        runs = self._runs
        dots = [run[0] for run in runs if len(run) == 1]
        if self.values[-1] is not None and len(runs[-1]) > 1:
            dots.append(runs[-1][-1])
        places = (dot.split(",") for dot in dots)
        return [
            (f"{100 * float(x) / WIDTH:.4g}", f"{100 * float(y) / HEIGHT:.4g}") for x, y in places
        ]

    @property
    def data(self) -> str:
        """Its newest numbers in JSON, for the table of its box."""
        return json.dumps(self.values[-_MAX_POINTS:])

    @property
    def label(self) -> str:
        """A description of the series in words."""
        known = self.known
        return gettext("Course: from %(first)s to %(last)s, lowest %(low)s, highest %(high)s") % {
            "first": format_number(known[0]),
            "last": format_number(known[-1]),
            "low": format_number(min(known)),
            "high": format_number(max(known)),
        }

    @cached_property
    def _runs(self) -> Sequence[Sequence[str]]:
        """The points between two gaps, each as ``x,y``."""
        low, high = min(self.known), max(self.known)
        last = len(self.values) - 1
        runs: list[list[str]] = [[]]
        for index, value in _thin(self.values):
            if value is None:
                runs.append([])
                continue
            # Halves, because the difference of two finite floats may be infinite.
            span = high / 2 - low / 2
            part = (value / 2 - low / 2) / span if span else 0.5
            x = WIDTH * index / last if last else WIDTH / 2
            runs[-1].append(f"{x:.4g},{HEIGHT - _EDGE - part * (HEIGHT - 2 * _EDGE):.4g}")
        return [run for run in runs if run]


def _x(point: str) -> str:
    return point.partition(",")[0]


def _thin(values: Sequence[float | None]) -> Iterator[tuple[int, float | None]]:
    """Yield index and value; of a long series the lowest and the highest value of each part."""
    if len(values) <= _MAX_POINTS:
        yield from enumerate(values)
        return
    parts = _MAX_POINTS // 2
    for start, end in pairwise(len(values) * part // parts for part in range(parts + 1)):
        known = [
            (index, value) for index in range(start, end) if (value := values[index]) is not None
        ]
        if not known:
            yield start, None
            continue
        extremes = {min(known, key=lambda each: each[1]), max(known, key=lambda each: each[1])}
        # The first and the last point of the series are kept.
        extremes |= {known[0]} if start == 0 else set()
        extremes |= {known[-1]} if end == len(values) else set()
        yield from sorted(extremes)
        if end == len(values) and values[-1] is None:
            yield end - 1, None


_UNORDERED = (str, bytes, Mapping, set, frozenset)


def as_sparkline(values: Any) -> Sparkline | None:
    """Return a series as a sparkline; ``None`` if it contains no number.

    Raises:
        ComponentValueError: it is not a series, or contains something other than numbers.
    """
    if values is None or isinstance(values, Sparkline):
        return values
    try:
        points = None if isinstance(values, _UNORDERED) else list(values)
    except TypeError:
        points = None
    if points is None:
        msg = f"A Stat's sparkline must be a list of numbers, got {shorten(values)}."
        raise ComponentValueError(msg)
    numbers = tuple(map(_as_point, points))
    return Sparkline(numbers) if any(number is not None for number in numbers) else None


def _as_point(value: Any) -> float | None:
    if is_missing(value) or (is_number(value) and not is_finite(value)):
        return None
    return as_number("Stat", "sparkline", value)
