"""Apply revocations to the open streams of one event loop.

Streams whose own user or session is named end. Others that may have lost access are *suspended*:
they are shown nothing new until the site was requested again with the client's request. Only
those that it refuses end, because a reconnect of every stream that is about a busy object, or of
all users, would cost too much.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from dashboards.live.access.revocation_channel import REVOCATIONS, get_revoked_keys
from dashboards.live.access.subjects import ALL_USERS, Revoked, is_personal
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.positions import Position

logger = logging.getLogger("dashboards.live")

MayRead = Callable[[], Awaitable[bool]]
"""Returns whether the client of a stream may still read it; raises if that cannot be found out."""

_RETRY_SECONDS = 1.0
"""Time until the next check after one that failed."""
_CHECK_SECONDS = 10.0
"""Time that one check may take. After it the stream is checked again later."""


class Stream(Protocol):
    """The part of an open stream that the watch uses."""

    channel: str
    subjects: tuple[str, ...]
    end_reason: str
    is_suspended: bool
    may_read: MayRead | None

    def close(self, reason: str) -> None:
        """End the stream."""

    def notify(self) -> None:
        """Let the stream continue."""


class AccessWatch:
    """Reads the channel of revocations for one hub, and ends or suspends its streams.

    Args:
        store: the store with the channel.
        get_streams: returns the hub's open streams.
    """

    def __init__(self, store: BaseStore, get_streams: Callable[[], Iterable[Stream]]) -> None:
        self._store = store
        self._get_streams = get_streams
        self._lock = asyncio.Lock()
        self._reads = self._finished_reads = 0
        self._suspended: dict[Stream, None] = {}
        self.position: Position | None = None
        """The position of ``REVOCATIONS`` up to which revocations were applied."""
        self.stale = asyncio.Event()
        """Set if the store may have newer revocations. Then call ``refresh``."""
        self.has_suspended = asyncio.Event()
        """Set if streams were suspended. Then call ``check_suspended``."""

    async def refresh(self) -> None:
        """Read the revocations since ``position`` and apply them.

        Calls that come while a read is under way share the next one.
        """
        reads = self._reads
        async with self._lock:
            if self._finished_reads > reads:
                return
            self._reads += 1
            self.position, keys = await self._read(self.position)
            self._apply(keys)
            self._finished_reads = self._reads

    async def check_opened(self, stream: Stream, position: Position | None) -> None:
        """End a new stream if its access may have been revoked since it was checked.

        Args:
            stream: the stream, one of ``get_streams`` by now.
            position: the position of ``REVOCATIONS`` before access was checked.
        """
        if position == self.position:
            await self.refresh()
        else:
            _, keys = await self._read(position)
            if Revoked(keys).concerns(stream.subjects):
                stream.close("access")

    def suspend_users(self) -> None:
        """Suspend all signed-in streams: revocations may have been missed.

        After an outage of the store the process that made a revocation may have ended before the
        store took it.
        """
        self._apply({ALL_USERS})

    def forget(self, stream: Stream) -> None:
        """Do not check a stream that has ended."""
        self._suspended.pop(stream, None)

    async def check_suspended(self) -> None:
        """Check one suspended stream after the other; end those whose client may not read."""
        while self._suspended:
            stream = next(iter(self._suspended))
            # Removed first: it may be suspended again during the check.
            del self._suspended[stream]
            if stream.may_read is None or stream.end_reason:
                continue  # It has ended meanwhile.
            try:
                async with self._store.clock.timeout(_CHECK_SECONDS):
                    may_read = await stream.may_read()
            except Exception as error:  # noqa: BLE001 - a site may fail in its own ways
                logger.info("Access to %r cannot be checked: %r", stream.channel, error)
                # Checked again after the others: the site may be overloaded or down.
                self._suspend(stream)
                await self._store.clock.asleep(_RETRY_SECONDS)
                continue
            if not may_read:
                stream.close("access")
            elif stream not in self._suspended:
                stream.is_suspended = False
                stream.notify()

    async def _read(self, since: Position | None) -> tuple[Position | None, set[str]]:
        """Return the position of ``REVOCATIONS`` now, and the keys revoked since a position."""
        changes = await self._store.asince(REVOCATIONS, since)
        return changes.position, get_revoked_keys(since, changes)

    def _apply(self, keys: set[str]) -> None:
        if not keys:
            return
        named = Revoked({key for key in keys if is_personal(key) and key != ALL_USERS})
        others = Revoked({key for key in keys if not is_personal(key) or key == ALL_USERS})
        for stream in self._get_streams():
            if named.concerns(stream.subjects):
                stream.close("access")
            elif others.concerns(stream.subjects):
                self._suspend(stream)

    def _suspend(self, stream: Stream) -> None:
        if stream.may_read is None:
            stream.close("access")
            return
        stream.is_suspended = True
        self._suspended[stream] = None
        self.has_suspended.set()
