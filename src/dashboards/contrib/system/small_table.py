"""The component of small tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboards.component import Component


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
