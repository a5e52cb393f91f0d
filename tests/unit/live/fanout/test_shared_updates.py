"""``live/fanout/shared_updates.py``: batches that subscribers share, and how long they are kept."""

from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire import batches
from dashboards.live.wire.positions import Position
from tests.unit.live.streams import CHANNEL


async def test_channel_without_subscribers_keeps_no_batches():
    store = MemoryStore({})
    hub = Hub(store)
    before = batches._BUDGET.used
    store.put(CHANNEL, {"a": "1"})
    old = store.put(CHANNEL, {"b": "x" * 1000})
    store.put(CHANNEL, {"c": "x" * 1000})
    subscribers = [await hub.open(Subscription(CHANNEL, position)) for position in (None, old)]
    for subscriber in subscribers:
        assert subscriber.next_batch()
    assert batches._BUDGET.used > before
    for subscriber in subscribers:
        hub.release(subscriber)
    assert batches._BUDGET.used == before


async def test_positions_of_another_epoch_share_the_whole_state():
    store = MemoryStore({})
    hub = Hub(store)
    store.put(CHANNEL, {"a": "x" * 1000})
    subscribers = [await hub.open(Subscription(CHANNEL, Position(f"e{n}", n))) for n in range(300)]
    assert len({id(subscriber.next_batch()) for subscriber in subscribers}) == 1
    for subscriber in subscribers:
        hub.release(subscriber)
