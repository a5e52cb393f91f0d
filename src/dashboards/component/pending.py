"""Values that are called before they are rendered, so that awaited ones wait together."""

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Sequence
from typing import Any

from asgiref.sync import async_to_sync

from dashboards.component.values import call

_PLAIN = frozenset({dict, str, int, float, list, type(None)})


class PendingValue:
    """A value that was called. Its result, or its error, comes from ``result()``.

    Args:
        value: the callable.
        **kwargs: the arguments. The callable gets those that it names.
    """

    def __init__(self, value: Any, **kwargs: Any) -> None:
        self._error: BaseException | None = None
        try:
            self._result = call(value, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised where the value is rendered
            self._error = error
            self._result = None
        # To check an abstract class takes longer than the rest of the call.
        self.is_waiting = type(self._result) not in _PLAIN and inspect.isawaitable(self._result)

    def result(self) -> Any:
        """Return the value, or raise its error."""
        if self.is_waiting:
            gather_values([self])
        if self._error is not None:
            raise self._error
        return self._result

    async def wait(self) -> None:
        """Wait for the value."""
        awaitable: Awaitable[Any] = self._result
        try:
            self._result = await awaitable
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # This task is cancelled, not only the value.
            self._error = RuntimeError("The value was cancelled by what it awaits.")
            self._error.__cause__ = error
        except Exception as error:  # noqa: BLE001 - raised where the value is rendered
            self._error = error
        self.is_waiting = False


def is_awaited(value: Any) -> bool:
    """Return True if calling a value gives a coroutine: ``async def``, or such a ``__call__``."""
    return inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(
        getattr(type(value), "__call__", None)  # noqa: B004 - the method, not if there is one
    )


def gather_values(calls: Collection[PendingValue], seconds: float | None = None) -> None:
    """Wait for all values that are not ready, together, in sync code.

    Args:
        calls: the values.
        seconds: the longest wait. Values that are not ready then are cancelled, and ``is_waiting``
            stays true. By default it is not limited.
    """
    if waiting := [each for each in calls if each.is_waiting]:
        async_to_sync(_wait)(waiting, seconds)


async def _wait(calls: Sequence[PendingValue], seconds: float | None) -> None:
    tasks = [asyncio.create_task(each.wait()) for each in calls]
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
