"""The component that shows a figure on a dial."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards.compat import accept_old_names, make_gauge_value
from dashboards.component.bands import Band, as_bands
from dashboards.component.base import Bound, Component, declaring
from dashboards.component.conversion import as_text, is_empty, shorten
from dashboards.component.formats import format_number
from dashboards.component.typography import look_of, look_of_unit, shorten_figure, unbroken
from dashboards.component.values import as_data, as_decimals, as_number
from dashboards.exceptions import ComponentValueError
from dashboards.texts import StrOrPromise

_GAP = 1
"""The gap between two bands, in percent of the arc."""


@accept_old_names(value_text="text")
@dataclass(frozen=True)
class GaugeData:
    """The value of a ``Gauge``.

    Args:
        value: the number; drawn at the end of the range if it is beyond.
        min: the range's lower end; default 0.
        max: the range's upper end, above ``min``; default 100.
        text: text to show instead of the value and its unit.
        sub_text: a line below it. An empty text keeps the place of the line, so that nothing moves
            when it comes and goes; ``None`` does not.
        bands: parts of the range that have a meaning, from low to high: ``Band``, or dicts of its
            fields.
        unit: what stands after the value, such as ``"°C"``.
        decimals: digits after the point; by default as many as the value has, up to two.

    Defaults of all but ``value`` and the texts are those that the ``Gauge`` declares.
    """

    value: float = 0
    min: float | None = None
    max: float | None = None
    text: StrOrPromise = ""
    sub_text: StrOrPromise | None = None
    bands: Sequence[Any] = ()
    unit: StrOrPromise = ""
    decimals: int | None = None

    @property
    def low(self) -> float:
        """The range's lower end."""
        return 0 if self.min is None else self.min

    @property
    def high(self) -> float:
        """The range's upper end."""
        return 100 if self.max is None else self.max

    @property
    def percent(self) -> float:
        """The position of the value in the range, from 0 to 100."""
        return self._percent(self.value)

    @property
    def figure(self) -> str:
        """The value as text in the locale that is active when it is shown."""
        return format_number(self.value, self.decimals)

    @property
    def short(self) -> str:
        """The value as text that fits into the dial."""
        return shorten_figure(self.value, self.decimals)

    @property
    def full(self) -> str:
        """The whole value and its unit, if ``short`` is short for it."""
        is_short = not self.text and self.short != self.figure
        return f"{self.figure}\xa0{self.unit}".strip() if is_short else ""

    @property
    def look(self) -> str:
        """The CSS classes of its text or figure, by kind and length."""
        if self.text:
            return look_of(self.text, in_dial=True)
        return look_of(self.short, "" if self.unit_look else str(self.unit))

    @property
    def unit_look(self) -> str:
        """The CSS class of its unit, by its length."""
        return look_of_unit(self.short, str(self.unit))

    @property
    def words(self) -> Any:
        """The text, with no line break within a number."""
        return unbroken(self.text)

    @property
    def label(self) -> str:
        """The value and its meaning in words."""
        text = str(self.text) or f"{self.figure} {self.unit}".strip()
        band = self.band
        return f"{text}, {band.word}" if band and band.word else text

    @property
    def ends(self) -> tuple[str, str] | None:
        """The ends of the range in the active locale; ``None`` if they are 0 and 100."""
        if (self.low, self.high) == (0, 100):
            return None
        return shorten_figure(self.low), shorten_figure(self.high)

    @property
    def band(self) -> Band | None:
        """The band that the value is in; for a value beyond the range, the nearest end's."""
        value = min(max(self.value, self.low), self.high)
        # At the border of two bands the value belongs to the upper one.
        found = [band for band in self.bands if band.start <= value <= band.end]
        return found[-1] if found else None

    @property
    def has_words(self) -> bool:
        """True if a band has a word: the line keeps its place while the value is in another one."""
        return any(band.word for band in self.bands)

    @property
    def band_ends(self) -> tuple[str, str] | None:
        """The ends of the band that the value is in, in the active locale."""
        band = self.band
        if band is None or band.start is None or band.end is None:
            return None
        return shorten_figure(band.start), shorten_figure(band.end)

    @property
    def arcs(self) -> Sequence[tuple[str, float, float]]:
        """The level of each band, its start and its length, in percent of the arc.

        Two adjacent bands have a gap between them, for viewers who cannot distinguish their
        colours.
        """
        arcs = []
        for band in self.bands:
            start, end = self._percent(band.start), self._percent(band.end)
            gap = _GAP if end < 100 else 0  # noqa: PLR2004
            arcs.append((band.level, start, max(end - start - gap, 0)))
        return arcs

    def _percent(self, number: float) -> float:
        return min(max(100 * (number - self.low) / (self.high - self.low), 0), 100)


GaugeValue = make_gauge_value(GaugeData)


@dataclass
class Gauge(Component):
    """A dial. Its value is a ``GaugeData``, a dict of its fields, or a number.

    Args:
        min: the range's lower end; default 0.
        max: the range's upper end, above ``min``; default 100.
        bands: parts of the range that have a meaning, from low to high: ``Band``, or dicts of its
            fields, such as ``{"start": 80, "level": "critical", "text": "Too hot"}``.
        unit: what stands after the value, such as ``"°C"``.
        decimals: digits after the point; by default as many as the value has, up to two.

    Fields of a value replace these.
    """

    template: str = "dashboards/components/gauge.html"
    min: float | None = None
    max: float | None = None
    bands: Sequence[Any] = ()
    unit: StrOrPromise = ""
    decimals: int | None = None

    def __post_init__(self) -> None:
        """Check the range and the bands.

        Raises:
            DeclarationError: the range is empty, or the bands do not lie within it.
        """
        with declaring(self, f"min={self.min!r}, max={self.max!r}, …"):
            Gauge.prepare_value(self, 0)  # A subclass may accept other values than numbers.

    def prepare_value(self, value: Any, bound: Bound | None = None) -> GaugeData | None:  # noqa: ARG002 - for subclasses
        """Return a ``GaugeData``; ``None`` if there is no value yet."""
        if value is None:
            return None
        data = as_data("Gauge", GaugeData, value, short="value")
        low = _first(data.min, self.min, 0)
        high = _first(data.max, self.max, 100)
        data = replace(
            data,
            value=as_number("Gauge", "value", data.value),
            min=as_number("Gauge", "min", low),
            max=as_number("Gauge", "max", high),
            text=as_text("Gauge", "text", data.text),
            sub_text=as_text("Gauge", "sub_text", data.sub_text),
            unit=as_text("Gauge", "unit", data.unit) or self.unit,
            decimals=as_decimals("Gauge", _first(data.decimals, self.decimals)),
        )
        bands = self.bands if is_empty(data.bands) else data.bands
        # The difference of two finite floats may be infinite.
        if as_number("Gauge", "range", data.high - data.low) <= 0:
            msg = f"A Gauge's max must be above its min, got {shorten(low)} to {shorten(high)}."
            raise ComponentValueError(msg)
        return replace(data, bands=as_bands("Gauge", bands, data.low, data.high))


def _first(*values: Any) -> Any:
    """Return the first value that is not ``None``."""
    return next((value for value in values if value is not None), None)
