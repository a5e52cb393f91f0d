"""A table's rows and columns, made from any value that a table accepts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Manager, Model, QuerySet
from django.db.models.query import ModelIterable, ValuesIterable
from django.utils.functional import Promise

from dashboards.component.conversion import explain_names, shorten
from dashboards.exceptions import ComponentValueError
from dashboards.texts import StrOrPromise

Columns = Mapping[str, Any] | Collection[str]

_ALLOWED = (
    "A Table's value must be a queryset, a list or iterator of dicts or objects, a "
    "django_tables2.Table, a TableSerializer, or a dict with data and columns"
)


@dataclass(frozen=True)
class TableData:
    """The rows of a ``Table``, and its columns.

    Args:
        data: a queryset, or a list or iterator of dicts or objects.
        columns: as in ``Table``, instead of the component's.
        order: as in ``Table``, instead of the component's.
        title: the caption, instead of the component's.
    """

    data: Any = ()
    columns: Columns | None = None
    order: str | Sequence[str] = ()
    title: StrOrPromise = ""


@dataclass(frozen=True)
class TableSource:
    """The rows and columns of a table.

    Args:
        rows: a queryset, or a list.
        columns: headings, or columns of django-tables2, by name.
        order: the order until a viewer chooses another.
        title: the caption.
        getters: functions that compute a cell from its row, by the column's name.
        first_as_absolute_url: True if the first column links to the row's own page.
        force_lower: True if searching and ordering ignore case.
        table: a ``django_tables2.Table`` with columns of its own, shown with ``rows``.
    """

    rows: Any
    columns: Mapping[str, Any]
    order: tuple[str, ...] = ()
    title: StrOrPromise = ""
    getters: Mapping[str, Callable[[Any], Any]] | None = None
    first_as_absolute_url: bool = False
    force_lower: bool = True
    table: Any = None


def as_rows(value: Any) -> Any:
    """Return a copy of a queryset, not evaluated yet, or a list.

    Raises:
        ComponentValueError: the value is neither a queryset nor an iterable of rows.
    """
    if isinstance(value, Manager):
        value = value.all()
    if isinstance(value, QuerySet):
        if not issubclass(value._iterable_class, ModelIterable | ValuesIterable):  # noqa: SLF001
            # Rows of values_list() have no names, those of values() have.
            value = value.values(*(getattr(value, "_fields", None) or ()))
        return list(value.all()) if is_read_whole(value) else value.all()
    if value is None or isinstance(value, str | bytes | bytearray | memoryview | Mapping | Promise):
        msg = f"{_ALLOWED}; its data was {shorten(value)}."
        raise ComponentValueError(msg)
    try:
        return list(value)
    except TypeError as error:
        msg = f"{_ALLOWED}, got {shorten(value)}."
        raise ComponentValueError(msg) from error


def is_read_whole(rows: QuerySet[Any]) -> bool:
    """Return True if a queryset is read like a list: Django filters and orders it no further."""
    query = rows.query
    return bool(query.is_sliced or query.combinator or query.distinct_fields)


def lacks_names(rows: QuerySet[Any]) -> bool:
    """Return True if a queryset gives whole objects, and so no names of columns to show."""
    return not (issubclass(rows.model, Model) and getattr(rows, "_fields", None))


def as_named(rows: Any, columns: Mapping[str, Any]) -> Any:
    """Return rows whose values can be read by name: tuples become dicts.

    Args:
        rows: a queryset, or a list.
        columns: the columns, in their order.

    Raises:
        ComponentValueError: a row is not a dict, an object or a tuple, or a tuple has another
            length.
    """
    if isinstance(rows, QuerySet):
        return rows
    return [_as_named(row, columns) for row in rows]


def _as_named(row: Any, columns: Mapping[str, Any]) -> Any:
    kind = type(row)
    if (kind is tuple or kind is list) and columns:
        if len(row) == len(columns):
            return dict(zip(columns, row, strict=True))
        msg = (
            f"A row of a Table must have as many values as there are columns "
            f"({', '.join(columns)}), got {shorten(row)}."
        )
        raise ComponentValueError(msg)
    if row is None or isinstance(row, _SCALARS):
        msg = f"A row of a Table must be a dict, an object or a tuple, got {shorten(row)}."
        raise ComponentValueError(msg)
    return row


_SCALARS = (str, bytes, int, float, complex, Decimal, set, frozenset, date, time, UUID, type)


def check_columns(columns: Any) -> None:
    """Check declared columns.

    Raises:
        ComponentValueError: they are neither None nor names nor headings by name; or a name is no
            plain text.
    """
    fault = "" if columns is None else explain_names(columns)
    if fault:
        allowed = "headings by name, or a list of names, which are plain texts"
        msg = f"A Table's columns must be {allowed}, {fault}."
        raise ComponentValueError(msg)


def as_columns(columns: Columns | None, rows: Any) -> Mapping[str, Any]:
    """Return headings or columns by name: the declared ones, or those of the rows.

    Raises:
        ComponentValueError: no columns are declared, and the rows are model objects or other
            objects without named fields. All their attributes must not be shown by default.
    """
    if columns is not None:
        check_columns(columns)
        return columns if isinstance(columns, Mapping) else dict.fromkeys(columns)
    if isinstance(rows, QuerySet):
        if lacks_names(rows):
            msg = f"A Table of {rows.model.__name__} needs columns, as in columns=['pk']."
            raise ComponentValueError(msg)
        first = rows[:1]
        row = first[0] if first else {}
    else:
        row = rows[0] if rows else {}
    if isinstance(row, Mapping):
        # Not all dicts of a list have the same keys.
        names = dict.fromkeys(name for each in _first_dicts(rows) for name in each)
        if unnamed := [name for name in names if not isinstance(name, str)]:
            msg = f"A Table's columns must have texts as names, got {shorten(unnamed[0])}."
            raise ComponentValueError(msg)
        return {str(name): None for name in names}
    if is_dataclass(row):
        return {each.name: None for each in fields(row)}
    if isinstance(row, tuple) and hasattr(row, "_fields"):
        return dict.fromkeys(row._fields)
    msg = f"A Table of {type(row).__name__} needs columns, as in columns=['name']."
    raise ComponentValueError(msg)


def _first_dicts(rows: Any) -> Sequence[Mapping[Any, Any]]:
    return [row for row in rows[:100] if isinstance(row, Mapping)]


def as_order(order: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return an order as names of columns, with ``-`` before those that descend."""
    if not order:
        return ()
    if isinstance(order, str):
        order = order.split(",")
    return tuple(each.strip() for each in order)
