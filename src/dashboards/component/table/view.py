"""The value that the template of a table gets: one page of rows, and links to other states."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import conf
from dashboards.component.table.list_rows import ListRows
from dashboards.component.table.queryset_rows import QuerysetRows
from dashboards.component.table.rows import Field, Rows
from dashboards.component.table.source import TableSource
from dashboards.component.table.state import TableState, read_state
from dashboards.component.table.urls import TableUrls
from dashboards.exceptions import ValueTooLargeError

if TYPE_CHECKING:
    from dashboards.component.table.adapter import Column
    from dashboards.component.table.cells import Cell, Row


@dataclass(frozen=True)
class Link:
    """A link to a state of the table.

    Args:
        href: the page in that state.
        load: the URL that the component loads it from.
    """

    href: str
    load: str


@dataclass(frozen=True)
class Heading:
    """The heading of one column.

    Args:
        label: its text.
        attrs: HTML attributes, with a space before each.
        link: orders by the column; ``None`` if the viewer cannot order by it.
        direction: ``"ascending"`` or ``"descending"`` if the table is ordered by it, else empty.
        rank: its place among several columns that the table is ordered by, from 1; else 0.
    """

    label: Any
    attrs: SafeString
    link: Link | None
    direction: str
    rank: int


@dataclass(frozen=True)
class TableRequest:
    """The request that a table is shown for.

    Args:
        urls: builds the URLs of the table's states.
        params: the table's parameters.
    """

    urls: TableUrls
    params: MultiValueDict[str, str]


@dataclass(frozen=True)
class TableFeatures:
    """The features of a table.

    Args:
        searching: True if rows can be searched.
        ordering: True if a viewer can order them.
        paging: True if they are divided into pages.
        exporting: True if they can be downloaded.
        page_size: rows on a page, unless the viewer chose another number.
        page_sizes: the numbers to choose from.
        empty: the text of a table without rows.
    """

    searching: bool = False
    ordering: bool = False
    paging: bool = False
    exporting: bool = False
    page_size: int = 25
    page_sizes: Collection[int] = ()
    empty: str = ""


class TableView:
    """One page of a table in the state that one viewer has chosen.

    ``load`` reads the rows and sets the attributes that the template needs; an export reads the
    rows of all pages instead.

    Args:
        source: rows and columns.
        features: what the table offers.
        request: the request; ``None`` if the table has no URL, so that nothing can be chosen.
    """

    total: int
    """The number of rows on all pages."""
    page: int
    """The number of this page; if the viewer asked for one beyond the last, the last."""
    pages: int
    """The number of pages; 1 if there are no rows."""
    rows: Sequence["Row"]
    """The rows of this page."""
    footer: Sequence["Cell"]
    """The cells of the footer, computed from the rows of this page."""
    headings: Sequence[Heading]
    has_size_choice: bool
    """True if another number of rows on a page would change what is shown."""
    hidden_fields: Sequence[tuple[str, str]]
    """Names and values of the parameters that the form with search and size keeps."""
    view_url: str
    """The URL that this state loads from; empty if it is the state that all viewers see first."""
    csv_url: str
    """The URL of all rows as a file; empty if they cannot be downloaded."""

    def __init__(
        self, source: TableSource, features: TableFeatures, request: TableRequest | None = None
    ) -> None:
        # Optional, and slow to import: only a process that renders a table needs it.
        from dashboards.component.table.adapter import TableColumns  # noqa: PLC0415

        self._columns = TableColumns(source)
        self._features = features
        self._request = request
        self.title = source.title
        self.key = request.urls.key if request else ""
        self.load_url = request.urls.url.partition("?")[0] if request else ""
        self.empty_text = features.empty or self._columns.empty_text
        self.sizes = sorted({*features.page_sizes, features.page_size})
        fields = [column.field for column in self._columns.columns]
        rows = _make_rows(source.rows, fields, ignore_case=source.force_lower)
        self._orderable = {
            column.name
            for column in self._columns.columns
            if column.orderable and rows.can_order(column.field)
        }
        searchable = [field for field in fields if rows.can_search(field)]
        self.can_search = bool(request and features.searching and searchable)
        self.is_paged = bool(request and features.paging)
        self.state = TableState()
        if request:
            self.state = read_state(
                request.params,
                orderable=self._orderable if features.ordering else (),
                sizes=[size for size in self.sizes if size != features.page_size],
                searching=self.can_search,
                paging=self.is_paged,
            )
        self.size = self.state.size or features.page_size
        self._order = self.state.order or tuple(map(self._columns.alias, source.order))
        if self.state.search:
            rows = rows.search(self.state.search, searchable)
        self._all_rows = rows.order([self._as_term(alias) for alias in self._order])

    def _as_term(self, alias: str) -> tuple[Field, bool]:
        return self._columns.get_field(alias.removeprefix("-")), alias.startswith("-")

    def export(self) -> Iterator[list[Any]]:
        """Yield the headings, then the rows of all pages, as plain values."""
        return self._columns.export(iter(self._all_rows))

    def load(self) -> "TableView":
        """Read the rows of this page, and return this view.

        This is done before the template runs, because a template hides some errors.
        """
        self._load_rows()
        self.footer = self._columns.make_footer() if self.rows else ()
        self.headings = self._make_headings()
        self.has_size_choice = self.is_paged and len(self.sizes) > 1 and self.total > self.sizes[0]
        self._load_urls()
        return self

    def _load_rows(self) -> None:
        if self.is_paged:
            self.total = self._all_rows.count()
            self.pages = max(1, -(-self.total // self.size))
            self.page = min(self.state.page, self.pages)
            start = (self.page - 1) * self.size
            self.rows = self._columns.make_rows(self._all_rows.read(start, start + self.size))
        else:
            self.rows = self._columns.make_rows(self._read_all())
            self.total, self.pages, self.page = len(self.rows), 1, 1

    def _read_all(self) -> Sequence[Any]:
        """Return all rows, for a table without pages.

        Raises:
            ValueTooLargeError: they are more than could be stored, even if all cells were empty.
                No further rows are read.
        """
        max_bytes: int = conf.get("MAX_FRAME_BYTES")
        empty_row = len("<tr></tr>") + len("<td></td>") * len(self._columns.columns)
        max_rows = max_bytes // empty_row
        rows = self._all_rows.read(0, max_rows + 1)
        if len(rows) > max_rows:
            msg = (
                f"a table without pages shows {max_rows:,} rows at most, for {max_bytes:,} bytes "
                "are stored and sent to pages. Show fewer, let it be loaded in pages (a Table "
                "whose value is callable), or raise DASHBOARDS['MAX_FRAME_BYTES']."
            )
            raise ValueTooLargeError(msg)
        return rows

    def _load_urls(self) -> None:
        self.hidden_fields, self.view_url, self.csv_url = (), "", ""
        if self._request is None:
            return
        urls, state = self._request.urls, self.state
        if self.can_search or self.has_size_choice:
            in_form = ("search", "page", "size") if self.has_size_choice else ("search", "page")
            self.hidden_fields = urls.get_hidden_fields(state, *in_form)
        if state != TableState():
            self.view_url = urls.get_load_url(replace(state, page=self.page))
        if self._features.exporting:
            self.csv_url = urls.get_load_url(replace(state, page=1, size=None), export="csv")

    def _make_headings(self) -> Sequence[Heading]:
        ranks = {alias.removeprefix("-"): rank for rank, alias in enumerate(self._order, 1)}
        current = [each for each in self._order if each.removeprefix("-") in self._orderable]
        return [
            self._make_heading(index, column, ranks.get(column.name, 0), current)
            for index, column in enumerate(self._columns.columns)
        ]

    def _make_heading(
        self, index: int, column: "Column", rank: int, current: Sequence[str]
    ) -> Heading:
        link = None
        if self._features.ordering and column.name in self._orderable:
            state = self.state.toggle_order(column.name, current, descending=column.descending)
            link = self._make_link(state)
        direction = ""
        if rank:
            is_descending = self._order[rank - 1].startswith("-")
            direction = "descending" if is_descending else "ascending"
        attrs = column.attrs
        if "class=" not in attrs and any(row.cells[index].is_number for row in self.rows):
            attrs = format_html('{} class="dashboards-number"', attrs)
        return Heading(column.label, attrs, link, direction, rank if len(self._order) > 1 else 0)

    def _make_link(self, state: TableState) -> Link | None:
        if self._request is None:
            return None
        urls = self._request.urls
        return Link(urls.get_page_url(state), urls.get_load_url(state))

    def _make_page_link(self, page: int) -> Link | None:
        is_other = 1 <= page <= self.pages and page != self.page
        return self._make_link(replace(self.state, page=page)) if is_other else None

    # The properties below are for a table with pages: each is used once, if at all.

    @property
    def first_row(self) -> str:
        """The number of the first row on this page, as text."""
        return _format((self.page - 1) * self.size + 1)

    @property
    def last_row(self) -> str:
        """The number of the last row on this page, as text."""
        return _format(min(self.page * self.size, self.total))

    @property
    def total_text(self) -> str:
        """The number of rows on all pages, as text."""
        return _format(self.total)

    @property
    def page_text(self) -> str:
        """The number of this page, as text."""
        return _format(self.page)

    @property
    def pages_text(self) -> str:
        """The number of pages, as text."""
        return _format(self.pages)

    @property
    def first_page(self) -> Link | None:
        """A link to the first page; ``None`` if this is it."""
        return self._make_page_link(1)

    @property
    def previous_page(self) -> Link | None:
        """A link to the previous page; ``None`` if there is none."""
        return self._make_page_link(self.page - 1)

    @property
    def next_page(self) -> Link | None:
        """A link to the next page; ``None`` if there is none."""
        return self._make_page_link(self.page + 1)

    @property
    def last_page(self) -> Link | None:
        """A link to the last page; ``None`` if this is it."""
        return self._make_page_link(self.pages)

    @property
    def without_search(self) -> Link | None:
        """A link to all rows; ``None`` if the viewer does not search."""
        return (
            self._make_link(replace(self.state, search="", page=1)) if self.state.search else None
        )


def _make_rows(rows: Any, fields: Sequence[Field], *, ignore_case: bool) -> Rows:
    if isinstance(rows, QuerySet):
        return QuerysetRows(rows, fields, ignore_case=ignore_case)
    return ListRows(rows, ignore_case=ignore_case)


def _format(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)
