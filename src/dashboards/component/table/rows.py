"""Ordering and searching of rows by fields, on querysets and lists alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet

MAX_SEARCH_WORDS = 8


@dataclass(frozen=True)
class SortKey:
    """One value that rows are ordered by.

    Args:
        path: the path to it, with ``__``.
        get: returns a row's value, ``None`` if there is none.
        descending: True if it descends while the column ascends.
    """

    path: str
    get: Callable[[Any], Any]
    descending: bool = False


@dataclass(frozen=True)
class Field:
    """The way a column is read from a row, ordered and searched.

    Args:
        path: the path to it, with ``__``.
        get: returns a row's value, ``None`` if there is none.
        order_by: the values that the column is ordered by.
        order: the column's own way to order a queryset; returns the queryset, and True if it
            has ordered it.
    """

    path: str
    get: Callable[[Any], Any]
    order_by: tuple[SortKey, ...]
    order: Callable[[QuerySet[Any], bool], tuple[QuerySet[Any], bool]] | None = None


class Rows(Protocol):
    """All rows of a table, of which one page is shown."""

    def can_order(self, field: Field) -> bool:
        """Return True if rows can be ordered by a column."""

    def can_search(self, field: Field) -> bool:
        """Return True if a column can be searched."""

    def search(self, text: str, fields: Sequence[Field]) -> "Rows":
        """Return the rows in which each word is found in one of the columns."""

    def order(self, terms: Sequence[tuple[Field, bool]]) -> "Rows":
        """Return the rows in an order: by the first column, then by the next.

        Args:
            terms: columns, each with True if it descends.
        """

    def count(self) -> int:
        """Return the number of rows."""

    def read(self, start: int, stop: int) -> Sequence[Any]:
        """Return the rows from one index up to another."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over all rows; those of a queryset are read in chunks."""


def contains(text: str, word: str, *, ignore_case: bool) -> bool:
    """Return True if a text contains a word."""
    return word.casefold() in text.casefold() if ignore_case else word in text
