"""One figure."""

from dataclasses import dataclass
from typing import Any

from dashboards.component.base import Component, as_data


@dataclass(frozen=True)
class StatData:
    """What a ``Stat`` shows.

    Args:
        text: the figure, a number or text.
        sub_text: a line below it.
    """

    text: Any = ""
    sub_text: Any = ""


@dataclass
class Stat(Component):
    """A figure in large type. Its value is a ``StatData``, a dict of its fields, or the figure."""

    template: str = "dashboards/components/stat.html"

    def prepare_value(self, value: Any) -> StatData | None:
        """Return a ``StatData``, or ``None`` where there is no value yet."""
        return None if value is None else as_data("Stat", StatData, value, short="text")
