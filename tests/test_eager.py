"""Work of a task that is begun elsewhere, as a hub begins the writes of its readers."""

import asyncio
import contextvars
from collections.abc import Awaitable

import pytest

from dashboards.live.fanout.eager import begin, between_tasks


class Writer:
    """A task that waits for news, and what another one begins for it."""

    def __init__(self) -> None:
        self.rest: asyncio.Future[Awaitable[None]] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.task = asyncio.get_running_loop().create_task(self._run(), context=self.context)

    async def _run(self) -> None:
        await (await self.rest)

    def begin(self, work: Awaitable[None]) -> Awaitable[None] | None:
        with between_tasks():
            return begin(self.task, self.context, work)


async def test_what_need_not_wait_is_done_at_once():
    wrote: list[bytes] = []

    async def write(data: bytes) -> None:
        wrote.append(data)

    writer = Writer()
    assert writer.begin(write(b"one")) is None
    assert writer.begin(write(b"two")) is None
    assert wrote == [b"one", b"two"]
    writer.task.cancel()


async def test_it_runs_as_the_task_whose_it_is():
    name = contextvars.ContextVar("name", default="other")
    seen: list[object] = []

    async def write() -> None:
        seen.append((asyncio.current_task(), name.get()))

    token = name.set("own")
    writer = Writer()
    name.reset(token)
    here = asyncio.current_task()
    writer.begin(write())
    assert asyncio.current_task() is here
    # Where no task is.
    asyncio.get_running_loop().call_soon(lambda: writer.begin(write()))
    await asyncio.sleep(0.01)
    assert seen == [(writer.task, "own"), (writer.task, "own")]
    writer.task.cancel()


async def test_whose_turn_it_is_is_as_before_even_after_a_failure():
    here = asyncio.current_task()
    in_between: list[object] = []

    def fail() -> None:
        with between_tasks():
            in_between.append(asyncio.current_task())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert in_between == [None]
    assert asyncio.current_task() is here


async def test_what_has_to_wait_goes_on_in_its_task():
    gate = asyncio.Event()
    seen: list[object] = []

    async def write() -> None:
        async with asyncio.timeout(5):  # Tied to the current task.
            seen.append("began")
            await gate.wait()
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    assert seen == ["began"]
    writer.rest.set_result(rest)
    gate.set()
    await writer.task
    assert seen == ["began", writer.task]


async def test_a_wait_that_is_over_before_the_task_looks():
    gate = asyncio.Event()

    async def write() -> None:
        await gate.wait()

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    gate.set()
    await asyncio.sleep(0.01)
    writer.rest.set_result(rest)
    await asyncio.wait_for(writer.task, 1)


async def test_a_cancellation_reaches_what_waits():
    seen: list[str] = []

    async def write() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    writer.rest.set_result(rest)
    await asyncio.sleep(0.01)
    writer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer.task
    assert seen == ["cancelled"]


async def test_a_failure_is_the_tasks_own():
    async def write() -> None:
        raise BrokenPipeError

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    writer.rest.set_result(rest)
    with pytest.raises(BrokenPipeError):
        await writer.task
