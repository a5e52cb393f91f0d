"""One figure within its range."""

from dataclasses import dataclass
from typing import Any

from dashboards.component.base import Component, as_data, as_number
from dashboards.exceptions import ComponentValueError


@dataclass(frozen=True)
class GaugeData:
    """What a ``Gauge`` shows.

    Args:
        value: where the needle stands; drawn within the range.
        min: the range's lower end; default 0.
        max: the range's upper end, above ``min``; default 100.
        text: the figure in words; by default the value.
        sub_text: a line below it.
    """

    value: float = 0
    min: float = 0
    max: float = 100
    text: str = ""
    sub_text: str = ""

    @property
    def percent(self) -> float:
        """Where the value stands in the range, from 0 to 100."""
        return min(max(100 * (self.value - self.min) / (self.max - self.min), 0), 100)


@dataclass
class Gauge(Component):
    """A dial. Its value is a ``GaugeData``, a dict of its fields, or a number from 0 to 100."""

    template: str = "dashboards/components/gauge.html"

    def prepare_value(self, value: Any) -> GaugeData | None:
        """Return a ``GaugeData``, or ``None`` where there is no value yet."""
        if value is None:
            return None
        data = as_data("Gauge", GaugeData, value, short="value")
        number, low, high = (
            as_number("Gauge", field, getattr(data, field)) for field in ("value", "min", "max")
        )
        if high <= low:
            msg = f"A Gauge's max must be above its min, got {data.min!r} to {data.max!r}."
            raise ComponentValueError(msg)
        return GaugeData(number, low, high, data.text, data.sub_text)
