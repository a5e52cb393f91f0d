"""The viewer's choices for a table, read from the query string: order, search, page and size."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.utils.datastructures import MultiValueDict

PARAMS = ("sort", "search", "page", "size")
"""The parameters that change a table; in URLs each has the prefix ``<key>-``."""

EXPORT = "export"

_MAX_SEARCH = 200
_MAX_SORT = 300
_MAX_ORDER = 3
_MAX_PAGE_DIGITS = 9
_MAX_LENGTHS = {"sort": _MAX_SORT, "search": _MAX_SEARCH, "page": _MAX_PAGE_DIGITS, "size": 9}


@dataclass(frozen=True)
class TableState:
    """The choices of a viewer. It contains only what the table offers.

    Args:
        order: names of columns, the most important first, ``-`` before those that descend;
            ``None`` for the table's own order.
        search: words to search for.
        page: the page, from 1; may be beyond the last.
        size: rows on a page; ``None`` for the table's own number.
    """

    order: tuple[str, ...] | None = None
    search: str = ""
    page: int = 1
    size: int | None = None

    def toggle_order(
        self, name: str, current: Sequence[str], *, descending: bool = False
    ) -> "TableState":
        """Return the state after a click on a column's heading: it orders before the others.

        Args:
            name: the column.
            current: the order that the table has now.
            descending: True if the first click orders from high to low.
        """
        others = [each for each in current if each.removeprefix("-") != name]
        if current and current[0].removeprefix("-") == name:
            descending = not current[0].startswith("-")
        alias = f"-{name}" if descending else name
        return replace(self, order=(alias, *others)[:_MAX_ORDER], page=1)


def read_state(
    params: MultiValueDict[str, str],
    *,
    orderable: Collection[str] = (),
    sizes: Collection[int] = (),
    searching: bool = True,
    paging: bool = True,
) -> TableState:
    """Return the state in a client's parameters. Invalid and unsupported ones are ignored."""
    sort = params.get("sort") or ""
    search = params.get("search") or "" if searching else ""
    return TableState(
        order=_read_order(sort[:_MAX_SORT], orderable),
        # PostgreSQL refuses text with a NUL.
        search=" ".join(search.replace("\0", " ")[:_MAX_SEARCH].split()),
        page=_read_page(params.get("page") or "") if paging else 1,
        size=_read_size(params.get("size") or "", sizes) if paging else None,
    )


def keep_params(params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
    """Return the parameters of a table: one value each, as long as ``read_state`` reads it."""
    cut = {
        name: (params.get(name) or "")[: _MAX_LENGTHS[name]]
        for name in params
        if name in _MAX_LENGTHS
    }
    return MultiValueDict({name: [value] for name, value in cut.items() if value})


def _read_order(text: str, orderable: Collection[str]) -> tuple[str, ...] | None:
    order: dict[str, str] = {}
    for alias in text.split(","):
        name = alias.removeprefix("-")
        if name in orderable:
            order.setdefault(name, alias)
    return tuple(order.values())[:_MAX_ORDER] or None


def _read_page(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal()):
        return 1
    digits = text.lstrip("0")
    # Any number this long is beyond the last page, and int() refuses thousands of digits.
    return int(digits[:_MAX_PAGE_DIGITS] or 1) if len(digits) <= _MAX_PAGE_DIGITS else 10**9


def _read_size(text: str, sizes: Collection[int]) -> int | None:
    return next((size for size in sizes if str(size) == text.strip()), None)
