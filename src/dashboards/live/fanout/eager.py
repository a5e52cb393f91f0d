"""Start the work of other tasks at once, and run it up to the point where it has to wait.

To wake a task for each delivery costs as much as the rest of the delivery, and most writes do not
wait: the server takes the bytes and returns. Python 3.12 has eager tasks for this; they start new
tasks only, while a stream has one task for all of its writes.

This is the only module that uses private names of asyncio. ``suspend_current_task`` yields
``None`` where Python lacks them; its caller then wakes each task, which writes for itself.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import Any

StartEagerly = Callable[
    [asyncio.Task[Any], contextvars.Context, Awaitable[None]], Awaitable[None] | None
]
"""Runs an awaitable in the context of a task, as if that task ran it, until it has to wait.

It takes the task, which must be waiting for something else, the task's context and the awaitable.
It returns ``None`` if the awaitable is done, else what the task has to await before anything else.
"""

_DONE = object()


class PendingWrite(Awaitable[None]):
    """The rest of an awaitable that was started and has to wait."""

    def __init__(self, steps: Generator[Any, Any, Any], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        """Continue as ``yield from`` would."""
        waits_for = self._waits_for
        try:
            while True:
                try:
                    sent = yield waits_for
                except BaseException as error:  # noqa: BLE001 - also a cancellation
                    waits_for = self._steps.throw(error)
                else:
                    waits_for = self._steps.send(sent)
        except StopIteration:
            return


@contextlib.contextmanager
def suspend_current_task() -> Iterator[StartEagerly | None]:
    """Let no task be the current one, and yield the function that starts work of other tasks.

    Yields:
        The function, or ``None`` if this Python lacks what it needs.
    """
    # Python documents these for third-party task implementations ("Extending" in asyncio).
    enter: Any = getattr(asyncio, "_enter_task", None)
    leave: Any = getattr(asyncio, "_leave_task", None)
    if enter is None or leave is None:
        yield None
        return
    loop = asyncio.get_running_loop()
    current = asyncio.current_task(loop)

    def start_eagerly(
        task: asyncio.Task[Any], context: contextvars.Context, work: Awaitable[None]
    ) -> Awaitable[None] | None:
        steps = work.__await__()
        enter(loop, task)
        try:
            waits_for = context.run(next, steps, _DONE)
        except BaseException as error:  # noqa: BLE001 - raised in the task, not here
            return _fail(error)
        finally:
            leave(loop, task)
        return None if waits_for is _DONE else PendingWrite(steps, waits_for)

    if current:
        leave(loop, current)
    try:
        yield start_eagerly
    finally:
        if current:
            enter(loop, current)


async def _fail(error: BaseException) -> None:
    raise error
