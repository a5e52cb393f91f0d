"""The adapter to django-tables2, which makes columns, cells and links.

Only this module, ``cells`` and ``columns`` import django-tables2, which is optional.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import django_tables2
from django.utils.safestring import SafeString
from django_tables2.data import TableData
from django_tables2.rows import BoundRow, BoundRows
from django_tables2.utils import Accessor

from dashboards.component.table.cells import (
    NUMBER_CLASS,
    Cell,
    Row,
    attrs_html,
    make_cell,
    make_footer_cell,
    make_row_link,
    make_safe_link,
    read_display,
)
from dashboards.component.table.columns import NUMBER_ATTRS
from dashboards.component.table.rows import Field, SortKey
from dashboards.component.table.source import TableSource

_NO_ACCESSOR = Accessor("no such key")
_ORDER_CLASSES = ("orderable", "asc", "desc")


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: its name in the query string.
        label: its heading.
        field: how to order and search by it.
        orderable: False if the developer does not allow to order by it.
        descending: True if the first click orders from high to low.
        attrs: HTML attributes of its heading, with a space before each.
    """

    name: str
    label: Any
    field: Field
    orderable: bool
    descending: bool
    attrs: SafeString


class TableColumns:
    """The columns of one table. Converts rows of data into cells, and into values for export."""

    aliases: Mapping[str, str] = {}
    """The name of each column in query strings, by the name that the developer gave it."""

    def __init__(self, source: TableSource) -> None:
        self._getters: dict[str, Callable[[Any], Any]] = {}
        self._model = getattr(source.rows, "model", None)
        self._has_own_table = source.table is not None
        if source.table is None:
            self._table = self._make_table(source)
        else:
            self._table = source.table
            self._table.data = _Records((), self._table, self._model)
        bound_columns = list(self._table.columns)
        for bound_column in bound_columns:
            bound_column.link = make_safe_link(bound_column)
        if source.first_as_absolute_url and bound_columns:
            bound_columns[0].link = make_row_link()
        self.columns = [self._make_column(each) for each in bound_columns]
        self.empty_text = str(self._table.empty_text or "")

    def _make_table(self, source: TableSource) -> Any:
        names = {_make_alias(index, name): name for index, name in enumerate(source.columns)}
        self.aliases = {name: alias for alias, name in names.items()}
        table = django_tables2.Table(
            _Records((), None, self._model),
            order_by=(),
            extra_columns=[
                (alias, _as_column(name, source.columns[name])) for alias, name in names.items()
            ],
        )
        for alias, name in names.items():
            get = (source.getters or {}).get(name)
            bound_column = table.columns[alias]
            if get is None and bound_column.accessor == _NO_ACCESSOR:
                get = partial(_read_by_whole_name, name)
            if get is not None:
                self._getters[alias] = get
                bound_column.column.empty_values = ()
                bound_column.render = bound_column.value = partial(_compute, get)
        return table

    def _make_column(self, bound_column: Any) -> Column:
        path, get = str(bound_column.accessor), self._get_reader(bound_column)
        declared = bound_column.column.order_by
        if declared is None:
            order_by: tuple[SortKey, ...] = (SortKey(path, get),)
        else:
            order_by = tuple(
                SortKey(str(each.bare), _read_quietly(each.bare), each.is_descending)
                for each in declared
            )
        # For a column named "by", order_by of the table is not a method that orders by it.
        has_order = callable(bound_column.order) and (
            type(bound_column.column).order is not django_tables2.Column.order
            or hasattr(self._table, f"order_{bound_column.name}")
        )
        attrs = dict(bound_column.attrs["th"])
        # The template marks itself which columns can order, and which one does.
        classes = (attrs.pop("class", None) or "").split()
        if kept := [each for each in classes if each not in _ORDER_CLASSES]:
            attrs["class"] = " ".join(kept)
        return Column(
            bound_column.name,
            bound_column.header,
            Field(path, get, order_by, bound_column.order if has_order else None),
            orderable=bool(bound_column.orderable),
            descending=bool(getattr(bound_column.column, "initial_sort_descending", False)),
            attrs=attrs_html(attrs),
        )

    def alias(self, name: str) -> str:
        """Return a column's name in query strings. A ``-`` before the name is kept.

        Args:
            name: the name that the developer gave.
        """
        bare = name.removeprefix("-")
        return name.removesuffix(bare) + self.aliases.get(bare, bare)

    def get_field(self, name: str) -> Field:
        """Return how to order by a name: of a column, or else of a field of the rows."""
        for column in self.columns:
            if column.name == name:
                return column.field
        get = _read_quietly(name)
        return Field(name, get, (SortKey(name, get),))

    def _get_reader(self, bound_column: Any) -> Callable[[Any], Any]:
        read, compute = _read_quietly(bound_column.accessor), self._getters.get(bound_column.name)
        if compute is None:
            return read

        def get(record: Any) -> Any:
            value = read(record)
            return compute(record) if value is None else value

        return get

    def make_rows(self, records: Sequence[Any]) -> list[Row]:
        """Return rows of data as rows of cells."""
        table = self._table
        table.data = _Records(records, table, self._model)
        table.rows = BoundRows(data=table.data, table=table, pinned_data=table.pinned_data)
        has_attrs = table.row_attrs or any(table.pinned_data.values())
        bound_columns = list(table.columns)
        return [
            Row(
                [self._make_cell(bound_column, bound_row) for bound_column in bound_columns],
                attrs_html(bound_row.attrs if has_attrs else {}),
            )
            for bound_row in table.rows
        ]

    def _make_cell(self, bound_column: Any, bound_row: Any) -> Cell:
        value = self._get_content(bound_column, bound_row)
        attrs: dict[str, Any] = {}
        declared = bound_column.column.attrs
        if self._has_own_table or (declared and declared != NUMBER_ATTRS):
            # Attributes may be functions of the cell: django-tables2 reads it from the column.
            bound_column.current_value, bound_column.current_record = value, bound_row.record
            attrs = dict(bound_column.attrs["td"])
        elif declared:
            attrs = {"class": NUMBER_CLASS}
        return make_cell(value, attrs)

    def _get_content(self, bound_column: Any, bound_row: Any) -> Any:
        """Return a cell's content. Plain columns do without django-tables2, which is slower."""
        if get := self._getters.get(bound_column.name):
            value = get(bound_row.record)
        elif _is_plain(bound_column.column, bound_column.render, "render"):
            value = read_display(bound_column.accessor, bound_row.record)
        else:
            return bound_row.get_cell(bound_column.name)
        if value is None or (isinstance(value, str) and value == ""):
            return bound_column.default
        if not bound_column.link:
            return value
        return bound_column.link(
            value,
            record=bound_row.record,
            value=value,
            column=bound_column.column,
            bound_column=bound_column,
            bound_row=bound_row,
            table=self._table,
        )

    def make_footer(self) -> list[Cell]:
        """Return the cells of the footer; an empty list if no column has one."""
        if not self._table.has_footer():
            return []
        return [
            make_footer_cell(bound_column.footer, dict(bound_column.attrs["tf"]))
            for bound_column in self._table.columns
        ]

    def export(self, records: Iterator[Any]) -> Iterator[list[Any]]:
        """Yield the headings, then each row as plain values, without holding all rows."""
        bound_columns = [
            each for each in self._table.columns if not each.column.exclude_from_export
        ]
        yield [bound_column.header for bound_column in bound_columns]
        readers = [self._get_value_reader(bound_column) for bound_column in bound_columns]
        for record in records:
            yield [read(record) for read in readers]

    def _get_value_reader(self, bound_column: Any) -> Callable[[Any], Any]:
        if get := self._getters.get(bound_column.name):
            return get
        if _is_plain(bound_column.column, bound_column.value, "value", "render"):
            return partial(read_display, bound_column.accessor)
        return lambda record: BoundRow(record, self._table).get_cell_value(bound_column.name)


class _Records(TableData):  # type: ignore[misc] # brings no types
    """The rows of one page, already ordered, and the model that names the columns."""

    def __init__(self, records: Sequence[Any], table: Any, model: Any) -> None:
        super().__init__(records)
        self.table, self._model = table, model

    def __len__(self) -> int:
        return len(self.data)

    @property
    def model(self) -> Any:
        return self._model

    def order_by(self, aliases: Any) -> None:
        """Leave the rows in their order."""


def as_table(value: Any) -> Any:
    """Return the value if it is a ``django_tables2.Table``, else ``None``."""
    return value if isinstance(value, django_tables2.Table) else None


def make_table(table_class: Any, rows: Any) -> Any:
    """Return a table of a ``django_tables2.Table`` class, without rows yet."""
    return table_class(_Records((), None, getattr(rows, "model", None)))


def _is_plain(column: Any, used: Any, *names: str) -> bool:
    """Return True if neither the column nor its table changes how values are shown."""
    base = django_tables2.Column
    return (
        used == getattr(column, names[0])
        and all(getattr(type(column), name) is getattr(base, name) for name in names)
        and column.empty_values is base.empty_values
    )


def _make_alias(index: int, name: str) -> str:
    # A comma or a minus has another meaning in a query string, a dot in an accessor.
    return name if name.isidentifier() else str(index)


def _as_column(name: str, declared: Any) -> Any:
    if isinstance(declared, django_tables2.Column):
        # A copy: a table writes to its columns, and this one belongs to all requests.
        column = copy.copy(declared)
    else:
        heading = name if declared is None and not name.isidentifier() else declared
        column = django_tables2.Column(verbose_name=heading)
    if not column.accessor:
        # An accessor would follow a dot in the name as a path, and read an empty name as the row.
        column.accessor = _NO_ACCESSOR if "." in name or not name else Accessor(name)
    return column


def _compute(get: Callable[[Any], Any], record: Any) -> Any:
    return get(record)


def _read_by_whole_name(name: str, record: Any) -> Any:
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)


def _read_quietly(path: str) -> Callable[[Any], Any]:
    return partial(Accessor(path).resolve, quiet=True)
