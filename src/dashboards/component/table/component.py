"""The components that show rows in columns."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from dashboards.component.base import Bound, Component, declaring
from dashboards.component.conversion import as_text, is_collection
from dashboards.component.serializer import take_heading
from dashboards.component.table.export import csv_response
from dashboards.component.table.serializer import TableSerializer
from dashboards.component.table.source import (
    Columns,
    TableData,
    TableSource,
    as_columns,
    as_named,
    as_order,
    as_rows,
    check_columns,
)
from dashboards.component.table.state import EXPORT, PARAMS, keep_params
from dashboards.component.table.urls import build_table_urls
from dashboards.component.table.view import TableFeatures, TableRequest, TableView
from dashboards.component.values import as_data
from dashboards.exceptions import DeclarationError
from dashboards.numeric import is_whole_number
from dashboards.texts import StrOrPromise


@dataclass
class Table(Component):
    """Rows in columns. The server searches, orders and pages them, and exports CSV.

    Its value is one of:

    * a queryset: the database searches, orders and counts; relations of its columns are joined;
    * a list or iterator of dicts or objects: all of it is read, and Python searches and orders.
      A sliced or combined queryset is read like a list;
    * a ``TableSerializer`` class, which declares columns and rows;
    * a dict with ``data`` and optionally ``columns``, ``order`` and ``title``; or a ``TableData``;
    * a function that returns any of these, or a ``django_tables2.Table``.

    Cells are escaped unless the developer has marked them safe.

    The viewer's choices are in the query string, both of the page and of the component's own URL:
    ``?<key>-sort=-total,name&<key>-search=…&<key>-page=2&<key>-size=50``. With
    ``<key>-export=csv`` the component's own URL returns the file. In a live table a viewer's order
    and page are kept. If rows are pushed and the value is not a callable, all pushed rows are
    shown and viewers cannot choose anything, because the server does not have the rows.

    Needs django-tables2 (``pip install django-live-dashboards[tables]``); it need not be in
    ``INSTALLED_APPS``.

    Args:
        columns: headings by name, or a list of names; a name is a field, an attribute or a key,
            through relations with ``__``. A column of django-tables2 may take the place of a
            heading. Not needed if rows are dicts, dataclasses or named tuples.
        table_class: a ``django_tables2.Table`` class that has the columns.
        order: the order until a viewer chooses another: one name or several, ``-`` before those
            that descend.
        caption: describes the table to users of screen readers; by default the title.
        empty: the text of a table without rows.
        page_size: rows on a page.
        page_sizes: the sizes that a viewer can choose.
        searching: True to show a search field.
        ordering: True if a click on a heading orders by the column.
        paging: True to divide the rows into pages.
        exporting: True to offer a CSV file.
        force_lower: True if searching and ordering ignore case.
    """

    template: str = "dashboards/components/table.html"
    columns: Columns | None = None
    table_class: Any = None
    order: str | Sequence[str] = ()
    caption: StrOrPromise = ""
    empty: str = ""
    page_size: int = 25
    page_sizes: Collection[int] = (10, 25, 50, 100)
    searching: bool = True
    ordering: bool = True
    paging: bool = True
    exporting: bool = True
    force_lower: bool = True

    page_param: ClassVar[str] = "page"

    def __post_init__(self) -> None:
        """Check the declaration, and take the title of a serializer that has one.

        One-shot iterators and shared ``Table`` instances are refused.

        Raises:
            DeclarationError: the value is an iterator, which is empty after its first use, or a
                ``django_tables2.Table``, which is written to; or a page has less than one row.
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
        if not is_whole_number(self.page_size, 1):
            msg = (
                f"{kind}(page_size={self.page_size!r}): a page must have a number of rows, at "
                "least 1."
            )
            raise DeclarationError(msg)
        sizes: object = self.page_sizes
        if not (is_collection(sizes) and all(is_whole_number(each, 1) for each in sizes)):
            msg = (
                f"{kind}(page_sizes={sizes!r}): page_sizes must be a list of numbers of rows, each "
                "at least 1."
            )
            raise DeclarationError(msg)
        with declaring(self, f"columns={self.columns!r}"):
            check_columns(self.columns)
        take_heading(self)

    def keep_params(self, params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
        """Return the parameters of the table, as long as it reads them."""
        return keep_params(params)

    @property
    def takes_params(self) -> bool:
        """True if it offers searching, ordering, paging or exporting."""
        return self.searching or self.ordering or self.paging or self.exporting

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:
        """Return True if a viewer has sorted, searched or paged it."""
        return any(params.get(name) for name in PARAMS)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> TableView | None:
        """Return the page that the viewer has chosen; without ``bound`` the whole table."""
        if value is None:
            return None
        if bound is None:
            return self._view(value, None).load()
        # Without a request it is rendered for all viewers: in the site's own language.
        language = nullcontext() if bound.request else translation.override(settings.LANGUAGE_CODE)
        with language:
            view = self._view(value, bound if self.takes_params and bound.is_loadable else None)
            return view if self._is_export(bound) else view.load()

    def get_response(self, bound: Bound) -> HttpResponseBase | None:
        """Return the CSV file if the request asks for it, else ``None``."""
        if not self._is_export(bound):
            return None
        view = bound.get_value()
        if not isinstance(view, TableView):
            return None
        return csv_response(bound.request, bound.key, view.export())

    def _is_export(self, bound: Bound) -> bool:
        return self.exporting and bound.is_loadable and bound.params.get(EXPORT) == "csv"

    def _view(self, value: Any, bound: Bound | None) -> TableView:
        request = None
        if bound is not None:
            addresses = bound.addresses
            urls = build_table_urls(bound.key, addresses.url, addresses.kept)
            request = TableRequest(urls, bound.params)
        features = TableFeatures(
            searching=self.searching,
            ordering=self.ordering,
            paging=self.paging,
            exporting=self.exporting,
            page_size=self.page_size,
            page_sizes=self.page_sizes,
            empty=self.empty,
        )
        return TableView(self._source(value), features, request)

    def _source(self, value: Any) -> TableSource:
        if isinstance(value, TableSerializer):
            source = value.source()
            return source if source.order else replace(source, order=as_order(self.order))
        # Optional, and slow to import: only a process that renders a table needs it.
        from dashboards.component.table.adapter import as_table, make_table  # noqa: PLC0415

        table = as_table(value)
        if table is not None:
            rows = as_rows(table.data.data)
        else:
            data = as_data("Table", TableData, value, short="data")
            rows = as_rows(data.data)
            if self.table_class is None:
                declared = self.columns if data.columns is None else data.columns
                columns = as_columns(declared, rows)
                return TableSource(
                    as_named(rows, columns),
                    columns,
                    order=as_order(data.order or self.order),
                    title=str(as_text("Table", "title", data.title) or ""),
                    force_lower=self.force_lower,
                )
            table = make_table(self.table_class, rows)
        return TableSource(
            rows,
            {},
            order=as_order(self.order or table.order_by),
            force_lower=self.force_lower,
            table=table,
        )


@dataclass
class BasicTable(Table):
    """A ``Table`` that shows all rows, without search, order, pages or export."""

    searching: bool = False
    ordering: bool = False
    paging: bool = False
    exporting: bool = False
