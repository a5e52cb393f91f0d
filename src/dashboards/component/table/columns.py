"""The one module that needs django-tables2: its columns, and cells made by them.

``NumberColumn`` and ``FunctionColumn`` are two more kinds of column, used like any of
django-tables2, in a ``TableSerializer``'s ``Meta.columns`` or a ``django_tables2.Table``.
"""

import copy
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import django_tables2
from django.db.models import Model
from django.template.defaultfilters import yesno
from django.utils import formats, timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django_tables2.columns.base import LinkTransform
from django_tables2.data import TableData
from django_tables2.rows import BoundRow, BoundRows
from django_tables2.utils import Accessor, AttributeDict, call_with_appropriate, computed_values

from dashboards.component.formats import format_value
from dashboards.component.links import resolve_link
from dashboards.component.table.rows import Field, Part
from dashboards.component.table.source import Source
from dashboards.component.texts import as_text

_MISSING = "—"
_LONG = 40
_NOTHING = SafeString("")
_NUMBER = SafeString(' class="dashboards-number"')


_NUMBER_ATTRS = {"cell": {"class": "dashboards-number"}}


class NumberColumn(django_tables2.Column):  # type: ignore[misc] # brings no types
    """Numbers as the locale writes them, thousands apart, one below the other.

    Args:
        decimals: how many decimal places; by default as many as there are.
        prefix: what stands before the number.
        suffix: what stands after it, such as ``" €"``.
        **kwargs: what ``django_tables2.Column`` takes.
    """

    def __init__(
        self,
        *args: Any,
        decimals: int | None = None,
        prefix: str = "",
        suffix: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("attrs", _NUMBER_ATTRS)
        super().__init__(*args, **kwargs)
        self.decimals, self.prefix, self.suffix = decimals, prefix, suffix

    def render(self, value: Any) -> str:
        """Return the number as text."""
        number = formats.number_format(value, self.decimals, use_l10n=True, force_grouping=True)
        return f"{self.prefix}{number}{self.suffix}"

    def value(self, value: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - as django-tables2 calls it
        """Return the number, for export."""
        return value


class FunctionColumn(django_tables2.Column):  # type: ignore[misc] # brings no types
    """Cells that a function makes of a row. They are text, unless it marks them safe.

    Args:
        function: gets those of ``value``, ``record``, ``column``, ``bound_column``, ``bound_row``
            and ``table`` that it names.
        **kwargs: what ``django_tables2.Column`` takes.
    """

    empty_values = ()

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.function = function

    def render(self, **kwargs: Any) -> Any:
        """Return what the function returns."""
        return call_with_appropriate(self.function, kwargs)


@dataclass(frozen=True)
class Cell:
    """What stands in one cell: text that the template escapes, unless the developer said not to."""

    value: Any
    attrs: SafeString
    is_number: bool = False


@dataclass(frozen=True)
class Line:
    """One row."""

    cells: Sequence[Cell]
    attrs: SafeString


@dataclass(frozen=True)
class Head:
    """The heading of one column.

    Args:
        name: its name in the query string.
        label: the heading.
        field: how it is ordered and searched.
        orderable: whether the developer allows that it orders.
        descending: whether the first click orders from high to low.
        attrs: further attributes of its heading.
    """

    name: str
    label: Any
    field: Field
    orderable: bool
    descending: bool
    attrs: SafeString


class Engine:
    """The columns of a table, and what they make of rows."""

    aliases: Mapping[str, str] = {}
    """How columns are called in query strings, by the names that the developer gave."""

    def __init__(self, source: Source) -> None:
        self._getters: dict[str, Callable[[Any], Any]] = {}
        self._model = getattr(source.rows, "model", None)
        self._table = self._make(source) if source.table is None else self._fill(source.table)
        self._has_attrs = source.table is not None
        columns = list(self._table.columns)
        for column in columns:
            if _links_to_its_own(column):
                column.link = partial(_link, _way_to(column.accessor), column.link.attrs)
            elif isinstance(column.link, LinkTransform):
                column.link = partial(_link_elsewhere, column.link)
        if source.first_as_absolute_url and columns:
            columns[0].link = partial(_link, (Accessor(""),), None)
        self.heads = [self._head(column) for column in columns]

    def _fill(self, table: Any) -> Any:
        table.data = _Records((), table, self._model)
        return table

    def _make(self, source: Source) -> Any:
        names = {_alias(index, name): name for index, name in enumerate(source.columns)}
        self.aliases = {name: alias for alias, name in names.items()}
        table = django_tables2.Table(
            _Records((), None, self._model),
            order_by=(),
            extra_columns=[
                (alias, _column(name, source.columns[name])) for alias, name in names.items()
            ],
        )
        for alias, name in names.items():
            get = (source.getters or {}).get(name)
            bound = table.columns[alias]
            if get is None and bound.accessor == _NOWHERE:
                get = partial(_whole, name)
            if get is not None:
                self._getters[alias] = get
                bound.column.empty_values = ()
                bound.render = bound.value = partial(_compute, get)
        return table

    def _head(self, column: Any) -> Head:
        path, get = str(column.accessor), self._reader(column)
        given = column.column.order_by
        if given is None:
            order_by: tuple[Part, ...] = (Part(path, get),)
        else:
            order_by = tuple(
                Part(str(each.bare), _quietly(each.bare), each.is_descending) for each in given
            )
        own_order = type(column.column).order is not django_tables2.Column.order
        # Of a column called "by" the table's order_by is none of its own.
        own_order = own_order or hasattr(self._table, f"order_{column.name}")
        own_order = own_order and callable(column.order)
        attrs = dict(column.attrs["th"])
        # These words are ours to say: what orders, and how.
        words = [
            word
            for word in (attrs.pop("class", None) or "").split()
            if word not in ("orderable", "asc", "desc")
        ]
        if words:
            attrs["class"] = " ".join(words)
        return Head(
            column.name,
            column.header,
            Field(path, get, order_by, column.order if own_order else None),
            orderable=bool(column.orderable),
            descending=bool(getattr(column.column, "initial_sort_descending", False)),
            attrs=_html(attrs),
        )

    def alias(self, name: str) -> str:
        """Return how a name that the developer gave is called here; with ``-``, if it has one."""
        bare = name.removeprefix("-")
        return name.removesuffix(bare) + self.aliases.get(bare, bare)

    def field(self, name: str) -> Field:
        """Return how rows are ordered by a column, or by what is no column."""
        for head in self.heads:
            if head.name == name:
                return head.field
        get = _quietly(name)
        return Field(name, get, (Part(name, get),))

    def _reader(self, column: Any) -> Callable[[Any], Any]:
        read, compute = _quietly(column.accessor), self._getters.get(column.name)
        if compute is None:
            return read

        def get(record: Any) -> Any:
            value = read(record)
            return compute(record) if value is None else value

        return get

    @property
    def empty_text(self) -> str:
        """What a table of django-tables2 says where it has no rows."""
        return str(self._table.empty_text or "")

    def lines(self, records: Sequence[Any]) -> list[Line]:
        """Return rows as they are shown."""
        table = self._table
        table.data = _Records(records, table, self._model)
        table.rows = BoundRows(data=table.data, table=table, pinned_data=table.pinned_data)
        has_attrs = table.row_attrs or any(table.pinned_data.values())
        columns = list(table.columns)
        return [
            Line(
                [self._cell(column, row) for column in columns],
                _html(row.attrs if has_attrs else {}),
            )
            for row in table.rows
        ]

    def _cell(self, column: Any, row: Any) -> Cell:
        value = self._content(column, row)
        attrs: dict[str, Any] = {}
        given = column.column.attrs
        if self._has_attrs or (given and given != _NUMBER_ATTRS):
            # Attributes may depend on the cell; the column is told which it is.
            column.current_value, column.current_record = value, row.record
            attrs = dict(column.attrs["td"])
        elif given:
            attrs = {"class": "dashboards-number"}
        is_number, shown = _is_number(value), _shown(value)
        if is_number and not attrs.get("class"):
            attrs["class"] = "dashboards-number"
        elif isinstance(shown, str) and _is_long(shown):
            attrs["class"] = f"{attrs.get('class') or ''} dashboards-long".strip()
        return Cell(shown, _html(attrs), is_number)

    def _content(self, column: Any, row: Any) -> Any:
        """Return what django-tables2 makes of a cell; where it makes nothing of it, straight."""
        if get := self._getters.get(column.name):
            value = get(row.record)
        elif _is_plain(column.column, column.render, "render"):
            value = _displayed(column.accessor, row.record)
        else:
            return row.get_cell(column.name)
        if value is None or (isinstance(value, str) and value == ""):
            return column.default
        if not column.link:
            return value
        return column.link(
            value,
            record=row.record,
            value=value,
            column=column.column,
            bound_column=column,
            bound_row=row,
            table=self._table,
        )

    def foot(self) -> list[Cell]:
        """Return the cells of the footer; none where no column has one."""
        if not self._table.has_footer():
            return []
        return [
            Cell("" if column.footer in (None, "") else _shown(column.footer), self._foot(column))
            for column in self._table.columns
        ]

    def _foot(self, column: Any) -> SafeString:
        attrs = dict(column.attrs["tf"])
        if _is_number(column.footer) and not attrs.get("class"):
            attrs["class"] = "dashboards-number"
        return _html(attrs)

    def values(self, records: Iterator[Any]) -> Iterator[list[Any]]:
        """Return headings and rows as plain values, for export, one after the other."""
        columns = [each for each in self._table.columns if not each.column.exclude_from_export]
        yield [column.header for column in columns]
        readers = [self._value_reader(column) for column in columns]
        for record in records:
            yield [read(record) for read in readers]

    def _value_reader(self, column: Any) -> Callable[[Any], Any]:
        if get := self._getters.get(column.name):
            return get
        if _is_plain(column.column, column.value, "value", "render"):
            return partial(_displayed, column.accessor)
        return lambda record: BoundRow(record, self._table).get_cell_value(column.name)


def _is_plain(column: Any, used: Any, *names: str) -> bool:
    """Whether a column shows values as they are, and no table has a word in it."""
    base = django_tables2.Column
    return (
        used == getattr(column, names[0])
        and all(getattr(type(column), name) is getattr(base, name) for name in names)
        and column.empty_values is base.empty_values
    )


def _displayed(accessor: Any, record: Any) -> Any:
    """Return a row's value, or of a choice its name."""
    owner, last = record, accessor
    if accessor.SEPARATOR in accessor and not isinstance(record, Mapping):
        owner, last = accessor.penultimate(record)
    if isinstance(owner, Model) and (display := getattr(owner, f"get_{last}_display", None)):
        return display()
    return accessor.resolve(record, quiet=True)


class _Records(TableData):  # type: ignore[misc] # brings no types
    """The rows of one page, in the order in which they come, and the model that names columns."""

    def __init__(self, records: Sequence[Any], table: Any, model: Any) -> None:
        super().__init__(records)
        self.table, self._model = table, model

    def __len__(self) -> int:
        return len(self.data)

    @property
    def model(self) -> Any:
        return self._model

    def order_by(self, aliases: Any) -> None:
        """Leave them in their order."""


def as_table(value: Any) -> Any:
    """Return a value that is a table of django-tables2, or ``None``."""
    return value if isinstance(value, django_tables2.Table) else None


def make_table(table_class: Any, rows: Any) -> Any:
    """Return a table of django-tables2 that has its columns, and its rows yet to come."""
    return table_class(_Records((), None, getattr(rows, "model", None)))


_NOWHERE = Accessor("no such key")


def _alias(index: int, name: str) -> str:
    # A comma, a minus or a dot would mean something else in a query string, or to an accessor.
    return name if name.isidentifier() else str(index)


def _column(name: str, given: Any) -> Any:
    if isinstance(given, django_tables2.Column):
        # Bound to a table it is written to, and it belongs to all.
        column = copy.copy(given)
    else:
        heading = name if given is None and not name.isidentifier() else given
        column = django_tables2.Column(verbose_name=heading)
    if not column.accessor:
        # A dot, or nothing at all, an accessor would take for a way.
        column.accessor = _NOWHERE if "." in name or not name else Accessor(name)
    return column


def _compute(get: Callable[[Any], Any], record: Any) -> Any:
    return get(record)


def _whole(name: str, record: Any) -> Any:
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)


def _quietly(path: str) -> Callable[[Any], Any]:
    return partial(Accessor(path).resolve, quiet=True)


def _links_to_its_own(column: Any) -> bool:
    link = column.link
    return isinstance(link, LinkTransform) and not (link.url or link.reverse_args)


def _way_to(accessor: Any) -> Sequence[Any]:
    """Return what leads to a cell, and to what it is of, back to the row."""
    bits = accessor.bits
    return [Accessor(accessor.SEPARATOR.join(bits[:length])) for length in range(len(bits), -1, -1)]


def _link(way: Sequence[Any], attrs: Any, content: Any, record: Any, **kwargs: Any) -> Any:
    """Link to the object that a cell is of: of ``author__name``, the author."""
    for accessor in way:
        target = accessor.resolve(record, quiet=True)
        if hasattr(target, "get_absolute_url"):
            break
    else:
        return content
    url = resolve_link(target.get_absolute_url() or "")
    if not url:
        return content
    own = computed_values(attrs, kwargs={"record": record, **kwargs}) if attrs else {}
    text = _shown(content)
    if not isinstance(text, str):
        is_moment = isinstance(text, dt.datetime) and timezone.is_aware(text)
        text = formats.localize(timezone.localtime(text) if is_moment else text)
    return format_html("<a{}>{}</a>", _html({**own, "href": url}), text)


def _link_elsewhere(link: LinkTransform, content: Any, **kwargs: Any) -> Any:
    """Link as django-tables2 does; where the address is refused, show the content alone."""
    url = link.compose_url(**kwargs)
    return content if url is not None and resolve_link(url) is None else link(content, **kwargs)


def _shown(value: Any) -> Any:
    """Return what the template writes by the locale, or as text that it escapes.

    Raises:
        ComponentValueError: the value has no text.
    """
    value = as_text("Table", "cell", value)
    if value is None or (isinstance(value, str) and value == ""):
        return _MISSING
    if isinstance(value, bool):
        return yesno(value)
    if isinstance(value, str) or hasattr(value, "__html__") or _is_number(value):
        return value
    if isinstance(value, dt.date | dt.time):
        return value
    return format_value(value) if isinstance(value, dt.timedelta) else str(value)


def _is_long(text: str) -> bool:
    """Whether a text had better be written in several lines."""
    if len(text) <= _LONG:
        return False
    return len(strip_tags(text) if isinstance(text, SafeString) else text) > _LONG


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _html(attrs: Mapping[str, Any]) -> SafeString:
    if not attrs:
        return _NOTHING
    if attrs == {"class": "dashboards-number"}:
        return _NUMBER
    html = AttributeDict(attrs).as_html()
    return format_html(" {}", html) if html else _NOTHING
