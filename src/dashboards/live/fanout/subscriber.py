"""One open stream: its position on a channel, and the task that writes to its client."""

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable
from typing import Any

from dashboards import conf
from dashboards.live.access.watch import MayRead
from dashboards.live.fanout.eager import StartEagerly
from dashboards.live.fanout.shared_updates import SharedUpdates
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import HEARTBEAT, STALE, encode_event


class Subscriber:
    """An open stream. Made by ``Hub.open``.

    It is a cursor, not a queue: it stores how far its client is, and takes from the shared updates
    what changed since.

    Args:
        updates: what its channel has for it.
        subscription: the subscription that was opened.
        may_read: returns whether its client may still read, if the transport can check that.
    """

    __slots__ = (
        "_beat_is_due",
        "_clock",
        "_context",
        "_is_stale",
        "_is_waiting",
        "_loop",
        "_pending_write",
        "_update",
        "_write",
        "beat_seconds",
        "beats_at",
        "channel",
        "end_reason",
        "ends_at",
        "is_aborted",
        "is_personal",
        "is_suspended",
        "may_read",
        "position",
        "subjects",
        "task",
        "updates",
    )

    def __init__(
        self, updates: SharedUpdates, subscription: Subscription, may_read: MayRead | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = updates.clock
        self._update: asyncio.Future[None] | None = None
        # True while ``_update`` is pending. A bool, because the hot loop reads only this: with
        # 1,000 subscribers another object is another cache miss.
        self._is_waiting = False
        # The task that writes; cancelled if the client stops reading.
        self.task: asyncio.Task[Any] | None = None
        self._context: contextvars.Context | None = None
        self._write: Callable[[bytes], Awaitable[None]] | None = None
        # A write that was started while the task waited for an update, and that is not done.
        self._pending_write: Awaitable[None] | None = None
        self.channel = subscription.channel
        self.updates = updates
        self.position = subscription.position
        self.subjects = subscription.subjects
        self.is_personal = subscription.is_personal
        self.may_read = may_read
        # True while nothing new may be written, until ``may_read`` has returned True.
        self.is_suspended = False
        self.end_reason = ""
        # True if its task was cancelled because the client does not read.
        self.is_aborted = False
        self._beat_is_due = False
        # True if the last heartbeat said that the store cannot be reached.
        self._is_stale = False
        self.beat_seconds: float = conf.get("HEARTBEAT_SECONDS")
        self.beats_at = self._clock.monotonic() + self.beat_seconds
        # Random for each stream, so that they do not all reconnect in the same second.
        age = conf.get("STREAM_MAX_AGE_SECONDS") * random.uniform(0.8, 1.0)  # noqa: S311
        self.ends_at = self._clock.monotonic() + min(age, subscription.seconds)

    async def read(self) -> bytes:
        """Wait for the next bytes to write and return them; return ``b""`` when the stream ends."""
        self.task = asyncio.current_task()
        while not self.end_reason:
            if encoded := self.next_batch():
                return encoded
            await self.wait_for_update()
        return b""

    async def deliver(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Write each update until the stream ends.

        Args:
            write: writes bytes to the client.
        """
        self.task = asyncio.current_task()
        self._context, self._write = contextvars.copy_context(), write
        while True:
            if self._pending_write is not None:
                pending, self._pending_write = self._pending_write, None
                await pending
            elif self.end_reason:
                return
            elif encoded := self.next_batch():
                await write(encoded)
            else:
                await self.wait_for_update()

    def next_batch(self) -> bytes:
        """Return the bytes to write now, or ``b""``, and move the position past them.

        A slow client misses only what it would have overwritten: it gets the newest frame of
        each key that changed since its position.
        """
        updates, before = self.updates, self.position
        batch = updates.since(before)
        if batch.encoded and not self.is_suspended:
            self.position = updates.position
            updates.count(batch, before)
            encoded = batch.encoded
        elif self._beat_is_due:
            # With the position, so that a client which received nothing else has one.
            event = STALE if self._is_stale else HEARTBEAT
            encoded = encode_event(event, "", id=str(before) if before else None)
        else:
            return b""
        self._beat_is_due = False
        self.beats_at = self._clock.monotonic() + self.beat_seconds
        return encoded

    def wait_for_update(self) -> asyncio.Future[None]:
        """Return a future that is done when ``next_batch`` or ``end_reason`` may have changed."""
        self._is_waiting, self._update = True, self._loop.create_future()
        return self._update

    def try_write(self, encoded: bytes, now: float, start_eagerly: StartEagerly) -> bool:
        """Start to write an update to a client that waits for one.

        Its own task writes the rest, if the write has to wait.

        Args:
            encoded: what changed between the subscriber's position and the newest one.
            now: the monotonic time of the store's clock.
            start_eagerly: as ``suspend_current_task`` yields it.

        Returns:
            False if the client does not wait for an update. Then call ``notify``.
        """
        task, context, write = self.task, self._context, self._write
        if (
            not self._is_waiting
            or self.end_reason
            or self.is_suspended
            or task is None
            or context is None
            or write is None
        ):
            return False
        self.position = self.updates.position
        self._beat_is_due = False
        self.beats_at = now + self.beat_seconds
        self._pending_write = start_eagerly(task, context, write(encoded))
        if self._pending_write is not None:
            self.notify()
        return True

    def notify(self) -> None:
        """Wake its task, if that waits for an update."""
        if self._is_waiting and self._update:
            self._is_waiting = False
            if not self._update.done():
                self._update.set_result(None)

    def close(self, reason: str) -> None:
        """End the stream after the present write; the first reason counts.

        Args:
            reason: one of ``metrics.END_REASONS``.
        """
        self.end_reason = self.end_reason or reason
        self.notify()

    def abort(self, reason: str) -> None:
        """End the stream now, and cancel a write that waits for the client.

        Args:
            reason: one of ``metrics.END_REASONS``.
        """
        is_writing = self.task is not None and not self._is_waiting
        self.close(reason)
        if is_writing and self.task is not None and not self.is_aborted:
            self.is_aborted = True
            self.task.cancel()

    def note_progress(self) -> None:
        """Postpone the next heartbeat: the client took a part of the present write."""
        self.beats_at = self._clock.monotonic() + self.beat_seconds

    def tick(self, now: float, *, is_stale: bool = False) -> None:
        """End at its age, beat after silence, and abort if the client stopped reading.

        Args:
            now: the monotonic time of the store's clock.
            is_stale: True if the store cannot be reached. Its end is told at once.
        """
        if now < self.beats_at and now < self.ends_at and (is_stale or not self._is_stale):
            return
        if self.task and not self._is_waiting and now >= self.beats_at + self.beat_seconds:
            # The task has waited in one write for two heartbeats.
            self.abort("stuck")
        elif now >= self.ends_at:
            self.close("age")
        else:
            self._beat_is_due, self._is_stale = True, is_stale
            self.notify()
