"""``live/fanout/feed.py``: the delivery of an update to the subscribers of a channel."""

import asyncio

import pytest

from dashboards.live.fanout.feed import Feed
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription


@pytest.mark.parametrize("missing", ["", "_enter_task", "_leave_task"])
async def test_update_without_private_names_of_asyncio_is_written_by_the_woken_task(
    monkeypatch: pytest.MonkeyPatch, missing: str
):
    if missing:
        monkeypatch.delattr(asyncio, missing)
    store, feed = MemoryStore({}), Feed("shop.orders")
    subscriber = Subscriber(feed.get_updates(frozenset()), Subscription("shop.orders", None))
    feed.subscribers.add(subscriber)
    written: list[tuple[bytes, object]] = []

    async def write(encoded: bytes) -> None:
        written.append((encoded, asyncio.current_task()))

    task = asyncio.create_task(subscriber.deliver(write))
    await asyncio.sleep(0)
    for number in (1, 2):
        store.put("shop.orders", {"a": f"value {number}"})
        feed.apply(store.since("shop.orders", feed.position))
        assert len(written) == (number - 1 if missing else number), "at once, or when it is woken"
        await asyncio.sleep(0)
        encoded, by = written[-1]
        assert f"value {number}".encode() in encoded
        assert by is task
    feed.close("shutdown")
    await asyncio.wait_for(task, 5)
    assert len(written) == 2
