"""What the template gets: one page of a table, and the addresses of the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import conf
from dashboards.component.table.rows import Field, rows_of
from dashboards.component.table.source import Source
from dashboards.component.table.state import Address, State, read_state
from dashboards.exceptions import ValueTooLargeError

if TYPE_CHECKING:
    from dashboards.component.table.columns import Cell, Head, Line


@dataclass(frozen=True)
class Link:
    """A state of the table: where the page has it, and where the component loads it from."""

    href: str
    load: str


@dataclass(frozen=True)
class Heading:
    """The heading of one column.

    Args:
        label: what it says.
        attrs: further attributes.
        link: orders by it; ``None`` where it does not order.
        direction: ``"ascending"`` or ``"descending"``, where the table is ordered by it.
        rank: which column of the order it is, from 1; 0 for none.
    """

    label: Any
    attrs: SafeString
    link: Link | None
    direction: str
    rank: int


@dataclass(frozen=True)
class Place:
    """Where a table stands, so that something can be asked of it.

    Args:
        address: how a state is written into addresses.
        params: what was asked for.
    """

    address: Address
    params: MultiValueDict[str, str]


@dataclass(frozen=True)
class Options:
    """What a table offers.

    Args:
        searching: whether rows can be searched.
        ordering: whether a viewer can order them.
        paging: whether they are cut into pages.
        exporting: whether they can be downloaded.
        page_size: rows on a page, until a viewer wants another.
        page_sizes: the sizes to choose from.
        empty: what is said where there are no rows.
    """

    searching: bool = False
    ordering: bool = False
    paging: bool = False
    exporting: bool = False
    page_size: int = 25
    page_sizes: Sequence[int] = ()
    empty: str = ""


class TableView:
    """One page of a table, as one viewer asked for it.

    Args:
        source: rows and columns.
        options: what it offers.
        place: where it stands; ``None`` where nothing can be asked of it.
    """

    def __init__(self, source: Source, options: Options, place: Place | None = None) -> None:
        # Optional, and slow to import: only a process that renders a table needs it.
        from dashboards.component.table.columns import Engine  # noqa: PLC0415

        self._engine: Engine = Engine(source)
        self._options = options
        self._place = place
        self.title = source.title
        fields = [head.field for head in self._engine.heads]
        rows = rows_of(source.rows, fields, lower=source.force_lower)
        self._orderable = {
            head.name: head
            for head in self._engine.heads
            if head.orderable and rows.can_order(head.field)
        }
        searchable = [field for field in fields if rows.can_search(field)]
        self.can_search = bool(place and options.searching and searchable)
        self.is_paged = bool(place and options.paging)
        self.state = State()
        if place:
            self.state = read_state(
                place.params,
                orderable=self._orderable if options.ordering else (),
                sizes=[size for size in self.sizes if size != options.page_size],
                searching=self.can_search,
                paging=self.is_paged,
            )
        self._order = self.state.order or tuple(map(self._engine.alias, source.order))
        if self.state.search:
            rows = rows.searched(self.state.search, searchable)
        self._all = rows.ordered([self._term(alias) for alias in self._order])

    def _term(self, alias: str) -> tuple[Field, bool]:
        return self._engine.field(alias.removeprefix("-")), alias.startswith("-")

    # Rows

    @cached_property
    def total(self) -> int:
        """How many rows there are, on all pages."""
        return self._all.count() if self.is_paged else len(self.lines)

    @cached_property
    def size(self) -> int:
        """How many rows a page has."""
        return self.state.size or self._options.page_size

    @cached_property
    def pages(self) -> int:
        """How many pages there are; one, where there are no rows."""
        return max(1, -(-self.total // self.size)) if self.is_paged else 1

    @cached_property
    def page(self) -> int:
        """Which page this is: the last, where one beyond it was asked for."""
        return min(self.state.page, self.pages)

    @cached_property
    def lines(self) -> Sequence["Line"]:
        """The rows of this page."""
        if not self.is_paged:
            return self._engine.lines(self._read_all())
        start = (self.page - 1) * self.size
        return self._engine.lines(self._all.cut(start, start + self.size))

    def _read_all(self) -> Sequence[Any]:
        """Return all rows, where they are shown without pages.

        Raises:
            ValueTooLargeError: even empty they would be too many to be sent. They are not read on.
        """
        limit: int = conf.get("MAX_FRAME_BYTES")
        most = limit // (len("<tr></tr>") + len("<td></td>") * len(self._engine.heads))
        rows = self._all.cut(0, most + 1)
        if len(rows) > most:
            msg = (
                f"a table without pages shows {most:,} rows at most, for {limit:,} bytes are "
                "stored and sent to pages. Show fewer, let it be loaded in pages (a Table whose "
                "value is callable), or raise DASHBOARDS['MAX_FRAME_BYTES']."
            )
            raise ValueTooLargeError(msg)
        return rows

    @cached_property
    def foot(self) -> Sequence["Cell"]:
        """The cells of the footer, of the rows of this page."""
        return self._engine.foot() if self.lines else ()

    def export(self) -> Iterator[list[Any]]:
        """Go through headings and the rows of all pages, as plain values."""
        return self._engine.values(iter(self._all))

    def load(self) -> "TableView":
        """Read the rows now: errors in a template are not always told."""
        _ = self.total, self.lines, self.foot, self.headings
        return self

    # What is said about them

    @property
    def first(self) -> str:
        """The number of the first row shown."""
        return _number((self.page - 1) * self.size + 1)

    @property
    def last(self) -> str:
        """The number of the last row shown."""
        return _number(min(self.page * self.size, self.total))

    @property
    def count(self) -> str:
        """How many rows there are, as text."""
        return _number(self.total)

    @property
    def page_text(self) -> str:
        """Which page this is, as text."""
        return _number(self.page)

    @property
    def pages_text(self) -> str:
        """How many pages there are, as text."""
        return _number(self.pages)

    @property
    def empty_text(self) -> str:
        """What the developer wants said where there are no rows."""
        return self._options.empty or self._engine.empty_text

    # What can be asked for

    @cached_property
    def headings(self) -> Sequence[Heading]:
        """The headings, with what a click on them asks for."""
        ranks = {alias.removeprefix("-"): rank for rank, alias in enumerate(self._order, 1)}
        return [
            self._heading(head, ranks.get(head.name, 0), self._is_number(index))
            for index, head in enumerate(self._engine.heads)
        ]

    def _is_number(self, index: int) -> bool:
        return any(line.cells[index].is_number for line in self.lines)

    def _heading(self, head: "Head", rank: int, is_number: bool) -> Heading:  # noqa: FBT001
        link = None
        if self._place and self._options.ordering and head.name in self._orderable:
            shown = [each for each in self._order if each.removeprefix("-") in self._orderable]
            link = self._link(self.state.toggled(head.name, shown, descending=head.descending))
        direction = ""
        if rank:
            falls = self._order[rank - 1].startswith("-")
            direction = "descending" if falls else "ascending"
        attrs = head.attrs
        if is_number and "class=" not in attrs:
            attrs = format_html('{} class="dashboards-number"', attrs)
        return Heading(head.label, attrs, link, direction, rank if len(self._order) > 1 else 0)

    @property
    def sizes(self) -> Sequence[int]:
        """The sizes of a page to choose from."""
        return sorted({*self._options.page_sizes, self._options.page_size})

    @property
    def has_choice_of_size(self) -> bool:
        """Whether another size would show anything else."""
        return self.is_paged and len(self.sizes) > 1 and self.total > self.sizes[0]

    def _link(self, state: State) -> Link | None:
        if not self._place:
            return None
        return Link(self._place.address.query(state), self._place.address.load(state))

    def _page_link(self, page: int) -> Link | None:
        is_there = 1 <= page <= self.pages and page != self.page
        return self._link(replace(self.state, page=page)) if is_there else None

    @property
    def to_first(self) -> Link | None:
        """The first page, where this is another."""
        return self._page_link(1)

    @property
    def to_previous(self) -> Link | None:
        """The page before."""
        return self._page_link(self.page - 1)

    @property
    def to_next(self) -> Link | None:
        """The page after."""
        return self._page_link(self.page + 1)

    @property
    def to_last(self) -> Link | None:
        """The last page, where this is another."""
        return self._page_link(self.pages)

    @property
    def unsearched(self) -> Link | None:
        """All rows, where this is what a search has found."""
        return self._link(replace(self.state, search="", page=1)) if self.state.search else None

    @property
    def csv(self) -> str | None:
        """Where all rows are, as a file."""
        if not (self._place and self._options.exporting):
            return None
        return self._place.address.load(replace(self.state, page=1, size=None), export="csv")

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """What a search keeps of what was asked for: names and values of hidden fields."""
        if not self._place:
            return ()
        asked_here = ("search", "page", *(("size",) if self.has_choice_of_size else ()))
        return self._place.address.fields(self.state, *asked_here)

    @property
    def loads(self) -> str:
        """Where the component loads from."""
        return self._place.address.url.partition("?")[0] if self._place else ""

    @property
    def key(self) -> str:
        """The component's key, where anything can be asked for."""
        return self._place.address.key if self._place else ""

    @property
    def own(self) -> str:
        """Where this view is loaded from, where it is not what everybody sees."""
        if not self._place or self.state == State():
            return ""
        return self._place.address.load(replace(self.state, page=self.page))


def _number(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)
