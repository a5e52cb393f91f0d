"""Two more kinds of columns for django-tables2.

Use them in a ``TableSerializer``'s ``Meta.columns`` or in a ``django_tables2.Table``.
"""

from collections.abc import Callable
from typing import Any

import django_tables2
from django.utils import formats
from django_tables2.utils import call_with_appropriate

from dashboards.component.table.cells import NUMBER_CLASS

NUMBER_ATTRS = {"cell": {"class": NUMBER_CLASS}}


class NumberColumn(django_tables2.Column):  # type: ignore[misc] # brings no types
    """Numbers in the format of the locale, with grouped thousands, aligned to the right.

    Args:
        decimals: digits after the decimal point; by default as many as the number has.
        prefix: text before the number.
        suffix: text after the number, such as ``" €"``.
        **kwargs: the arguments of ``django_tables2.Column``.
    """

    def __init__(
        self,
        *args: Any,
        decimals: int | None = None,
        prefix: str = "",
        suffix: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("attrs", NUMBER_ATTRS)
        super().__init__(*args, **kwargs)
        self.decimals, self.prefix, self.suffix = decimals, prefix, suffix

    def render(self, value: Any) -> str:
        """Return the number as text."""
        number = formats.number_format(value, self.decimals, use_l10n=True, force_grouping=True)
        return f"{self.prefix}{number}{self.suffix}"

    def value(self, value: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - as django-tables2 calls it
        """Return the number itself, for export."""
        return value


class FunctionColumn(django_tables2.Column):  # type: ignore[misc] # brings no types
    """Cells that a function computes from a row. The result is escaped unless it is marked safe.

    Args:
        function: called with those of ``value``, ``record``, ``column``, ``bound_column``,
            ``bound_row`` and ``table`` that its parameters name.
        **kwargs: the arguments of ``django_tables2.Column``.
    """

    empty_values = ()

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.function = function

    def render(self, **kwargs: Any) -> Any:
        """Return the function's result."""
        return call_with_appropriate(self.function, kwargs)
