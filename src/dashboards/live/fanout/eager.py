"""Doing at once what need not wait: an awaitable run from elsewhere, up to where it first waits.

To wake a task for each delivery costs as much as the rest of it, and most writes do not wait: the
server takes the bytes and returns. Python 3.12 has eager tasks for this. Here the rest of a write
that does wait is left to the task that it belongs to.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Generator, Iterator
from typing import Any

_DONE = object()


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


@contextlib.contextmanager
def between_tasks() -> Iterator[None]:
    """Have the present task step back, so that work of others can be begun."""
    loop = asyncio.get_running_loop()
    current = asyncio.current_task(loop)
    # What Python offers to those who write tasks of their own ("Extending" in asyncio).
    if current:
        asyncio._leave_task(loop, current)  # noqa: SLF001
    try:
        yield
    finally:
        if current:
            asyncio._enter_task(loop, current)  # noqa: SLF001


def begin(
    task: asyncio.Task[Any], context: contextvars.Context, work: Awaitable[None]
) -> Awaitable[None] | None:
    """Begin the work of a task while that waits for something else, ``between_tasks``.

    It runs as far as it goes without waiting: in the task's context, and as if the task ran it.

    Args:
        task: whose work it is; of the loop that runs.
        context: that task's context.
        work: what it would have awaited.

    Returns:
        ``None`` where that was all of it, else what the task has to await before anything else.
    """
    loop = asyncio.get_running_loop()
    steps = work.__await__()
    asyncio._enter_task(loop, task)  # noqa: SLF001
    try:
        waits_for = context.run(next, steps, _DONE)
    except BaseException as error:  # noqa: BLE001 - for the task, not for whoever called
        return _fail(error)
    finally:
        asyncio._leave_task(loop, task)  # noqa: SLF001
    return None if waits_for is _DONE else _Rest(steps, waits_for)
