"""Work of a task that is begun elsewhere, as a hub begins the writes of its readers."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import pytest

from dashboards.live.eager import begin_here

Begin = Callable[[bytes], Awaitable[None] | None]


class Writer:
    """A task that waits for news, and what another one began for it."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self.began: asyncio.Future[Begin] = asyncio.get_running_loop().create_future()
        self.rest: asyncio.Future[Awaitable[None]] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run(write))

    async def _run(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self.began.set_result(begin_here(write))
        await (await self.rest)


async def test_what_need_not_wait_is_done_at_once():
    wrote: list[bytes] = []

    async def write(data: bytes) -> None:
        wrote.append(data)

    writer = Writer(write)
    begin = await writer.began
    assert begin(b"one") is None
    assert begin(b"two") is None
    assert wrote == [b"one", b"two"]
    writer.task.cancel()


async def test_it_runs_as_the_task_whose_it_is():
    name = contextvars.ContextVar("name", default="other")
    seen: list[object] = []

    async def write(data: bytes) -> None:
        seen.append((asyncio.current_task(), name.get()))

    async def run() -> None:
        name.set("own")
        begun.set_result(begin_here(write))
        await asyncio.sleep(10)

    begun: asyncio.Future[Begin] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run())
    begin = await begun
    here = asyncio.current_task()
    begin(b"")
    assert asyncio.current_task() is here
    asyncio.get_running_loop().call_soon(begin, b"")  # Where no task is.
    await asyncio.sleep(0.01)
    assert seen == [(task, "own"), (task, "own")]
    task.cancel()


async def test_what_has_to_wait_goes_on_in_its_task():
    gate = asyncio.Event()
    seen: list[object] = []

    async def write(data: bytes) -> None:
        async with asyncio.timeout(5):  # Tied to the current task.
            seen.append("began")
            await gate.wait()
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

    writer = Writer(write)
    rest = (await writer.began)(b"")
    assert rest is not None
    assert seen == ["began"]
    writer.rest.set_result(rest)
    gate.set()
    await writer.task
    assert seen == ["began", writer.task]


async def test_a_wait_that_is_over_before_the_task_looks():
    gate = asyncio.Event()

    async def write(data: bytes) -> None:
        await gate.wait()

    writer = Writer(write)
    rest = (await writer.began)(b"")
    assert rest is not None
    gate.set()
    await asyncio.sleep(0.01)
    writer.rest.set_result(rest)
    await asyncio.wait_for(writer.task, 1)


async def test_a_cancellation_reaches_what_waits():
    seen: list[str] = []

    async def write(data: bytes) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = Writer(write)
    rest = (await writer.began)(b"")
    assert rest is not None
    writer.rest.set_result(rest)
    await asyncio.sleep(0.01)
    writer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer.task
    assert seen == ["cancelled"]


async def test_a_failure_is_the_tasks_own():
    async def write(data: bytes) -> None:
        raise BrokenPipeError

    writer = Writer(write)
    rest = (await writer.began)(b"")
    assert rest is not None
    writer.rest.set_result(rest)
    with pytest.raises(BrokenPipeError):
        await writer.task
