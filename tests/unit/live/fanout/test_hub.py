"""``live/fanout/hub.py``: one read for all subscribers of a channel, and faults of the store."""

import asyncio

import pytest

from dashboards.live.access.subjects import user_subject
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.fanout.hub import Hub
from dashboards.live.metrics import get_metrics
from dashboards.live.stores.base import Changes
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.testing.clock import FakeClock
from tests.unit.live.streams import (
    CHANNEL,
    FaultyStore,
    idle,
    moving,
    open_as,
    open_stream,
    read,
    read_until,
    until,
)


@pytest.fixture
def store(clock: FakeClock) -> FaultyStore:
    return FaultyStore(clock)


# Reading and delivering.


async def test_subscribers_of_a_channel_share_one_read_and_the_same_bytes(
    hub: Hub, store: FaultyStore
):
    subscribers = [await open_stream(hub, store) for _ in range(10)]
    before = store.reads
    store.put(CHANNEL, {"a": "news"})
    answers = [await asyncio.wait_for(each.read(), 5) for each in subscribers]
    assert store.reads == before + 1
    assert all(answer is answers[0] for answer in answers)


async def test_streams_opened_together_share_one_read(hub: Hub, store: FaultyStore):
    """After a restart all pages come back at once; one read after the other delayed the last."""
    store.put(CHANNEL, {"a": "1"})
    await asyncio.gather(*(open_stream(hub, store) for _ in range(10)))
    assert store.reads == 1


async def test_slow_subscriber_gets_only_the_newest_frame_of_each_key(hub: Hub, store: FaultyStore):
    subscriber = await open_stream(hub, store)
    for number in range(100):
        store.put(CHANNEL, {"a": f"a{number}"})
        store.put(CHANNEL, {"b": f"b{number}"})
        await asyncio.sleep(0)
    head = store.heads([CHANNEL])[CHANNEL]
    await until(lambda: hub._feeds[CHANNEL].position == head)
    text = await read(subscriber)
    assert text.count("event:") == 2
    assert "a99" in text
    assert text.endswith(f"id: {head}\nversion: {head}\ndata: b99\n\n")


async def test_update_with_a_lost_notification_is_found_by_the_poll(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    subscriber = await open_stream(hub, store)
    store.loses_notifications = True
    store.put(CHANNEL, {"a": "unheard"})
    assert "unheard" in await moving(clock, read(subscriber))


async def test_doubled_notification_is_delivered_once(hub: Hub, store: FaultyStore):
    subscriber = await open_stream(hub, store)
    await idle()
    store.put(CHANNEL, {"a": "once"})
    store._notify_local(CHANNEL)
    store._notify_local("a channel without subscribers")
    assert (await read(subscriber)).count("once") == 1
    reading = asyncio.create_task(subscriber.read())
    await idle()
    assert not reading.done()
    reading.cancel()


async def test_subscriber_ahead_of_the_hub_gets_no_older_state(hub: Hub, store: FaultyStore):
    first = await open_stream(hub, store)
    store.put(CHANNEL, {"a": "old"})
    await read(first)
    store.loses_notifications = True
    store._channels.clear()
    store.put(CHANNEL, {"a": "new life"})
    # The view has read the new epoch from the store; the hub was not notified of it.
    second = await open_stream(hub, store)
    store.loses_notifications = False
    store.put(CHANNEL, {"b": "next"})
    text = await read(second)
    assert "old" not in text
    assert "next" in text
    assert "new life" in await read(first)


async def test_vanished_channel_starts_again(hub: Hub, store: FaultyStore, clock: FakeClock):
    store.put(CHANNEL, {"a": "before"})
    subscriber = await open_stream(hub, store)
    store._channels.clear()
    await moving(clock, until(lambda: hub._feeds[CHANNEL].position is None))
    store.put(CHANNEL, {"a": "after"})
    assert "after" in await read(subscriber)


async def test_stream_ends_when_the_store_goes_back_within_an_epoch(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    """Versions on one connection never go back. The store was restored from an earlier copy."""
    for text in ("one", "two", "three"):
        store.put(CHANNEL, {"a": text})
    subscriber = await open_stream(hub, store)
    state = store._channels[CHANNEL]
    state.position = Position(state.position.epoch, 1)
    assert await moving(clock, subscriber.read()) == b""


async def test_series_is_sent_as_points(hub: Hub, store: FaultyStore):
    store.put(CHANNEL, {"s": Points("<b></b>", ["[1]"], 3)})
    subscriber = await open_stream(hub, store)
    store.put(CHANNEL, {"s": Points("<b></b>", ["[2]", "[3]"], 3)})
    text = await read(subscriber)
    assert "event: s:append" in text
    assert "<b>" not in text
    assert [n in text for n in ("[1]", "[2]", "[3]")] == [False, True, True]


async def test_series_beyond_its_maximum_is_sent_as_its_newest_points(hub: Hub, store: FaultyStore):
    store.put(CHANNEL, {"s": Points("<b></b>", ["[1]"], 3)})
    quick, slow = await open_stream(hub, store), await open_stream(hub, store)
    for number in range(4, 9):
        store.put(CHANNEL, {"s": Points("<b></b>", [f"[{number}]"], 3)})
        await read(quick)
    text = await read(slow)
    assert text.count("data-dashboards-point") == 3
    assert "[8]" in text


async def test_series_of_a_new_stream_is_its_base_and_its_points(hub: Hub, store: FaultyStore):
    for number in range(4, 9):
        store.put(CHANNEL, {"s": Points("<b></b>", [f"[{number}]"], 3)})
    text = await read(await hub.open(Subscription(CHANNEL, None)))
    assert text.index("event: s\n") < text.index("event: s:append")
    assert text.count("data-dashboards-point") == 3


async def test_written_bytes_frames_and_streams_are_counted(hub: Hub, store: FaultyStore):
    before = get_metrics()
    subscriber = await open_stream(hub, store)
    store.put(CHANNEL, {"a": "1"})
    await read(subscriber)
    for number in range(4):
        store.put(CHANNEL, {"a": str(number), "b": str(number)})
    head = store.heads([CHANNEL])[CHANNEL]
    await until(lambda: hub._feeds[CHANNEL].position == head)
    await read(subscriber)
    assert get_metrics()["streams"] == before["streams"] + 1
    hub.release(subscriber)
    grown = {name: value - before[name] for name, value in get_metrics().items()}
    assert (grown["opened"], grown["streams"], grown["ended_gone"]) == (1, 0, 1)
    assert (grown["writes"], grown["frames"], grown["merged"]) == (2, 3, 3)
    assert grown["bytes"] > 0
    assert grown["lag_count"] >= 1
    assert get_metrics()["lag_max_seconds"] < 60


# The life of a hub.


async def test_closing_ends_every_stream_and_each_later_one(hub: Hub, store: FaultyStore):
    subscribers = [await open_stream(hub, store) for _ in range(3)]
    waiting = [asyncio.create_task(each.read()) for each in subscribers]
    await asyncio.sleep(0)
    hub.close()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == [b""] * 3
    assert await (await open_stream(hub, store)).read() == b""


async def test_hub_without_subscribers_has_no_task_and_starts_again(hub: Hub, store: FaultyStore):
    before = asyncio.all_tasks()
    value = ComputedValue("a", 60, lambda: "computed")
    subscribers = [await open_stream(hub, store, [value]) for _ in range(2)]
    assert len(asyncio.all_tasks()) > len(before)
    for subscriber in subscribers:
        hub.release(subscriber)
    await until(lambda: asyncio.all_tasks() == before)
    assert hub.streams == 0
    subscriber = await open_stream(hub, store)
    store.put(CHANNEL, {"b": "again"})
    assert "again" in await read(subscriber)


# A store that fails.


async def test_store_failure_is_logged_once_and_heals(
    hub: Hub, store: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    subscriber = await open_stream(hub, store)
    store.is_broken = True
    store.put(CHANNEL, {"a": "while broken"})
    for _ in range(10):
        await idle()
        clock.advance(1)
    [record] = caplog.records
    assert record.message == (
        "The store of live state does not answer (ConnectionError). Pages are served and their "
        "live values wait; it is tried again until it answers."
    )
    store.is_broken = False
    await moving(clock, read_until(subscriber, "while broken"))


async def test_unreadable_channel_delays_only_its_own_streams(
    hub: Hub,
    store: FaultyStore,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """One row that could not be read counted as a store that is down, and once a second ended
    every signed-in stream of the process. Only its own channel waits now, and it heals."""
    mine = await open_stream(hub, store)
    other = await hub.open(Subscription("shop.other", None, identity=user_subject(1)))
    read_any = store.asince

    async def refuse_one(channel: str, position: Position | None) -> Changes:
        if channel == CHANNEL:
            raise ValueError
        return await read_any(channel, position)

    monkeypatch.setattr(store, "asince", refuse_one)
    store.put(CHANNEL, {"a": "unreadable"})
    await until(lambda: bool(caplog.records))
    store.put("shop.other", {"a": "news"})
    assert "news" in await read(other)
    assert [each.message for each in caplog.records] == [
        "The store of live state answers, but refuses something; it is tried again: ValueError()"
    ]
    assert not other.end_reason
    monkeypatch.undo()
    assert "unreadable" in await moving(clock, read(mine))


async def test_stream_of_a_failing_store_is_not_opened(hub: Hub, store: FaultyStore):
    store.is_broken = True
    with pytest.raises(ConnectionError):
        await open_stream(hub, store)
    assert hub.streams == 0


async def test_store_failure_until_the_last_stream_ended_does_not_end_later_streams(
    hub: Hub, store: FaultyStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    """Only the poll noticed that the store worked again, and it runs while somebody reads. Until
    then every signed-in stream was ended at once: a user alone on the site got no stream."""
    subscriber = await open_as(hub, store, 1)
    store.is_broken = True
    await moving(clock, until(lambda: "does not answer" in caplog.text))
    hub.release(subscriber)
    store.is_broken = False
    first = await open_as(hub, store, 1)
    if first.end_reason:  # Its access is checked again, once.
        hub.release(first)
    subscriber = await open_as(hub, store, 1)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(subscriber)


async def test_store_failure_of_computing_threads_only_ends_no_stream(
    hub: Hub,
    store: FaultyStore,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """A database that had no connection left for a thread of live values counted as a store that is
    down, once a second, and ended all signed-in streams as often."""
    tries: list[str] = []

    def refuse(name: str, seconds: float, input_version: str = "") -> str:
        tries.append(name)
        msg = "too many clients"
        raise ConnectionError(msg)

    monkeypatch.setattr(store, "acquire_lease", refuse)
    value = ComputedValue("a", 0.1, lambda: "computed")
    subscriber = await hub.open(Subscription(CHANNEL, None, [value], identity=user_subject(1)))
    await moving(clock, until(lambda: "too many clients" in caplog.text), 0.1)
    await moving(clock, until(lambda: len(tries) > 4), 0.1)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(subscriber)
    assert [each.event for each in caplog.records] == ["store_refused"]  # type: ignore[attr-defined]
