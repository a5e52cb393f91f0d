"""Rows as a data frame: the one module that needs pandas or polars."""

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
"""Those that can be named, in the order in which they are looked for."""


def make(rows: Sequence[Sequence[Any]], columns: Sequence[str], library: str | None) -> Any:
    """Return a data frame.

    Decimals become floats, UUIDs texts, and aware times the active zone's own: neither library
    charts them otherwise.

    Args:
        rows: the rows, each a sequence of what the columns hold.
        columns: the names of the columns.
        library: ``"pandas"`` or ``"polars"``; ``None`` for whichever is installed.

    Raises:
        ComponentValueError: it is not installed.
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
        # A column may begin with whole numbers, or with nothing, and go on with others.
        return import_module(name).DataFrame(data, strict=False)
    return import_module(name).DataFrame(data, columns=list(columns))


def is_empty(frame: Any) -> bool:
    """Whether there is nothing in what was got: a frame of pandas or polars, or a collection."""
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
        # plotly takes the zone off what pandas or polars hold, and draws the rest as it stands.
        return timezone.make_naive(value)
    return str(value) if isinstance(value, UUID) else value
