"""``live/fanout/subscriber.py``: what a stream gets, its heartbeats, and its end."""

import asyncio
import re

import pytest
from pytest_django import Settings

from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import HEARTBEAT, STALE
from dashboards.testing.clock import FakeClock
from tests.unit.live.streams import CHANNEL, FaultyStore, idle, moving, open_stream, read


@pytest.fixture
def store(clock: FakeClock) -> FaultyStore:
    return FaultyStore(clock)


async def test_silence_is_broken_by_a_heartbeat_with_the_position(
    hub: Hub, store: FaultyStore, clock: FakeClock, settings: Settings
):
    settings.DASHBOARDS = {"HEARTBEAT_SECONDS": 10}
    position = store.put(CHANNEL, {"a": "1"})
    subscriber = await open_stream(hub, store)
    reading = asyncio.create_task(read(subscriber))
    await idle()
    clock.advance(9)
    await idle()
    assert not reading.done()
    assert await moving(clock, reading) == f"event: {HEARTBEAT}\nid: {position}\ndata: \n\n"


async def test_heartbeat_tells_that_the_store_is_down_and_at_once_that_it_is_up(
    hub: Hub, store: FaultyStore, clock: FakeClock, settings: Settings
):
    settings.DASHBOARDS = {"HEARTBEAT_SECONDS": 10}
    position = store.put(CHANNEL, {"a": "1"})
    subscriber = await open_stream(hub, store)
    subscriber.tick(clock.monotonic() + 5, is_stale=True)
    assert subscriber.next_batch() == b"", "a short outage is not told"
    subscriber.tick(clock.monotonic() + 11, is_stale=True)
    stale = f"event: {STALE}\nid: {position}\ndata: \n\n"
    assert subscriber.next_batch().decode() == stale
    subscriber.tick(clock.monotonic() + 1, is_stale=True)
    assert subscriber.next_batch() == b""
    subscriber.tick(clock.monotonic() + 1)
    assert subscriber.next_batch().decode() == stale.replace(STALE, HEARTBEAT)


async def test_stream_of_a_stuck_client_is_aborted(
    hub: Hub, store: FaultyStore, clock: FakeClock, settings: Settings
):
    settings.DASHBOARDS = {"HEARTBEAT_SECONDS": 10}
    opened: asyncio.Future[Subscriber] = asyncio.get_running_loop().create_future()

    async def stream() -> None:
        subscriber = await open_stream(hub, store)
        opened.set_result(subscriber)
        await subscriber.read()
        await asyncio.Event().wait()  # A send that never ends.

    task = asyncio.create_task(stream())
    with pytest.raises(asyncio.CancelledError):
        await moving(clock, task, 1)
    assert (await opened).is_aborted


async def test_stream_ends_at_its_age(
    hub: Hub, store: FaultyStore, clock: FakeClock, settings: Settings
):
    settings.DASHBOARDS = {"STREAM_MAX_AGE_SECONDS": 5}
    subscriber = await open_stream(hub, store)
    assert await moving(clock, subscriber.read()) == b""
    assert subscriber.end_reason == "age"


# Restricted events: some may not get them, and keep up with the others all the same.


async def test_subscriber_gets_only_its_visible_events(hub: Hub, store: FaultyStore):
    """Each update went to every stream of the channel, also if only some viewers may see it."""
    position = store.since(CHANNEL, None).position
    some, everything = frozenset({"@one"}), frozenset({"@one", "@two"})
    visible = [frozenset[str](), some, some, everything]
    subscribers = [
        await hub.open(Subscription(CHANNEL, position, visible_events=each)) for each in visible
    ]
    tasks = [asyncio.create_task(each.read()) for each in subscribers]
    await asyncio.sleep(0)
    store.put(CHANNEL, {"@two": "2"})
    assert b"@two" in await tasks[3]
    store.put(CHANNEL, {"@one": "1", "@one:state": "late"})
    first, second = await tasks[1], await tasks[2]
    assert first is second, "those that may get the same share their bytes"
    assert re.findall(b"event: (.*)", first) == [b"@one", b"@one:state"]
    assert not tasks[0].done()
    assert subscribers[0].position is subscribers[1].position
    store.put(CHANNEL, {"open": "0"})
    assert (await tasks[0]).count(b"event:") == 1


async def test_new_stream_gets_only_its_visible_events(hub: Hub, store: FaultyStore):
    store.put(CHANNEL, {"@two": "2"})
    store.put(CHANNEL, {"@one": "1", "@one:state": "late"})
    store.put(CHANNEL, {"open": "0"})
    late = await hub.open(Subscription(CHANNEL, None, visible_events=frozenset({"@one"})))
    assert sorted(re.findall("event: (.*)", await read(late))) == ["@one", "@one:state", "open"]
