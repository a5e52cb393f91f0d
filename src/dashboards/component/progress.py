"""How far something is."""

from dataclasses import dataclass
from typing import Any

from dashboards.component.base import Component, as_data, as_number
from dashboards.exceptions import ComponentValueError


@dataclass(frozen=True)
class ProgressData:
    """What a ``Progress`` shows.

    Args:
        value: how far it is, from 0 to ``max``.
        max: the end, above 0; default 100.
        text: a line below the bar.
    """

    value: float = 0
    max: float = 100
    text: str = ""

    @property
    def percent(self) -> float:
        """The part that is done, from 0 to 100."""
        return min(max(100 * self.value / self.max, 0), 100)


@dataclass
class Progress(Component):
    """A bar. Its value is a ``ProgressData``, a dict of its fields, or a number from 0 to 100."""

    template: str = "dashboards/components/progress.html"

    def prepare_value(self, value: Any) -> ProgressData | None:
        """Return a ``ProgressData``, or ``None`` where there is no value yet."""
        if value is None:
            return None
        data = as_data("Progress", ProgressData, value, short="value")
        number = as_number("Progress", "value", data.value)
        end = as_number("Progress", "max", data.max)
        if end <= 0:
            msg = f"A Progress's max must be above 0, got {data.max!r}."
            raise ComponentValueError(msg)
        return ProgressData(number, end, data.text)
