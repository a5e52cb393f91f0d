"""Fan-out inside one process: the store's notifications in, bytes to local subscribers out.

A channel with subscribers is a ``Feed``: the newest frame of each key, read from the store once
for all of them. A ``Subscriber`` is a position in it. What two subscribers need alike is encoded
once.

Everything here runs in one event loop, except the computing of live values.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import Any

from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.watch import AccessWatch, MayRead
from dashboards.live.compute.groups import group_by_interval
from dashboards.live.compute.schedule import compute_when_due
from dashboards.live.fanout.feed import Feed
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.metrics import METRICS
from dashboards.live.reports import Reporter
from dashboards.live.stores.base import BaseStore
from dashboards.live.stores.notifications import ALL_CHANNELS
from dashboards.live.subscription import Subscription
from dashboards.live.wire.positions import Position
from dashboards.live.workers import is_cancelled

logger = logging.getLogger("dashboards.live")

_TICK_SECONDS = 1.0
_RETRY_SECONDS = 1.0
"""Time between two attempts while the store is down."""
_MAX_PAUSE_SECONDS = 10.0
"""The longest time between two attempts to read a channel that the store refuses."""
_REFUSAL_SECONDS = 60.0
"""Time between two reports of errors of the same kind that the store raises."""
_STOP_SECONDS = 1.0
"""Time that a client has to read the end of its stream when the server stops."""


class Hub:
    """The feeds of one event loop. It has no task, thread or query while it has no subscribers.

    Args:
        store: the store whose channels are read.
    """

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._clock = store.clock
        self._feeds: dict[str, Feed] = {}
        self._topics: dict[str, Position | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._access = AccessWatch(store, self._get_subscribers)
        self._reporter = Reporter(
            store, lambda: (each.subjects for each in self._get_subscribers())
        )
        # An error of a thread that computes, until the poll shows whether the store is down.
        self._compute_error: Exception | None = None
        self._store_is_up = asyncio.Event()
        self._store_is_up.set()
        self._reported: dict[str, float] = {}
        # Set if notifications may have been lost. The next poll then starts at once.
        self._all_stale = asyncio.Event()
        self.streams = 0
        self.closed = False

    @property
    def is_watching(self) -> bool:
        """True if it has subscribers, and therefore follows the store."""
        return bool(self._tasks)

    @property
    def access(self) -> Position | None:
        """The position of ``REVOCATIONS`` up to which revocations were applied."""
        return self._access.position

    async def open(self, subscription: Subscription, may_read: MayRead | None = None) -> Subscriber:
        """Open a stream of a channel, from any position that a client has sent.

        Args:
            subscription: which channel, and from where.
            may_read: returns whether the client may still read. Without it, a stream that may have
                lost access ends.

        Raises:
            Exception: the store cannot be read.
        """
        feed = self._feeds.get(subscription.channel)
        if feed is None:
            feed = self._watch(subscription)
        updates = feed.get_updates(subscription.visible_events)
        subscriber = Subscriber(updates, subscription, may_read)
        feed.subscribers.add(subscriber)
        self.streams += 1
        METRICS.streams += 1
        METRICS.opened += 1
        METRICS.reconnects += subscription.resumed
        try:
            if not feed.serves(subscription.position):
                # The feed is new or behind the client. Read the store first, so that the client is
                # never sent an older state.
                await self._catch_up(feed, subscription.position)
                if not feed.knows(subscription.position):
                    subscriber.position = None  # An unknown position gets the whole state.
            if subscription.is_personal or subscription.access != self._access.position:
                await self._access.check_opened(subscriber, subscription.access)
        except BaseException as error:
            subscriber.close("failure")
            self.release(subscriber)
            if isinstance(error, Exception):
                self._on_store_error(error)
            raise
        if self.closed:
            subscriber.close("shutdown")
        return subscriber

    def release(self, subscriber: Subscriber) -> None:
        """Remove a subscriber; with the last one its feed; with the last feed all tasks."""
        feed = self._feeds[subscriber.channel]
        subscriber.close("gone")
        feed.subscribers.remove(subscriber)
        self._access.forget(subscriber)
        self.streams -= 1
        METRICS.streams -= 1
        METRICS.ended[subscriber.end_reason] += 1
        if not feed.subscribers:
            del self._feeds[feed.channel]
            feed.stop()
        if not self._feeds:
            for task in self._tasks:
                task.cancel()
            self._tasks = set()
            self._topics.clear()

    def close(self) -> None:
        """End every stream now, and each that is opened from here on."""
        self.closed = True
        for feed in self._feeds.values():
            feed.close("shutdown")
        asyncio.get_running_loop().call_later(_STOP_SECONDS, self._abort_all)

    def _abort_all(self) -> None:
        """Abort the streams whose clients do not read the end: no server waits for them."""
        for subscriber in self._get_subscribers():
            subscriber.abort("shutdown")

    def _get_subscribers(self) -> Iterator[Subscriber]:
        for feed in self._feeds.values():
            yield from feed.subscribers

    def _watch(self, subscription: Subscription) -> Feed:
        if not self._tasks:
            access = self._access
            access.position = subscription.access
            self._tasks = _spawn(
                self._listen(),
                self._poll(),
                self._tick(),
                self._reporter.run(),
                self._call_when_set(access.stale, access.refresh),
                self._call_when_set(access.has_suspended, access.check_suspended),
            )
        feed = self._feeds[subscription.channel] = Feed(subscription.channel, self._clock)
        feed.tasks = _spawn(self._call_when_set(feed.stale, partial(self._refresh, feed)))
        for group in group_by_interval(subscription.computed_values):
            changed = asyncio.Event()
            feed.topic_waiters.append((group.topics, changed))
            feed.tasks |= _spawn(
                compute_when_due(self._store, feed.channel, group, changed, self._on_compute_error)
            )
        return feed

    async def _catch_up(self, feed: Feed, position: Position | None) -> None:
        """Read a channel; subscribers that come together share one read."""
        async with feed.refresh_lock:
            if not feed.serves(position):
                await self._read(feed)

    async def _refresh(self, feed: Feed) -> None:
        async with feed.refresh_lock:
            await self._read(feed)

    async def _read(self, feed: Feed) -> None:
        changes = await self._store.asince(feed.channel, feed.position)
        if any(each.is_personal for each in feed.subscribers):
            # Read revocations after the frames: a viewer whose access was revoked before a frame
            # was stored must not get it.
            await self._access.refresh()
        self._on_store_recovered()
        feed.apply(changes)

    async def _call_when_set(
        self, event: asyncio.Event, refresh: Callable[[], Awaitable[None]]
    ) -> None:
        """Call ``refresh`` once after any number of notifications, and again while it fails."""
        pause = _RETRY_SECONDS
        while not is_cancelled():
            await event.wait()
            event.clear()
            try:
                await refresh()
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._on_store_error(error)
                event.set()
                if self._store_is_up.is_set():
                    # Only this channel cannot be read. The next push may repair it.
                    await self._clock.asleep(pause * random.uniform(0.5, 1))  # noqa: S311
                    pause = min(2 * pause, _MAX_PAUSE_SECONDS)
                else:
                    # The poll finds out for all channels when the store is up again.
                    await self._store_is_up.wait()
            else:
                pause = _RETRY_SECONDS

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()

        def on_notification(channel: str) -> None:
            # From any thread; the loop may have closed meanwhile.
            if not loop.is_closed():
                loop.call_soon_threadsafe(mark_stale, channel)

        def mark_stale(channel: str) -> None:
            feed = self._feeds.get(channel)
            if feed is not None:
                feed.stale.set()
            elif channel == REVOCATIONS:
                self._access.stale.set()
            elif channel == ALL_CHANNELS:
                self._all_stale.set()
            else:
                self._notify_topic(channel)

        await self._store.listen(on_notification)

    def _notify_topic(self, topic: str) -> None:
        for feed in self._feeds.values():
            feed.notify_topic(topic)

    async def _poll(self) -> None:
        """Find updates whose notification was lost: one query, for any number of subscribers."""
        while not is_cancelled():
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(self._store.poll_seconds):
                    await self._all_stale.wait()
            self._all_stale.clear()
            topics = {
                topic
                for feed in self._feeds.values()
                for topics, _ in feed.topic_waiters
                for topic in topics
            }
            try:
                heads = await self._store.aheads((*self._feeds, *topics, REVOCATIONS))
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._on_store_error(error)
                self._all_stale.set()
                # Random, because other processes poll as well.
                await self._clock.asleep(_RETRY_SECONDS * random.uniform(0.5, 1))  # noqa: S311
                continue
            self._on_store_recovered()
            if self._compute_error is not None:
                # The store can be read: only the threads that compute cannot reach it.
                self._report_refusal(self._compute_error)
                self._compute_error = None
            if heads.get(REVOCATIONS) != self._access.position:
                self._access.stale.set()
            for channel, feed in self._feeds.items():
                if heads.get(channel) != feed.position:
                    feed.stale.set()
            self._compare_topics(topics, heads)

    def _compare_topics(self, topics: set[str], heads: Mapping[str, Position]) -> None:
        before, self._topics = self._topics, {topic: heads.get(topic) for topic in topics}
        for topic, head in self._topics.items():
            if before.get(topic, head) != head:
                self._notify_topic(topic)

    async def _tick(self) -> None:
        """Call ``Subscriber.tick`` of each subscriber once a second."""
        while True:
            await self._clock.asleep(_TICK_SECONDS)
            now, is_stale = self._clock.monotonic(), not self._store_is_up.is_set()
            for subscriber in self._get_subscribers():
                subscriber.tick(now, is_stale=is_stale)

    def _on_store_error(self, error: Exception) -> None:
        """Report once that the store is down; subscribers wait until it is up again."""
        if not self._store.is_unavailable(error):
            self._report_refusal(error)
            return
        self._store.outage.begin(error)
        if self._store_is_up.is_set():
            self._store_is_up.clear()
            METRICS.store_failures += 1
            # Poll at once, to find out when the store is up again.
            self._all_stale.set()

    def _on_store_recovered(self) -> None:
        """Report that the store is up again, and check all signed-in streams anew."""
        self._store.outage.end()
        if not self._store_is_up.is_set():
            self._store_is_up.set()
            self._access.suspend_users()

    def _on_compute_error(self, error: Exception) -> None:
        """Find out whether the store is down, or only for the threads that compute.

        Those open connections of their own. If the store has none left for them, subscribers miss
        nothing, and revocations can still be stored.
        """
        if self._store.is_unavailable(error):
            self._compute_error = error
            self._all_stale.set()
        else:
            self._report_refusal(error)

    def _report_refusal(self, error: Exception) -> None:
        """Report an error of a store that is up: it is full, for example, or a frame is damaged.

        Errors of one kind are reported once in ``_REFUSAL_SECONDS``.
        """
        now, kind = self._clock.monotonic(), type(error).__qualname__
        if now < self._reported.get(kind, 0) + _REFUSAL_SECONDS:
            return
        self._reported[kind] = now
        logger.error(
            "The store of live state answers, but refuses something; it is tried again: %r",
            error,
            exc_info=error,
            extra={"event": "store_refused"},
        )


def _spawn(*work: Coroutine[Any, Any, None]) -> set[asyncio.Task[None]]:
    return {asyncio.get_running_loop().create_task(each) for each in work}
