"""A class that declares what a table shows."""

from collections.abc import Callable
from typing import Any

from dashboards.component.serializer import Serializer
from dashboards.component.table.source import (
    Columns,
    TableSource,
    as_columns,
    as_named,
    as_order,
    as_rows,
)
from dashboards.component.values import resolve


class TableSerializer(Serializer):
    """Declares what a table shows. Use the class as ``value`` or ``defer`` of a ``Table``.

    Attributes of ``Meta``:

    * ``columns``: headings by name, such as ``{"author__name": "Author"}``, or a list of names.
      A name is a field, an attribute or a key, through relations with ``__``. A column of
      django-tables2 may take the place of a heading, and adds formats and links.
    * ``model``: the model whose objects are the rows; or override ``get_queryset`` or
      ``get_data``.
    * ``order``: one name or several, with ``-`` before those that descend.
    * ``title``: the heading, if the ``Table`` has none of its own; else the caption.
    * ``first_as_absolute_url``: ``True`` links the first column to the row's own page.
    * ``force_lower``: ``False`` distinguishes upper and lower case in searching and ordering.

    ``get_<name>_value(obj)`` computes a column's cells; ``<name>`` may contain ``__``. Its result
    is escaped unless it is marked safe. Ordering and searching use the field of that name: give
    a column that hides part of a field a name that is not a field.
    """

    allowed = ("columns", "first_as_absolute_url", "force_lower", "model", "order", "title")

    @classmethod
    def serialize(cls, **kwargs: Any) -> "TableSerializer":
        """Return an instance for a request, as calling the class does."""
        return cls(**kwargs)

    def get_data(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the rows: a list or iterator of dicts or objects, or a queryset.

        Args:
            *args: unused; for later versions.
            **kwargs: the arguments of ``get_queryset``.
        """
        return resolve(self.get_queryset, **kwargs)

    def source(self) -> TableSource:
        """Return the rows and columns."""
        rows = as_rows(resolve(self.get_data, **self.kwargs))
        declared: Columns | None = self.get_option("columns")
        columns = as_columns(declared, rows)
        return TableSource(
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
