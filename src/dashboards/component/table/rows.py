"""The rows of a table: searched, ordered and cut into pages, by the database or in Python."""

import datetime as dt
import numbers
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from math import isnan
from typing import Any, Protocol

from django import forms
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import formats, timezone

_MAX_WORDS = 8
_MAX_INTEGER = 2**63 - 1
_CHUNK = 2000


@dataclass(frozen=True)
class Part:
    """What rows are ordered by.

    Args:
        path: the way to it, with ``__``.
        get: returns a row's value, ``None`` where there is none.
        descending: whether it descends where the whole ascends.
    """

    path: str
    get: Callable[[Any], Any]
    descending: bool = False


@dataclass(frozen=True)
class Field:
    """How a column is found in a row, ordered and searched.

    Args:
        path: the way to it, with ``__``.
        get: returns a row's value, ``None`` where there is none.
        order_by: what it is ordered by.
        order: orders a queryset in a way of its own; returns it, and whether it did.
    """

    path: str
    get: Callable[[Any], Any]
    order_by: tuple[Part, ...]
    order: Callable[[QuerySet[Any], bool], tuple[QuerySet[Any], bool]] | None = None


class Rows(Protocol):
    """What a page of a table is cut from."""

    def can_order(self, field: Field) -> bool:
        """Whether rows can be ordered by a column."""

    def can_search(self, field: Field) -> bool:
        """Whether rows can be searched by a column."""

    def searched(self, text: str, fields: Sequence[Field]) -> "Rows":
        """Return the rows of which some column holds each of the words."""

    def ordered(self, terms: Sequence[tuple[Field, bool]]) -> "Rows":
        """Return the rows in an order: by the first column, then by the next.

        Args:
            terms: columns, and whether each descends.
        """

    def count(self) -> int:
        """Return how many there are."""

    def cut(self, start: int, stop: int) -> Sequence[Any]:
        """Return some of them."""

    def __iter__(self) -> Iterator[Any]:
        """Go through all of them without holding all of them."""


# Querysets


@dataclass(frozen=True)
class _Column:
    """A column of the database.

    Args:
        field: what it is; ``None`` where the database does not know it.
        nullable: whether it may be NULL.
        relations: the relations to one object that lead to it.
        many: the relation to many objects that it is.
    """

    field: Any
    nullable: bool = True
    relations: str = ""
    many: str = ""


def _find(queryset: QuerySet[Any], path: str) -> _Column:
    """Follow a path through the model, to one object each time, as far as it goes."""
    if annotation := queryset.query.annotations.get(path):
        return _Column(getattr(annotation, "_output_field_or_none", None))
    model, nullable, relations = queryset.model, False, []
    bits = path.split("__")
    for index, bit in enumerate(bits):
        try:
            field = model._meta.pk if bit == "pk" else model._meta.get_field(bit)  # noqa: SLF001
        except FieldDoesNotExist:
            break
        is_last = index == len(bits) - 1
        if field.is_relation and (field.many_to_one or field.one_to_one) and field.related_model:
            nullable = nullable or field.null or not field.concrete
            relations.append(field.name)
            if is_last:
                if field.concrete:
                    return _Column(field, nullable, "__".join(relations))
                break
            model = field.related_model
        elif is_last and field.concrete and not field.is_relation:
            return _Column(field, nullable or field.null, "__".join(relations))
        else:
            many = "__".join([*relations, bit]) if is_last and field.many_to_many else ""
            return _Column(None, relations="__".join(relations), many=many)
    return _Column(None, relations="__".join(relations))


class QuerysetRows:
    """Rows that the database searches, orders and cuts."""

    def __init__(self, queryset: QuerySet[Any], fields: Sequence[Field], *, lower: bool) -> None:
        self._lower = lower
        self._columns = {field.path: _find(queryset, field.path) for field in fields}
        self._paths = [field.path for field in fields]
        # As dicts, not objects: there is nothing to follow relations from.
        self._is_values = getattr(queryset, "_fields", None) is not None
        names, is_all_but = queryset.query.deferred_loading
        if not self._is_values and (is_all_but or not names):
            # As many queries for a page, however many rows and relations.
            columns = self._columns.values()
            relations = {column.relations for column in columns if column.relations}
            if relations and queryset.query.select_related is not True:
                queryset = queryset.select_related(*sorted(relations))
            queryset = queryset.prefetch_related(*(each.many for each in columns if each.many))
        self._queryset = queryset

    def _with(self, queryset: QuerySet[Any]) -> "QuerysetRows":
        twin = object.__new__(QuerysetRows)
        twin.__dict__.update(self.__dict__, _queryset=queryset)
        return twin

    def _column(self, path: str) -> _Column:
        return self._columns.get(path) or _find(self._queryset, path)

    def can_order(self, field: Field) -> bool:
        """Whether the database knows what it is ordered by."""
        return field.order is not None or all(
            self._column(part.path).field is not None for part in field.order_by
        )

    def can_search(self, field: Field) -> bool:
        """Whether the database knows it, and it can hold words."""
        found = self._column(field.path).field
        return found is not None and not found.is_relation

    def searched(self, text: str, fields: Sequence[Field]) -> "QuerysetRows":
        """Return the rows of which some column holds each of the words."""
        queryset = self._queryset
        for word in text.split()[:_MAX_WORDS]:
            found = Q()
            for field in fields:
                column = self._column(field.path)
                if column.field is not None:
                    found |= _holds(field.path, column.field, word, lower=self._lower)
            queryset = queryset.filter(found) if found else queryset.none()
        return self._with(queryset)

    def ordered(self, terms: Sequence[tuple[Field, bool]]) -> "QuerysetRows":
        """Return the rows in an order in which no two are equal, so that pages do not overlap."""
        queryset = self._queryset
        order: list[Any] = []
        for field, descending in terms:
            if field.order is not None:
                own, is_ordered = field.order(queryset, descending)
                if is_ordered:
                    order += own.query.order_by
                    continue
            order += [
                self._term(part.path, descending=descending != part.descending)
                for part in field.order_by
            ]
        query = queryset.query
        if query.extra_order_by and not order:
            return self
        if self._is_values:
            # Of groups, by nothing that is not shown: it would make more groups of them.
            order += query.order_by
            order += [path for path in self._paths if self._column(path).field is not None]
        else:
            is_default = query.default_ordering and not query.order_by
            order += queryset.model._meta.ordering if is_default else query.order_by  # noqa: SLF001
            order.append("pk")
        return self._with(queryset.order_by(*order))

    def _term(self, path: str, *, descending: bool) -> Any:
        column = self._column(path)
        if column.field is None or column.field.is_relation:
            # Ordered as the related model is.
            return f"-{path}" if descending else path
        by: Any = F(path)
        if self._lower and _is_text(column.field):
            by = Lower(path)
        # What is missing comes last, whichever way round.
        last = True if column.nullable else None
        return by.desc(nulls_last=last) if descending else by.asc(nulls_last=last)

    def count(self) -> int:
        """Return how many there are."""
        return self._queryset.count()

    def cut(self, start: int, stop: int) -> Sequence[Any]:
        """Return some of them."""
        return list(self._queryset[start:stop])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._queryset.iterator(chunk_size=_CHUNK))


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField)


def _holds(path: str, field: Any, word: str, *, lower: bool) -> Q:
    """Return what finds a word: text anywhere within, all else as a whole."""
    if field.flatchoices:
        # What is shown is a choice's name.
        chosen = [
            value for value, name in field.flatchoices if _within(word, str(name), lower=lower)
        ]
        return Q((f"{path}__in", chosen)) if chosen else Q()
    if _is_text(field):
        return Q((f"{path}__icontains" if lower else f"{path}__contains", word))
    for kind, read, lookup in _READERS:
        if isinstance(field, kind):
            try:
                value = read(word, field)
            except (ValidationError, ValueError, ArithmeticError):
                return Q()
            return Q((f"{path}{lookup}", value)) if value is not None else Q()
    return Q()


def _read_integer(word: str, _field: Any) -> int:
    form = forms.IntegerField(min_value=-_MAX_INTEGER - 1, max_value=_MAX_INTEGER, localize=True)
    return int(form.clean(word))


def _read_float(word: str, _field: Any) -> float:
    return float(forms.FloatField(localize=True).clean(word))


def _read_decimal(word: str, field: Any) -> Decimal:
    form = forms.DecimalField(
        max_digits=field.max_digits, decimal_places=field.decimal_places, localize=True
    )
    return Decimal(form.clean(word))


def _read_date(word: str, _field: Any) -> dt.date:
    date: dt.date = forms.DateField().clean(word)
    return date


def _read_day(word: str, field: Any) -> tuple[dt.datetime, dt.datetime]:
    # A range needs no time zones that the database would have to know, and finds an index.
    day = _read_date(word, field)
    if day.year in (dt.MINYEAR, dt.MAXYEAR):
        msg = "At the ends of time, other time zones have another year."
        raise ValueError(msg)
    start, end = (dt.datetime.combine(day, time) for time in (dt.time.min, dt.time.max))
    if settings.USE_TZ:
        return timezone.make_aware(start), timezone.make_aware(end)
    return start, end


def _read_uuid(word: str, _field: Any) -> Any:
    return forms.UUIDField().clean(word)


# The first that fits: a DateTimeField is a DateField, too.
_READERS: Sequence[tuple[type, Callable[[str, Any], Any], str]] = (
    (models.IntegerField, _read_integer, ""),
    (models.FloatField, _read_float, ""),
    (models.DecimalField, _read_decimal, ""),
    (models.DateTimeField, _read_day, "__range"),
    (models.DateField, _read_date, ""),
    (models.UUIDField, _read_uuid, ""),
)


# Lists


class ListRows:
    """Rows that are all there already."""

    def __init__(self, rows: Sequence[Any], *, lower: bool) -> None:
        self._rows = rows
        self._lower = lower

    def can_order(self, field: Field) -> bool:
        """Whatever there is has an order."""
        return bool(field.order_by)

    def can_search(self, field: Field) -> bool:  # noqa: ARG002 - as for querysets
        """Whatever there is can be searched."""
        return True

    def searched(self, text: str, fields: Sequence[Field]) -> "ListRows":
        """Return the rows of which some column holds each of the words."""
        words = text.split()[:_MAX_WORDS]

        def holds(row: Any) -> bool:
            texts = "\n".join(_text(field.get(row)) for field in fields)
            return all(_within(word, texts, lower=self._lower) for word in words)

        return ListRows([row for row in self._rows if holds(row)], lower=self._lower)

    def ordered(self, terms: Sequence[tuple[Field, bool]]) -> "ListRows":
        """Return the rows in an order; those that are equal as they stood."""
        rows = list(self._rows)
        parts = [
            (part, part.descending != down) for field, down in terms for part in field.order_by
        ]
        for part, descending in reversed(parts):
            # What is missing comes last, whichever way round.
            keyed = [(_key(part.get(row), lower=self._lower), row) for row in rows]
            there = [(key, row) for key, row in keyed if key is not None]
            there.sort(key=_first, reverse=descending)
            rows = [row for _, row in there] + [row for key, row in keyed if key is None]
        return ListRows(rows, lower=self._lower)

    def count(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def cut(self, start: int, stop: int) -> Sequence[Any]:
        """Return some of them."""
        return self._rows[start:stop]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _within(word: str, text: str, *, lower: bool) -> bool:
    return word.casefold() in text.casefold() if lower else word in text


def _text(value: Any) -> str:
    """Return what may be searched of a value: as it is written, and as it is shown."""
    if value is None:
        return ""
    if isinstance(value, str | bool | int):
        return str(value)
    if isinstance(value, numbers.Number | Decimal | dt.date | dt.time):
        return f"{value}\n{formats.localize(value)}"
    return str(value)


def _key(value: Any, *, lower: bool) -> tuple[int, Any] | None:
    """Return what stands for a value among others of any type; ``None`` where it is missing."""
    key: tuple[int, Any] | None
    if value is None or value == "":
        key = None
    elif isinstance(value, numbers.Real | Decimal):
        number = value if isinstance(value, int | float | Decimal) else float(value)
        # What is not a number is neither more nor less than any other.
        key = (0, number) if isinstance(number, int) or not isnan(number) else None
    elif isinstance(value, str):
        key = (1, value.casefold() if lower else value)
    elif isinstance(value, dt.date):
        key = (2, _moment(value))
    elif isinstance(value, dt.timedelta):
        key = (3, value)
    else:
        text = str(value)
        key = (4, text.casefold() if lower else text)
    return key


def _moment(value: dt.date) -> str:
    """Return a text that orders dates and times, with and without a time zone."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        with suppress(OverflowError):  # at the ends of time
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value.isoformat()


def rows_of(rows: Any, fields: Sequence[Field], *, lower: bool) -> Rows:
    """Return the rows of a queryset or a list."""
    if isinstance(rows, QuerySet):
        return QuerysetRows(rows, fields, lower=lower)
    return ListRows(rows, lower=lower)
