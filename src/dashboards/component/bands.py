"""Parts of a range that have a meaning, such as "too hot"; of gauges and of charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any

from django.utils.translation import gettext_lazy

from dashboards.component.conversion import as_text, shorten
from dashboards.component.values import as_data, as_number
from dashboards.exceptions import ComponentValueError
from dashboards.texts import StrOrPromise

_LEVELS: Mapping[str, Any] = {
    "good": gettext_lazy("Good"),
    "warning": gettext_lazy("Warning"),
    "critical": gettext_lazy("Critical"),
    "neutral": "",
}


@dataclass(frozen=True)
class Band:
    """A part of a range that has a meaning.

    Args:
        start: its lower end; by default the end of the band before it, or of the range.
        end: its upper end; by default the start of the band after it, or the end of the range.
        level: its meaning: ``"good"``, ``"warning"``, ``"critical"`` or ``"neutral"``.
        text: the meaning in words; by default the level's name.
    """

    start: float | None = None
    end: float | None = None
    level: str = "neutral"
    text: StrOrPromise = ""

    @property
    def word(self) -> str:
        """Its meaning in words."""
        return str(self.text or _LEVELS[self.level])


def as_bands(kind: str, bands: Any, low: float = -inf, high: float = inf) -> Sequence[Band]:
    """Return bands with both ends.

    Args:
        kind: the component's name, for the error.
        bands: ``Band``, or dicts of its fields, from low to high.
        low: the lower end of the range; by default it has none.
        high: the upper end of the range; by default it has none.

    Raises:
        ComponentValueError: they are not bands, or do not lie one above the other within the
            range.
    """
    if isinstance(bands, str | bytes | Mapping) or not isinstance(bands, Sequence):
        msg = f"A {kind}'s bands must be a list of Band or of dicts, got {shorten(bands)}."
        raise ComponentValueError(msg)
    what = f"{kind}'s band"
    bands = [as_data(what, Band, each, short="end") for each in bands]

    def as_end(field: str, value: Any, default: Any) -> float:
        value = default if value is None else value
        is_end = isinstance(value, float) and value in (low, high)  # Infinite by default.
        return value if is_end else as_number(what, field, value)

    # Each begins where the one before it ends, and ends where the one after it begins.
    starts = [low, *(each.end for each in bands)]
    ends = [*(each.start for each in bands[1:]), high]
    bands = [
        replace(
            band,
            start=as_end("start", band.start, start),
            end=as_end("end", band.end, end),
            text=as_text(what, "text", band.text),
        )
        for band, start, end in zip(bands, starts, ends, strict=False)
    ]
    for band in bands:
        level: object = band.level  # It may be any value, even one that is not hashable.
        if not (isinstance(level, str) and level in _LEVELS):
            msg = f"A {what} must have a level of {', '.join(_LEVELS)}, got {shorten(level)}."
            raise ComponentValueError(msg)
    edges: list[Any] = [low, *(edge for band in bands for edge in (band.start, band.end)), high]
    if any(one > other for one, other in pairwise(edges)) or any(
        band.start == band.end for band in bands
    ):
        ranges = ", ".join(f"{band.start:g} to {band.end:g}" for band in bands)
        within = "" if low == -inf else f" within {low:g} to {high:g}"
        msg = f"A {kind}'s bands must lie one above the other{within}, got {ranges}."
        raise ComponentValueError(msg)
    return tuple(bands)
