"""Calling for values ahead of their rendering, so that those which are awaited wait together."""

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Sequence
from typing import Any

from asgiref.sync import async_to_sync

from dashboards.component.values import call

_PLAIN = frozenset({dict, str, int, float, list, type(None)})


class PendingValue:
    """A value that was called for: what came of it is told when it is asked for.

    Args:
        value: the callable.
        **kwargs: what it may be given.
    """

    def __init__(self, value: Any, **kwargs: Any) -> None:
        self._error: BaseException | None = None
        try:
            self._result = call(value, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised where the value is rendered
            self._error = error
            self._result = None
        # Asking an abstract class costs more than the rest of the call.
        self.is_waiting = type(self._result) not in _PLAIN and inspect.isawaitable(self._result)

    def result(self) -> Any:
        """Return the value, or raise what it raised."""
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
                raise  # It is given up.
            self._error = RuntimeError("The value was cancelled by what it awaits.")
            self._error.__cause__ = error
        except Exception as error:  # noqa: BLE001 - raised where the value is rendered
            self._error = error
        self.is_waiting = False


def is_awaited(value: Any) -> bool:
    """Return True if calling a value gives a coroutine: ``async def``, or an object's such call."""
    return inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(
        getattr(type(value), "__call__", None)  # noqa: B004 - the method, not if there is one
    )


def gather_values(calls: Collection[PendingValue], seconds: float | None = None) -> None:
    """Wait for calls that are waiting, all at once, in sync code.

    Args:
        calls: the calls.
        seconds: how long to wait; what is not ready then is cancelled, and stays waiting.
    """
    if waiting := [each for each in calls if each.is_waiting]:
        async_to_sync(_wait)(waiting, seconds)


async def _wait(calls: Sequence[PendingValue], seconds: float | None) -> None:
    tasks = [asyncio.create_task(each.wait()) for each in calls]
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
