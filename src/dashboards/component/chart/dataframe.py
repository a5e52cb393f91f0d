"""Rows as a data frame. Only this module needs pandas or polars."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from django.utils import timezone

from dashboards.exceptions import ComponentValueError

LIBRARIES = ("pandas", "polars")
"""The supported libraries, in the order in which an installed one is looked for."""


def make(rows: Sequence[Sequence[Any]], columns: Sequence[str], library: str | None) -> Any:
    """Return a data frame.

    Decimals become floats, UUIDs become texts, and aware times become naive ones of the active
    time zone, because neither library can chart them otherwise.

    Args:
        rows: the rows, each a sequence with one value for each column.
        columns: the names of the columns.
        library: ``"pandas"`` or ``"polars"``; ``None`` for the one that is installed.

    Raises:
        ComponentValueError: the library is not installed.
    """
    name = library or next((each for each in LIBRARIES if find_spec(each)), None)
    if name is None or not find_spec(name):
        msg = (
            f"needs {name or ' or '.join(LIBRARIES)}, which is not installed: "
            f'pip install "django-live-dashboards[{name or LIBRARIES[0]}]". Or override get_data'
        )
        raise ComponentValueError(msg)
    data = {column: [_plain(row[index]) for row in rows] for index, column in enumerate(columns)}
    if name == "polars":
        # Not strict: a column may begin with integers or None, and contain floats after that.
        return import_module(name).DataFrame(data, strict=False)
    return import_module(name).DataFrame(data, columns=list(columns))


def is_empty(frame: Any) -> bool:
    """Return True for ``None``, and for a data frame or a collection without rows."""
    if frame is None:
        return True
    try:
        return len(frame) == 0
    except TypeError:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime) and timezone.is_aware(value):
        # Of aware times in a data frame plotly ignores the zone, and draws the time as it is.
        return timezone.make_naive(value)
    return str(value) if isinstance(value, UUID) else value
