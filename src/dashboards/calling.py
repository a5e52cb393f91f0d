"""The names of a callable's parameters: authors' functions get the arguments that they name."""

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

_names: WeakKeyDictionary[Any, frozenset[str] | None] = WeakKeyDictionary()
"""The names of parameters by function: to inspect a function takes long."""


def names_of(value: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names of a callable's parameters; ``None`` if it has ``**kwargs``."""
    # A bound method lives no longer than its instance, so its function is the key.
    function = getattr(value, "__func__", value)
    if not isinstance(function, FunctionType):
        return _inspect(value)
    try:
        return _names[function]
    except KeyError:
        return _names.setdefault(function, _inspect(value))


def _inspect(value: Callable[..., Any]) -> frozenset[str] | None:
    try:
        parameters = tuple(inspect.signature(value).parameters.values())
    except ValueError:
        parameters = ()  # Built in, such as time.time: it has none of our names.
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)
