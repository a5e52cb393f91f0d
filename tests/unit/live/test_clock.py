"""``live/clock.py``, and the clock of tests that takes its place."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.stores.memory import MemoryStore
from dashboards.testing.clock import FakeClock


@pytest.fixture
async def clock() -> AsyncIterator[FakeClock]:
    clock = FakeClock()
    yield clock
    assert not clock.waiting, "no wait leaves an alarm"


async def test_system_clock_sleeps_and_times_out():
    began = SYSTEM_CLOCK.monotonic()
    SYSTEM_CLOCK.sleep(0.01)
    await SYSTEM_CLOCK.asleep(0.01)
    with pytest.raises(TimeoutError):
        async with SYSTEM_CLOCK.timeout(0.01):
            await asyncio.Event().wait()
    assert SYSTEM_CLOCK.monotonic() >= began + 0.02
    assert SYSTEM_CLOCK.time() > 1_700_000_000


async def test_store_without_clock_has_the_system_clock():
    assert MemoryStore({}).clock is SYSTEM_CLOCK


async def test_fake_clock_stands_still_until_it_is_moved():
    clock: Clock = FakeClock()
    assert isinstance(clock, FakeClock)
    times = clock.time(), clock.monotonic()
    await asyncio.sleep(0.01)
    assert (clock.time(), clock.monotonic()) == times
    clock.advance(60)
    assert (clock.time(), clock.monotonic()) == (times[0] + 60, times[1] + 60)


async def test_task_sleeps_until_the_clock_was_moved_far_enough(clock: FakeClock):
    task = asyncio.create_task(clock.asleep(2))
    for _ in range(2):
        assert not task.done()
        await asyncio.sleep(0)
        clock.advance(1)
    await asyncio.wait_for(task, 5)


async def test_sleep_of_no_time_gives_others_their_turn(clock: FakeClock):
    other = asyncio.create_task(asyncio.sleep(0))
    await clock.asleep(-1)
    await asyncio.sleep(0)
    assert other.done()


async def test_tasks_wake_in_the_order_of_their_times(clock: FakeClock):
    order: list[int] = []

    async def wait(seconds: int) -> None:
        await clock.asleep(seconds)
        order.append(seconds)

    tasks = [asyncio.create_task(wait(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.advance(10)
    await asyncio.gather(*tasks)
    assert order == [1, 2, 3]


async def test_cancelled_sleep_is_forgotten(clock: FakeClock):
    task = asyncio.create_task(clock.asleep(2))
    await asyncio.sleep(0)
    assert clock.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_timeout_cancels_when_the_clock_was_moved(clock: FakeClock):
    async def wait() -> None:
        async with clock.timeout(2):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    clock.advance(2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 5)


async def test_timeout_of_work_that_ends_in_time_does_nothing(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    async with clock.timeout(2):
        await asyncio.sleep(0)
        clock.advance(2)  # Due at the end of the block: its alarm is on its way.
    await asyncio.sleep(0)
    clock.advance(2)
    await asyncio.sleep(0)
    assert not caplog.records, "asyncio logs a callback that raises"


async def test_thread_sleeps_until_the_clock_was_moved(clock: FakeClock):
    thread = threading.Thread(target=clock.sleep, args=(2,), daemon=True)
    thread.start()
    thread.join(0.02)
    assert thread.is_alive()
    clock.advance(2)
    thread.join(5)
    assert not thread.is_alive()


async def test_clock_moved_in_another_thread_wakes_a_task(clock: FakeClock):
    task = asyncio.create_task(clock.asleep(2))
    await asyncio.sleep(0)
    await asyncio.to_thread(clock.advance, 2)
    await asyncio.wait_for(task, 5)


async def test_lease_of_the_memory_store_ends_when_the_clock_was_moved(clock: FakeClock):
    store = MemoryStore({}, clock=clock)
    assert store.acquire_lease("work", 60)
    assert not store.acquire_lease("work", 60)
    clock.advance(60)
    assert store.acquire_lease("work", 60)
