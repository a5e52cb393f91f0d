"""What a viewer asks of a table, as the query string says it: order, search, page and size."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

NAMES = ("sort", "search", "page", "size")
"""The parameters that shape a table; on an address each has the prefix ``<key>-``."""

EXPORT = "export"

MAX_SEARCH = 200
_MAX_SORT = 300
_MAX_ORDER = 3
_MAX_PAGE_DIGITS = 9


@dataclass(frozen=True)
class State:
    """What a viewer asks for. Nothing in it is there that the table does not offer.

    Args:
        order: names of columns in order of weight, ``-`` before those that descend; ``None`` for
            the table's own order.
        search: words to look for.
        page: the page, from 1; may lie beyond the last.
        size: rows on a page; ``None`` for the table's own.
    """

    order: tuple[str, ...] | None = None
    search: str = ""
    page: int = 1
    size: int | None = None

    def toggled(self, name: str, shown: Sequence[str], *, descending: bool = False) -> "State":
        """Return what a click on a column's heading asks for: it goes first, then the others.

        Args:
            name: the column.
            shown: the order that the table has now.
            descending: whether the first click orders from high to low.
        """
        others = [each for each in shown if each.removeprefix("-") != name]
        if shown and shown[0].removeprefix("-") == name:
            descending = not shown[0].startswith("-")
        alias = f"-{name}" if descending else name
        return replace(self, order=(alias, *others)[:_MAX_ORDER], page=1)


def read_state(
    params: MultiValueDict[str, str],
    *,
    orderable: Collection[str] = (),
    sizes: Collection[int] = (),
    searching: bool = True,
    paging: bool = True,
) -> State:
    """Read what a client has sent. What makes no sense, or is not offered, counts as not sent."""
    sort = params.get("sort") or ""
    search = params.get("search") or "" if searching else ""
    return State(
        order=_read_order(sort[:_MAX_SORT], orderable),
        # A NUL is no text to PostgreSQL.
        search=" ".join(search.replace("\0", " ")[:MAX_SEARCH].split()),
        page=_read_page(params.get("page") or "") if paging else 1,
        size=_read_size(params.get("size") or "", sizes) if paging else None,
    )


def keep_params(params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
    """Return the parameters of a table, each once and no longer than what is read of it."""
    limits = {"sort": _MAX_SORT, "search": MAX_SEARCH, "page": _MAX_PAGE_DIGITS, "size": 9}
    given = {name: (params.get(name) or "")[: limits[name]] for name in params if name in limits}
    return MultiValueDict({name: [value] for name, value in given.items() if value})


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
    # Far beyond the last page, however far: int() refuses thousands of digits.
    return int(digits[:_MAX_PAGE_DIGITS] or 1) if len(digits) <= _MAX_PAGE_DIGITS else 10**9


def _read_size(text: str, sizes: Collection[int]) -> int | None:
    return next((size for size in sizes if str(size) == text.strip()), None)


@dataclass(frozen=True)
class Address:
    """How a state is written into query strings, beside what else the page was asked for.

    Args:
        key: the component's key.
        url: where the component loads from.
        others: what the page was asked for that is not the table's.
    """

    key: str
    url: str
    others: QueryDict = field(default_factory=QueryDict)

    def fields(self, state: State, *without: str) -> list[tuple[str, str]]:
        """Return names and values, as the hidden fields of a form."""
        given = {
            "sort": ",".join(state.order or ()),
            "search": state.search,
            "page": str(state.page) if state.page > 1 else "",
            "size": str(state.size or ""),
        }
        own = [
            (f"{self.key}-{name}", value)
            for name, value in given.items()
            if value and name not in without
        ]
        others = [(name, value) for name, values in self.others.lists() for value in values]
        return others + own

    def query(self, state: State, **more: str) -> str:
        """Return the query string, ``?`` included: a link relative to the page's address."""
        query = QueryDict(mutable=True)
        for name, value in self.fields(state):
            query.appendlist(name, value)
        for name, value in more.items():
            query[f"{self.key}-{name}"] = value
        return f"?{query.urlencode()}"

    def load(self, state: State, **more: str) -> str:
        """Return the component's own address for a state."""
        path, _, given = self.url.partition("?")
        query = QueryDict(given, mutable=True)
        new = QueryDict(self.query(state, **more)[1:])
        for name in [name for name in query if self.is_own(name) or name in new]:
            del query[name]
        query.update(new)
        return f"{path}?{query.urlencode()}" if query else path

    def is_own(self, name: str) -> bool:
        """Whether a name in a query string is one of the table's."""
        prefix = f"{self.key}-"
        return name.startswith(prefix) and name.removeprefix(prefix) in (*NAMES, EXPORT)


def address_of(key: str, url: str, asked: QueryDict) -> Address:
    """Return how a component's states are written on the page that was asked for so."""
    address = Address(key, url)
    others = asked.copy()
    for name in [name for name in others if address.is_own(name)]:
        del others[name]
    return replace(address, others=others)
