"""One channel that this process has subscribers of: its newest frames, and their delivery."""

import asyncio
from collections.abc import Sequence

from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.fanout.eager import suspend_current_task
from dashboards.live.fanout.shared_updates import SharedUpdates
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.stores.base import Changes
from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.positions import Position


class Feed:
    """A channel with subscribers in this process.

    Args:
        channel: the channel's name.
        clock: the clock of the store.
    """

    def __init__(self, channel: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self.channel = channel
        self._clock = clock
        self.position: Position | None = None
        self.subscribers: set[Subscriber] = set()
        self.stale = asyncio.Event()
        """Set if the store may have something newer."""
        self.refresh_lock = asyncio.Lock()
        self.topic_waiters: list[tuple[tuple[str, ...], asyncio.Event]] = []
        """For each computed value: its topics, and the event that is set when one changed."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._is_read = False
        self._previous: Position | None = None
        self._put_at = 0.0
        self._state = ChannelState()
        self._updates: dict[frozenset[str], SharedUpdates] = {}

    def knows(self, position: Position | None) -> bool:
        """Return True if it has what changed since ``position``."""
        return self.position is not None and self.position.knows(position)

    def serves(self, position: Position | None) -> bool:
        """Return True if a client at ``position`` can be served without reading the store."""
        return self._is_read and (position is None or self.knows(position))

    def get_updates(self, visible_events: frozenset[str]) -> SharedUpdates:
        """Return the updates for subscribers that may get these restricted events."""
        updates = self._updates.get(visible_events)
        if updates is None:
            updates = self._updates[visible_events] = SharedUpdates(
                self._state, visible_events, self._clock
            )
            updates.move_to(self.position, self._previous, self._put_at)
        return updates

    def apply(self, changes: Changes) -> None:
        """Take in what the store returned for ``since(self.position)``, and deliver it."""
        self._is_read = True
        before, now = self.position, changes.position
        if before == now:
            return
        if now is None or not now.knows(before):
            self._state.clear()
            if before and now and now.epoch == before.epoch:
                # The store was set back within an epoch (restored from a copy). Versions on one
                # connection never go backwards, so these streams end; their pages reconnect and
                # get the whole state.
                self.close("reset")
        self._state.take(changes.frames)
        self._previous, self.position, self._put_at = before, now, changes.put_at
        for updates in self._updates.values():
            updates.move_to(now, before, changes.put_at)
        # A copy: servers' code runs in between, and may open streams.
        for updates in tuple(self._updates.values()):
            if subscribers := [each for each in self.subscribers if each.updates is updates]:
                self._deliver(updates, subscribers, before)

    def _deliver(
        self, updates: SharedUpdates, subscribers: Sequence[Subscriber], before: Position | None
    ) -> None:
        """Write the update to the subscribers that wait for one, and wake the others."""
        written, now = 0, self._clock.monotonic()
        batch = updates.since(before)
        encoded = batch.encoded
        with suspend_current_task() as start_eagerly:
            for subscriber in subscribers:
                if subscriber.position is not before:
                    subscriber.notify()
                elif not encoded:
                    # Nothing that it may get; it is as far as the others all the same.
                    subscriber.position = self.position
                elif start_eagerly and subscriber.try_write(encoded, now, start_eagerly):
                    written += 1
                else:
                    subscriber.notify()
        updates.count(batch, before, written)

    def notify_topic(self, topic: str) -> None:
        """Wake the computed values that depend on a topic."""
        for topics, changed in self.topic_waiters:
            if topic in topics:
                changed.set()

    def close(self, reason: str) -> None:
        """End every stream of this channel.

        Args:
            reason: one of ``metrics.END_REASONS``.
        """
        for subscriber in self.subscribers:
            subscriber.close(reason)

    def stop(self) -> None:
        """Cancel its tasks and drop what was encoded: it has no subscribers left."""
        for task in self.tasks:
            task.cancel()
        self.tasks = set()
        for updates in self._updates.values():
            updates.clear()
