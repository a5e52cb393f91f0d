"""A class that says what a table shows."""

from collections.abc import Callable
from typing import Any

from dashboards.component.serializer import Serializer
from dashboards.component.table.source import (
    Columns,
    Source,
    as_columns,
    as_named,
    as_order,
    as_rows,
)
from dashboards.component.values import resolve


class TableSerializer(Serializer):
    """Says what a table shows: give the class as ``value`` or ``defer`` of a ``Table``.

    ``Meta`` may say:

    * ``columns``: headings by name, such as ``{"author__name": "Author"}``; a name is a field, an
      attribute or a key, through relations with ``__``. In place of a heading may stand any
      column of django-tables2, which brings formats and links. Also a list of names.
    * ``model``: whose objects are the rows; or override ``get_queryset`` or ``get_data``.
    * ``order``: a name or several, with ``-`` before those that descend.
    * ``title``: the caption.
    * ``first_as_absolute_url``: ``True`` links the first column to the row's own page.
    * ``force_lower``: ``False`` tells upper from lower case in searching and ordering.

    ``get_<name>_value(obj)`` computes a column's cells (``__`` of the name included). What it
    returns is text, unless it is marked safe. Ordering and searching go by the field of that name:
    a column that hides part of a field wants a name that is no field.
    """

    allowed = ("columns", "first_as_absolute_url", "force_lower", "model", "order", "title")

    @classmethod
    def serialize(cls, **kwargs: Any) -> "TableSerializer":
        """Return one for a request, as calling the class does."""
        return cls(**kwargs)

    def get_data(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the rows: a list or iterator of dicts or objects, or a queryset.

        Args:
            *args: nothing, so far.
            **kwargs: what ``get_queryset`` gets.
        """
        return resolve(self.get_queryset, **kwargs)

    def source(self) -> Source:
        """Return rows and columns."""
        rows = as_rows(resolve(self.get_data, **self.kwargs))
        given: Columns | None = self.get_option("columns")
        columns = as_columns(given, rows)
        return Source(
            as_named(rows, columns),
            columns,
            order=as_order(self.get_option("order")),
            title=str(self.get_option("title", "")),
            getters={name: get for name in columns if (get := self._getter(name))},
            first_as_absolute_url=self.get_option("first_as_absolute_url", default=False),
            force_lower=self.get_option("force_lower", default=True),
        )

    def _getter(self, name: str) -> Callable[[Any], Any] | None:
        return getattr(self, f"get_{name}_value", None)
