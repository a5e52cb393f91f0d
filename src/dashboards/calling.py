"""Calling functions of authors: with the arguments that they name, and sync as well as async."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import FunctionType
from typing import Any, Self
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

_names: WeakKeyDictionary[Any, frozenset[str] | None] = WeakKeyDictionary()
"""The names of parameters by function: to inspect a function takes long."""


def names_of(value: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names by which a callable takes arguments; ``None`` if it has ``**kwargs``."""
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
    return frozenset(parameter.name for parameter in parameters if parameter.kind in _BY_NAME)


def finish(answer: Any) -> Any:
    """Return what a function returned, awaited if it is awaitable."""
    if not inspect.isawaitable(answer):
        return answer
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return async_to_sync(_wait_for)(answer)
    # Synchronous code inside a running event loop cannot wait for that loop: use a thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, _wait_for(answer)).result()


async def _wait_for(answer: Awaitable[Any]) -> Any:
    return await answer


class NamedArguments:
    """The base of classes that a project calls with keyword arguments, and misspells."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004 - for __init__
        """Refuse arguments that the class does not have.

        Raises:
            TypeError: there is one; Python's own error does not say which there are.
        """
        allowed = (names_of(cls.__init__) or frozenset()) - {"self"} if kwargs else None
        old_names = getattr(cls.__init__, "old_names", ())
        if allowed and (unknown := [each for each in kwargs if each not in {*allowed, *old_names}]):
            msg = (
                f"{cls.__name__}() has no argument {', '.join(unknown)}; "
                f"allowed are {', '.join(sorted(allowed))}."
            )
            raise TypeError(msg)
        return super().__new__(cls)
