"""A store and streams for the tests of ``live/``, and a clock that is moved while they wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.subjects import user_subject
from dashboards.live.access.watch import MayRead
from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.stores.base import Changes
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.stores.notifications import Listener
from dashboards.live.subscription import Subscription
from dashboards.live.wire.positions import Position
from dashboards.testing.clock import FakeClock

T = TypeVar("T")

CHANNEL = "shop.orders"


class FaultyStore(MemoryStore):
    """Memory that can lose notifications, fail, and count its reads."""

    poll_seconds = 0.05

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__({}, clock=clock)
        self.reads = 0
        self.loses_notifications = False
        self.is_broken = False

    async def asince(self, channel: str, position: Position | None) -> Changes:
        self.reads += 1
        await asyncio.sleep(0)  # Others run while a store answers.
        if self.is_broken:
            raise ConnectionError
        return self.since(channel, position)

    async def aheads(self, channels: Sequence[str]) -> Mapping[str, Position]:  # type: ignore[override]
        if self.is_broken:
            raise ConnectionError
        return self.heads(channels)

    async def _listen_remote(self, listener: Listener) -> None:
        await asyncio.Event().wait()

    def _notify_local(self, channel: str) -> None:
        if not self.loses_notifications:
            super()._notify_local(channel)


def counting(name: str = "turn") -> Callable[[], str]:
    """Return a function that returns "turn 1.", then "turn 2.", and so on."""
    turns = iter(range(1, 10_000))
    return lambda: f"{name} {next(turns)}."


async def open_stream(
    hub: Hub, store: MemoryStore, values: Sequence[ComputedValue] = ()
) -> Subscriber:
    """Open a stream of ``CHANNEL`` from where it stands."""
    return await hub.open(Subscription(CHANNEL, store.since(CHANNEL, None).position, values))


async def open_as(
    hub: Hub,
    store: MemoryStore,
    pk: int,
    access: Position | None = None,
    may_read: MayRead | None = None,
) -> Subscriber:
    """Open a stream of a user. Access was checked at the position ``access``, or just now."""
    access = access or store.heads([REVOCATIONS]).get(REVOCATIONS)
    position = store.since(CHANNEL, None).position
    subscription = Subscription(CHANNEL, position, identity=user_subject(pk), access=access)
    return await hub.open(subscription, may_read)


async def read(subscriber: Subscriber) -> str:
    """Return what a stream gets next. No time passes on its clock."""
    return (await asyncio.wait_for(subscriber.read(), 5)).decode()


async def moving(clock: FakeClock, work: Awaitable[T], step: float = 0.25) -> T:
    """Move the clock by ``step`` seconds, again and again, until ``work`` is done."""
    task = asyncio.ensure_future(work)
    try:
        async with asyncio.timeout(10):
            while not task.done():
                clock.advance(step)
                await asyncio.wait([task], timeout=0.002)
    finally:
        task.cancel()
    return task.result()


async def read_until(subscriber: Subscriber, text: str) -> str:
    """Return what a stream gets, up to the update with ``text``."""
    seen = ""
    async with asyncio.timeout(10):
        while text not in seen:
            update = (await subscriber.read()).decode()
            assert update, f"The stream ended for {subscriber.end_reason!r}."
            seen += update
    return seen


async def until(condition: Callable[[], object]) -> None:
    """Let others run until a condition is true."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - also for what threads change
            await asyncio.sleep(0.001)


async def idle() -> None:
    """Let all others run until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)
