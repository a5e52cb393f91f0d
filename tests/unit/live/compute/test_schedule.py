"""``live/compute/schedule.py``: values are computed again while a hub has subscribers for them."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from dashboards.live.compute.groups import ComputedValue, group_by_interval
from dashboards.live.compute.leases import acquire_lease
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.fanout.hub import Hub
from dashboards.testing.clock import FakeClock
from tests.unit.live.streams import (
    CHANNEL,
    FaultyStore,
    counting,
    idle,
    moving,
    open_stream,
    read,
    read_until,
    until,
)

pytestmark = pytest.mark.usefixtures("_quick_supervisor")


@pytest.fixture
def store(clock: FakeClock) -> FaultyStore:
    return FaultyStore(clock)


@pytest.fixture
def turns() -> list[int]:
    """One entry for each computing of the value that ``compute`` returns."""
    return []


@pytest.fixture
def compute(turns: list[int]) -> Callable[[], str]:
    def compute() -> str:
        turns.append(1)
        return f"turn {len(turns)}"

    return compute


def on_change(compute: Callable[[], str]) -> ComputedValue:
    return ComputedValue("a", 60, compute, debounce=0.05, topics=("model:shop.order",))


async def pass_time(clock: FakeClock, seconds: float) -> None:
    """Move the clock, and let values be computed in the meantime."""
    end = clock.monotonic() + seconds
    await moving(clock, until(lambda: clock.monotonic() >= end), seconds / 10)
    await idle()
    await until(lambda: not PRODUCER._has_work())


async def test_value_is_computed_at_its_interval_while_a_stream_is_open(
    hub: Hub, store: FaultyStore, clock: FakeClock, compute: Callable[[], str], turns: list[int]
):
    subscriber = await open_stream(hub, store, [ComputedValue("a", 1, compute)])
    for number in (1, 2, 3):
        assert f"turn {number}" in await moving(clock, read(subscriber), 0.1)
    hub.release(subscriber)
    await until(lambda: not PRODUCER._has_work())
    count = len(turns)
    await pass_time(clock, 3)
    assert len(turns) == count


async def test_value_on_change_is_computed_once_for_a_burst_of_changes(
    hub: Hub, store: FaultyStore, clock: FakeClock, compute: Callable[[], str], turns: list[int]
):
    subscriber = await open_stream(hub, store, [on_change(compute)])
    assert "turn 1" in await read(subscriber)
    for _ in range(100):
        store.put("model:shop.order", {})
    for _ in range(10):
        store.put("model:shop.order", {})
        clock.advance(0.004)
        await asyncio.sleep(0.002)
    assert len(turns) == 1, "changes are merged for 0.05 s"
    await moving(clock, read_until(subscriber, "turn 2"), 0.02)
    await pass_time(clock, 0.5)
    assert len(turns) == 2


async def test_value_on_change_is_not_computed_without_a_change_of_its_topic(
    hub: Hub, store: FaultyStore, clock: FakeClock, compute: Callable[[], str], turns: list[int]
):
    subscriber = await open_stream(hub, store, [on_change(compute)])
    assert "turn 1" in await read(subscriber)
    await pass_time(clock, 0.5)
    count = len(turns)
    store.put("model:shop.customer", {})
    store.put(CHANNEL, {"b": "news"})
    await pass_time(clock, 0.5)
    assert len(turns) == count


async def test_change_during_the_computing_is_computed_again(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    truth = ["old"]
    computing, may_end = threading.Event(), threading.Event()

    def compute() -> str:
        seen = truth[0]
        computing.set()
        may_end.wait(5)
        return seen

    subscriber = await open_stream(hub, store, [on_change(compute)])
    await asyncio.to_thread(computing.wait, 5)
    truth[0] = "new"
    store.put("model:shop.order", {})
    may_end.set()
    await moving(clock, read_until(subscriber, "new"), 0.02)


async def test_change_with_a_lost_notification_is_found_by_the_poll(
    hub: Hub, store: FaultyStore, clock: FakeClock, compute: Callable[[], str]
):
    subscriber = await open_stream(hub, store, [on_change(compute)])
    assert "turn 1" in await read(subscriber)
    await moving(clock, until(lambda: hub._topics), 0.02)
    store.loses_notifications = True
    store.put("model:shop.order", {})
    assert "turn 2" in await moving(clock, read(subscriber), 0.02)


async def test_value_slower_than_its_interval_is_computed_once_at_a_time(
    store: FaultyStore, clock: FakeClock
):
    """A lease that was not renewed would end after the interval, and another hub begin again."""
    running: list[str] = []
    together: list[int] = []

    def slow(name: str) -> str:
        running.append(name)
        together.append(len(running))
        clock.sleep(0.8)
        running.remove(name)
        return f"by {name}"

    hubs = [Hub(store), Hub(store)]
    subscribers = [
        await open_stream(hub, store, [ComputedValue("slow", 0.2, partial(slow, str(n)))])
        for n, hub in enumerate(hubs)
    ]
    for _ in range(2):
        await moving(clock, asyncio.gather(*(read_until(each, "by ") for each in subscribers)), 0.1)
    for hub, subscriber in zip(hubs, subscribers, strict=True):
        hub.release(subscriber)
    assert set(together) == {1}
    await moving(clock, until(lambda: not running))


async def test_work_of_a_dead_process_is_taken_over_within_two_intervals(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    value = ComputedValue("a", 60, lambda: "by the living")
    [group] = group_by_interval([value])
    assert acquire_lease(store, CHANNEL, group), "acquired by a process that dies now"
    began = clock.monotonic()
    subscriber = await open_stream(hub, store, [value])
    await moving(clock, read_until(subscriber, "by the living"), 1)
    assert clock.monotonic() - began <= 2 * value.seconds


async def test_hanging_value_on_change_does_not_delay_another(
    hub: Hub, store: FaultyStore, clock: FakeClock, stuck: threading.Event
):
    """A value that hung delayed the others of its interval, also one that waits for changes."""

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    subscriber = await open_stream(
        hub, store, [on_change(hang), ComputedValue("fine", 0.2, counting())]
    )

    await moving(clock, read_until(subscriber, "turn 4."), 0.05)
    stuck.set()
    await moving(clock, read_until(subscriber, "at last"), 0.05)
