"""``live/fanout/eager.py``: work of a task that another task starts, as a feed starts writes."""

import asyncio
import contextvars
from collections.abc import Awaitable

import pytest

from dashboards.live.fanout.eager import suspend_current_task
from tests.unit.live.streams import idle


class Writer:
    """A task that waits. Another task starts its work."""

    def __init__(self) -> None:
        self.rest: asyncio.Future[Awaitable[None]] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.task = asyncio.get_running_loop().create_task(self._run(), context=self.context)

    async def _run(self) -> None:
        await (await self.rest)

    def start(self, work: Awaitable[None]) -> Awaitable[None] | None:
        with suspend_current_task() as start_eagerly:
            assert start_eagerly is not None
            return start_eagerly(self.task, self.context, work)


async def test_work_without_a_wait_is_done_at_once():
    wrote: list[bytes] = []

    async def write(data: bytes) -> None:
        wrote.append(data)

    writer = Writer()
    assert writer.start(write(b"one")) is None
    assert writer.start(write(b"two")) is None
    assert wrote == [b"one", b"two"]
    writer.task.cancel()


async def test_work_sees_its_own_task_as_the_current_one():
    seen: list[object] = []

    async def write() -> None:
        seen.append(asyncio.current_task())

    writer = Writer()
    this_task = asyncio.current_task()
    writer.start(write())
    assert seen == [writer.task]
    assert asyncio.current_task() is this_task
    writer.task.cancel()


async def test_work_sees_the_context_of_its_task():
    name = contextvars.ContextVar("name", default="other")
    seen: list[str] = []

    async def write() -> None:
        seen.append(name.get())

    token = name.set("own")
    writer = Writer()
    name.reset(token)
    writer.start(write())
    assert seen == ["own"]
    assert name.get() == "other"
    writer.task.cancel()


async def test_work_started_by_a_callback_sees_its_own_task_and_context():
    """In a callback of the event loop there is no current task to suspend."""
    name = contextvars.ContextVar("name", default="other")
    seen: list[object] = []
    done = asyncio.Event()

    async def write() -> None:
        seen.append((asyncio.current_task(), name.get()))
        done.set()

    token = name.set("own")
    writer = Writer()
    name.reset(token)
    asyncio.get_running_loop().call_soon(lambda: writer.start(write()))
    await asyncio.wait_for(done.wait(), 5)
    assert seen == [(writer.task, "own")]
    writer.task.cancel()


async def test_current_task_is_restored_after_an_error():
    this_task = asyncio.current_task()
    in_between: list[object] = []

    def fail() -> None:
        with suspend_current_task():
            in_between.append(asyncio.current_task())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert in_between == [None]
    assert asyncio.current_task() is this_task


async def test_work_with_a_wait_continues_in_its_task():
    gate = asyncio.Event()
    seen: list[object] = []

    async def write() -> None:
        async with asyncio.timeout(5):  # Tied to the current task.
            seen.append("began")
            await gate.wait()
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

    writer = Writer()
    rest = writer.start(write())
    assert rest is not None
    assert seen == ["began"]
    writer.rest.set_result(rest)
    gate.set()
    await writer.task
    assert seen == ["began", writer.task]


async def test_wait_over_before_the_task_runs_is_noticed():
    gate = asyncio.Event()

    async def write() -> None:
        await gate.wait()

    writer = Writer()
    rest = writer.start(write())
    assert rest is not None
    gate.set()
    await idle()
    writer.rest.set_result(rest)
    await asyncio.wait_for(writer.task, 1)


async def test_cancellation_of_the_task_reaches_the_waiting_work():
    seen: list[str] = []

    async def write() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = Writer()
    rest = writer.start(write())
    assert rest is not None
    writer.rest.set_result(rest)
    await idle()
    writer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer.task
    assert seen == ["cancelled"]


async def test_error_of_the_work_is_raised_in_its_task():
    async def write() -> None:
        raise BrokenPipeError

    writer = Writer()
    rest = writer.start(write())
    assert rest is not None
    writer.rest.set_result(rest)
    with pytest.raises(BrokenPipeError):
        await writer.task
