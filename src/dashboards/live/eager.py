"""Doing at once what need not wait: an awaitable run from elsewhere, up to where it first waits.

To wake a task for each delivery costs as much as the rest of it, and most writes do not wait: the
server takes the bytes and returns. Python 3.12 has eager tasks for this. Here the rest of a write
that does wait is left to the task that it belongs to.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Generator
from typing import Any


class _Rest(Awaitable[None]):
    """What is left of an awaitable that has to wait."""

    def __init__(self, steps: Generator[Any, Any, Any], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        """Go on as ``yield from`` would have."""
        waits_for = self._waits_for
        try:
            while True:
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - a cancellation is for it to see
                    waits_for = self._steps.throw(error)
                else:
                    waits_for = self._steps.send(sent)
        except StopIteration:
            return


async def _fail(error: BaseException) -> None:
    raise error


def begin_here(
    work: Callable[[bytes], Awaitable[None]],
) -> Callable[[bytes], Awaitable[None] | None]:
    """Return what begins work of the current task while that waits for something else.

    It is called from anywhere in the same event loop, and runs what ``work`` returns as far as
    it goes without waiting: in the task's context, and as if the task ran it. It returns ``None``
    where that was all of it, and else what the task has to await before it does anything else.

    Raises:
        RuntimeError: no task calls it.
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    task = asyncio.current_task(loop)
    if task is None:
        msg = "begin_here() is called in a task."
        raise RuntimeError(msg)

    def begin(data: bytes) -> Awaitable[None] | None:
        steps = work(data).__await__()
        current = asyncio.current_task(loop)
        # What Python offers to those who write tasks of their own ("Extending" in asyncio).
        if current:
            asyncio._leave_task(loop, current)  # noqa: SLF001
        asyncio._enter_task(loop, task)  # noqa: SLF001
        try:
            return _Rest(steps, context.run(next, steps))
        except StopIteration:
            return None
        except BaseException as error:  # noqa: BLE001 - for the task, not for whoever called
            return _fail(error)
        finally:
            asyncio._leave_task(loop, task)  # noqa: SLF001
            if current:
                asyncio._enter_task(loop, current)  # noqa: SLF001

    return begin
