"""Rows that are in memory, searched and ordered in Python."""

import datetime as dt
import numbers
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from math import isnan
from operator import itemgetter
from typing import Any

from django.utils import formats

from dashboards.component.table.rows import MAX_SEARCH_WORDS, Field, contains


class ListRows:
    """The rows of a list."""

    def __init__(self, rows: Sequence[Any], *, ignore_case: bool) -> None:
        self._rows = rows
        self._ignore_case = ignore_case

    def can_order(self, field: Field) -> bool:
        """Return True if the column names what it is ordered by."""
        return bool(field.order_by)

    def can_search(self, field: Field) -> bool:  # noqa: ARG002 - as for querysets
        """Return True: any value can be searched."""
        return True

    def search(self, text: str, fields: Sequence[Field]) -> "ListRows":
        """Return the rows in which each word is found in one of the columns."""
        words = text.split()[:MAX_SEARCH_WORDS]

        def is_match(row: Any) -> bool:
            texts = "\n".join(_as_searchable(field.get(row)) for field in fields)
            return all(contains(texts, word, ignore_case=self._ignore_case) for word in words)

        return ListRows([row for row in self._rows if is_match(row)], ignore_case=self._ignore_case)

    def order(self, terms: Sequence[tuple[Field, bool]]) -> "ListRows":
        """Return the rows in an order; equal rows keep their order."""
        rows = list(self._rows)
        keys = [(key, key.descending != down) for field, down in terms for key in field.order_by]
        for key, descending in reversed(keys):
            keyed = [(_order_key(key.get(row), self._ignore_case), row) for row in rows]
            known = [pair for pair in keyed if pair[0] is not None]
            known.sort(key=itemgetter(0), reverse=descending)
            # Rows without a value come last in both directions.
            rows = [row for _, row in known] + [row for value, row in keyed if value is None]
        return ListRows(rows, ignore_case=self._ignore_case)

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def read(self, start: int, stop: int) -> Sequence[Any]:
        """Return the rows from one index up to another."""
        return self._rows[start:stop]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


def _as_searchable(value: Any) -> str:
    """Return the texts of a value that a viewer may search: Python's and the locale's."""
    if value is None:
        return ""
    if isinstance(value, str | bool | int):
        return str(value)
    if isinstance(value, numbers.Number | Decimal | dt.date | dt.time):
        return f"{value}\n{formats.localize(value)}"
    return str(value)


def _order_key(value: Any, ignore_case: bool) -> tuple[int, Any] | None:  # noqa: FBT001
    """Return a key that can be compared with that of any other type; ``None`` if it is missing."""
    key: tuple[int, Any] | None
    if value is None or value == "":
        key = None
    elif isinstance(value, numbers.Real | Decimal):
        number = value if isinstance(value, int | float | Decimal) else float(value)
        # NaN has no order.
        key = (0, number) if isinstance(number, int) or not isnan(number) else None
    elif isinstance(value, str):
        key = (1, value.casefold() if ignore_case else value)
    elif isinstance(value, dt.date):
        key = (2, _as_sortable(value))
    elif isinstance(value, dt.timedelta):
        key = (3, value)
    else:
        text = str(value)
        key = (4, text.casefold() if ignore_case else text)
    return key


def _as_sortable(value: dt.date) -> str:
    """Return a text that orders dates and datetimes, naive and aware ones together."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        with suppress(OverflowError):  # in the years 1 and 9999
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value.isoformat()
