"""Rows in columns, to search, order and page through."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from dashboards.component.base import Bound, Component
from dashboards.component.table.export import csv_response
from dashboards.component.table.serializer import TableSerializer
from dashboards.component.table.source import (
    Columns,
    Source,
    TableData,
    as_columns,
    as_named,
    as_order,
    as_rows,
)
from dashboards.component.table.state import EXPORT, NAMES, address_of, keep_params
from dashboards.component.table.view import Options, Place, TableView
from dashboards.component.texts import as_text
from dashboards.component.values import as_data
from dashboards.exceptions import DeclarationError


@dataclass
class Table(Component):
    """Rows in columns. Viewers search, order and page on the server, and download CSV.

    Its value is one of:

    * a queryset: the database searches, orders and counts; relations of its columns are joined;
    * a list or iterator of dicts or objects: all of it is read, and Python does the same
      (so it is for a queryset that is sliced or combined);
    * a ``TableSerializer`` class, which says columns and rows;
    * a dict with ``data``, and as it likes ``columns``, ``order`` and ``title``; or ``TableData``;
    * what a function returns: any of these, or a ``django_tables2.Table``.

    Cells are text unless the developer has marked them safe.

    The viewer's wishes are in the address: ``?<key>-sort=-total,name&<key>-search=…&<key>-page=2
    &<key>-size=50``, on the page's as on the component's own; ``<key>-export=csv`` on the latter
    is the file. In a live table whoever has sorted or paged keeps that. A table whose rows are
    pushed, and whose value is no callable, shows all that is pushed, with nothing to choose: no
    server has the rows.

    Needs django-tables2 (``pip install django-live-dashboards[tables]``); it need not be in
    ``INSTALLED_APPS``.

    Args:
        columns: headings by name, or a list of names; a name is a field, an attribute or a key,
            through relations with ``__``. In place of a heading may stand a column of
            django-tables2. Rows that are dicts, dataclasses or named tuples need none.
        table_class: a ``django_tables2.Table`` class that has the columns.
        order: the order until a viewer wants another: a name or several, ``-`` before those that
            descend.
        caption: what the table is, for those who do not see it; by default the title.
        empty: what is said where there are no rows.
        page_size: rows on a page.
        page_sizes: the sizes to choose from.
        searching: whether there is a search.
        ordering: whether a click on a heading orders.
        paging: whether rows are cut into pages.
        exporting: whether there is a download.
        force_lower: whether upper and lower case are one in searching and ordering.
    """

    template: str = "dashboards/components/table.html"
    columns: Columns | None = None
    table_class: Any = None
    order: str | Sequence[str] = ()
    caption: str = ""
    empty: str = ""
    page_size: int = 25
    page_sizes: Sequence[int] = (10, 25, 50, 100)
    searching: bool = True
    ordering: bool = True
    paging: bool = True
    exporting: bool = True
    force_lower: bool = True

    def __post_init__(self) -> None:
        """Refuse what would work once, or for one viewer.

        Raises:
            DeclarationError: a value that is used up or written to; a page without rows.
        """
        kind = type(self).__name__
        if isinstance(self.value, Iterator):
            msg = f"{kind}(value={self.value!r}): it is empty after its first use; give a function."
            raise DeclarationError(msg)
        if hasattr(self.value, "base_columns"):
            msg = (
                f"{kind}(value={self.value!r}): give a django_tables2.Table as table_class=, and "
                "its rows as value=; or a function that returns a new one each time."
            )
            raise DeclarationError(msg)
        if min((self.page_size, *self.page_sizes)) < 1:
            msg = f"{kind}(page_size={self.page_size!r}): a page must have at least 1 row."
            raise DeclarationError(msg)

    def keep_params(self, params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
        """Return what is asked of the table, cut to what it would read of it."""
        return keep_params(params)

    @property
    def takes_params(self) -> bool:
        """True if it offers a search, an order, pages or a file."""
        return self.searching or self.ordering or self.paging or self.exporting

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:
        """Whether a viewer has asked for another view than everybody's."""
        return any(params.get(name) for name in NAMES)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> TableView | None:
        """Return the page of the table that was requested; unbound, the whole table."""
        if value is None:
            return None
        if bound is None:
            return self._view(value, None).load()
        # For everybody: the site's own language, whoever pushes.
        ways = nullcontext() if bound.request else translation.override(settings.LANGUAGE_CODE)
        with ways:
            view = self._view(value, bound if self._is_asked(bound) else None)
            return view if self._is_export(bound) else view.load()

    def _is_asked(self, bound: Bound) -> bool:
        return self.takes_params and bound.is_loadable

    def get_response(self, bound: Bound) -> HttpResponseBase | None:
        """Answer with the file, where that is asked for."""
        if not self._is_export(bound):
            return None
        view = bound.get_value()
        if not isinstance(view, TableView):
            return None
        return csv_response(bound.request, bound.key, view.export())

    def _is_export(self, bound: Bound) -> bool:
        return self.exporting and bound.is_loadable and bound.params.get(EXPORT) == "csv"

    def _view(self, value: Any, bound: Bound | None) -> TableView:
        place = None
        if bound is not None:
            place = Place(address_of(bound.key, bound.url, bound.kept), bound.params)
        options = Options(
            searching=self.searching,
            ordering=self.ordering,
            paging=self.paging,
            exporting=self.exporting,
            page_size=self.page_size,
            page_sizes=self.page_sizes,
            empty=self.empty,
        )
        return TableView(self._source(value), options, place)

    def _source(self, value: Any) -> Source:
        if isinstance(value, TableSerializer):
            source = value.source()
            return source if source.order else replace(source, order=as_order(self.order))
        # Optional, and slow to import: only a process that renders a table needs it.
        from dashboards.component.table.columns import as_table, make_table  # noqa: PLC0415

        table = as_table(value)
        if table is not None:
            rows = as_rows(table.data.data)
        else:
            data = as_data("Table", TableData, value, short="data")
            rows = as_rows(data.data)
            if self.table_class is None:
                given = self.columns if data.columns is None else data.columns
                columns = as_columns(given, rows)
                return Source(
                    as_named(rows, columns),
                    columns,
                    order=as_order(data.order or self.order),
                    title=str(as_text("Table", "title", data.title) or ""),
                    force_lower=self.force_lower,
                )
            table = make_table(self.table_class, rows)
        return Source(
            rows,
            {},
            order=as_order(self.order or table.order_by),
            force_lower=self.force_lower,
            table=table,
        )


@dataclass
class BasicTable(Table):
    """A ``Table`` of all its rows, with nothing to choose."""

    searching: bool = False
    ordering: bool = False
    paging: bool = False
    exporting: bool = False
