"""Rows that the database searches, orders and slices."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from dashboards.component.table.rows import MAX_SEARCH_WORDS, Field, contains

_MAX_INTEGER = 2**63 - 1
_CHUNK = 2000


@dataclass(frozen=True)
class _DatabaseField:
    """The end of a path of field names in the database.

    Args:
        field: the model field; ``None`` if the database has no such field.
        nullable: True if it may be NULL.
        relations: the path of the relations to one object that lead to it.
        many: the path of the many-to-many relation that it is.
    """

    field: Any
    nullable: bool = True
    relations: str = ""
    many: str = ""


def _find_field(queryset: QuerySet[Any], path: str) -> _DatabaseField:
    """Follow a path through models, as far as each relation leads to one object."""
    if annotation := queryset.query.annotations.get(path):
        return _DatabaseField(getattr(annotation, "_output_field_or_none", None))
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
                    return _DatabaseField(field, nullable, "__".join(relations))
                break
            model = field.related_model
        elif is_last and field.concrete and not field.is_relation:
            return _DatabaseField(field, nullable or field.null, "__".join(relations))
        else:
            many = "__".join([*relations, bit]) if is_last and field.many_to_many else ""
            return _DatabaseField(None, relations="__".join(relations), many=many)
    return _DatabaseField(None, relations="__".join(relations))


class QuerysetRows:
    """The rows of a queryset."""

    def __init__(
        self, queryset: QuerySet[Any], fields: Sequence[Field], *, ignore_case: bool
    ) -> None:
        self._ignore_case = ignore_case
        self._fields = {field.path: _find_field(queryset, field.path) for field in fields}
        self._paths = [field.path for field in fields]
        # Rows of values() are dicts: they have no relations to join.
        self._is_values = getattr(queryset, "_fields", None) is not None
        names, is_all_but = queryset.query.deferred_loading
        if not self._is_values and (is_all_but or not names):
            # The number of queries for a page is the same for any number of rows and relations.
            fields_found = self._fields.values()
            relations = {each.relations for each in fields_found if each.relations}
            if relations and queryset.query.select_related is not True:
                queryset = queryset.select_related(*sorted(relations))
            queryset = queryset.prefetch_related(*(each.many for each in fields_found if each.many))
        self._queryset = queryset

    def _with(self, queryset: QuerySet[Any]) -> "QuerysetRows":
        twin = object.__new__(QuerysetRows)
        twin.__dict__.update(self.__dict__, _queryset=queryset)
        return twin

    def _get_field(self, path: str) -> _DatabaseField:
        return self._fields.get(path) or _find_field(self._queryset, path)

    def can_order(self, field: Field) -> bool:
        """Return True if the database has all that the column is ordered by."""
        return field.order is not None or all(
            self._get_field(key.path).field is not None for key in field.order_by
        )

    def can_search(self, field: Field) -> bool:
        """Return True if the database has the column, and it is not a relation."""
        found = self._get_field(field.path).field
        return found is not None and not found.is_relation

    def search(self, text: str, fields: Sequence[Field]) -> "QuerysetRows":
        """Return the rows in which each word is found in one of the columns."""
        queryset = self._queryset
        for word in text.split()[:MAX_SEARCH_WORDS]:
            found = Q()
            for field in fields:
                database_field = self._get_field(field.path).field
                if database_field is not None:
                    found |= _match(field.path, database_field, word, self._ignore_case)
            queryset = queryset.filter(found) if found else queryset.none()
        return self._with(queryset)

    def order(self, terms: Sequence[tuple[Field, bool]]) -> "QuerysetRows":
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
                self._order_by(key.path, descending=descending != key.descending)
                for key in field.order_by
            ]
        query = queryset.query
        if query.extra_order_by and not order:
            return self
        if self._is_values:
            # Grouped rows: ordering by a field that is not shown would split the groups.
            order += query.order_by
            order += [path for path in self._paths if self._get_field(path).field is not None]
        else:
            is_default = query.default_ordering and not query.order_by
            order += queryset.model._meta.ordering if is_default else query.order_by  # noqa: SLF001
            order.append("pk")
        return self._with(queryset.order_by(*order))

    def _order_by(self, path: str, *, descending: bool) -> Any:
        found = self._get_field(path)
        if found.field is None or found.field.is_relation:
            # Django orders by the related model's own ordering.
            return f"-{path}" if descending else path
        by: Any = F(path)
        if self._ignore_case and _is_text(found.field):
            by = Lower(path)
        # NULL comes last in both directions.
        nulls_last = True if found.nullable else None
        return by.desc(nulls_last=nulls_last) if descending else by.asc(nulls_last=nulls_last)

    def count(self) -> int:
        """Return the number of rows, by one query."""
        return self._queryset.count()

    def read(self, start: int, stop: int) -> Sequence[Any]:
        """Return the rows from one index up to another, by one query."""
        return list(self._queryset[start:stop])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._queryset.iterator(chunk_size=_CHUNK))


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField)


def _match(path: str, field: Any, word: str, ignore_case: bool) -> Q:  # noqa: FBT001
    """Return a filter for a word: contained in a text, equal to any other value.

    The filter is empty if the field cannot have such a value.
    """
    if field.flatchoices:
        # The viewer sees the label of a choice, so that is searched.
        chosen = [
            value
            for value, label in field.flatchoices
            if contains(str(label), word, ignore_case=ignore_case)
        ]
        return Q((f"{path}__in", chosen)) if chosen else Q()
    if _is_text(field):
        return Q((f"{path}__icontains" if ignore_case else f"{path}__contains", word))
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
    # A range can use an index, and does not need time zone tables in the database.
    day = _read_date(word, field)
    if day.year in (dt.MINYEAR, dt.MAXYEAR):
        msg = "In another time zone this day is outside of the years that Python supports."
        raise ValueError(msg)
    start, end = (dt.datetime.combine(day, time) for time in (dt.time.min, dt.time.max))
    if settings.USE_TZ:
        return timezone.make_aware(start), timezone.make_aware(end)
    return start, end


def _read_uuid(word: str, _field: Any) -> Any:
    return forms.UUIDField().clean(word)


# The first match is used: DateTimeField is a subclass of DateField.
_READERS: Sequence[tuple[type, Callable[[str, Any], Any], str]] = (
    (models.IntegerField, _read_integer, ""),
    (models.FloatField, _read_float, ""),
    (models.DecimalField, _read_decimal, ""),
    (models.DateTimeField, _read_day, "__range"),
    (models.DateField, _read_date, ""),
    (models.UUIDField, _read_uuid, ""),
)
