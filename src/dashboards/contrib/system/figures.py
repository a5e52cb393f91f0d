"""The component of small tables, and texts with units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.template.defaultfilters import filesizeformat

from dashboards.component import Component
from dashboards.component.formats import NOTHING, format_value


class Rows(NamedTuple):
    """The content of a small table: the first column names each row.

    Args:
        heads: the headings of the columns.
        rows: the cells of each row, as text or numbers.
        empty: the text that is shown if there are no rows.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str


@dataclass
class SmallTable(Component):
    """A table without controls, which needs no other package. Its value is ``Rows``."""

    template: str = "dashboards/system/small_table.html"


def as_milliseconds(seconds: float | None) -> str:
    """Return a duration, such as "12 ms"; a dash if it is not known."""
    if seconds is None:
        return NOTHING
    milliseconds = 1000 * seconds
    digits = 0 if milliseconds >= 10 else 1  # noqa: PLR2004 - two digits are enough
    return f"{format_value(milliseconds, digits)}\N{NO-BREAK SPACE}ms"


def as_percent(value: float | None) -> str:
    """Return a part in percent; a dash if it is not known."""
    return NOTHING if value is None else f"{format_value(value, 0)}\N{NO-BREAK SPACE}%"


def as_bytes(value: int) -> str:
    """Return a number of bytes with its unit; a dash for none."""
    return str(filesizeformat(value)) if value else NOTHING
