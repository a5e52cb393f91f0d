"""Getting the value of a component: calling what returns it, and checking what it has returned."""

import inspect
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from asgiref.sync import async_to_sync

from dashboards.calling import names_of
from dashboards.component.conversion import shorten
from dashboards.exceptions import ComponentValueError

D = TypeVar("D")
_MAX_DECIMALS = 20


def resolve(value: Any, **kwargs: Any) -> Any:
    """Return a value; of a callable its result, awaited if it is awaitable.

    Args:
        value: the value or callable.
        **kwargs: the arguments. A callable gets those that it names.
    """
    result = call(value, **kwargs)
    # The result is checked, because a function that returns an awaitable need not be async.
    if callable(value) and inspect.isawaitable(result):
        return async_to_sync(_wait_for)(result)
    return result


def call(value: Any, **kwargs: Any) -> Any:
    """Return a value; of a callable its result, which may be awaitable."""
    if not callable(value):
        return value
    names = names_of(value)
    if names is not None:
        kwargs = {name: kwarg for name, kwarg in kwargs.items() if name in names}
    return value(**kwargs)


async def _wait_for(result: Awaitable[Any]) -> Any:
    return await result


def as_data(kind: str, data: type[D], value: Any, *, short: str) -> D:
    """Return a component's data object, made from a mapping of its fields or from its main field.

    Args:
        kind: the component's name, for the error.
        data: the data class. An instance of it is returned as it is.
        value: a mapping, an instance of ``data``, or a value of the field ``short``.
        short: the name of the main field.

    Raises:
        ComponentValueError: the mapping has a key that is no field, or lacks a required one.
    """
    if isinstance(value, data):
        return value
    fields = value if isinstance(value, Mapping) else {short: value}
    try:
        return data(**fields)
    except TypeError as error:
        parameters = inspect.signature(data).parameters.values()
        # Older names, which still work, are keyword-only.
        allowed = ", ".join(each.name for each in parameters if each.kind is not each.KEYWORD_ONLY)
        msg = f"A {kind}'s value may have {allowed}; got {shorten(value)}."
        raise ComponentValueError(msg) from error


def as_number(kind: str, field: str, value: Any) -> float:
    """Return a finite number.

    Raises:
        ComponentValueError: the value is no finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if number - number != 0:  # NaN and the infinities differ from themselves
        msg = f"A {kind}'s {field} must be a finite number, got {shorten(value)}."
        raise ComponentValueError(msg)
    return number


def as_decimals(kind: str, value: Any) -> int | None:
    """Return the number of digits after the point; ``None`` for as many as a number has.

    Raises:
        ComponentValueError: the value is no whole number from 0 to 20.
    """
    if value is None or (type(value) is int and 0 <= value <= _MAX_DECIMALS):
        return value
    msg = (
        f"A {kind}'s decimals must be a whole number from 0 to {_MAX_DECIMALS}, "
        f"got {shorten(value)}."
    )
    raise ComponentValueError(msg)
