"""Fan-out inside one process: hints in, bytes to local readers out.

A watched channel is a *feed*: the newest frame of each key, read from the store once for all its
readers. A reader is a cursor into it. What two readers need alike is encoded once.

Everything here runs in one event loop, except the computing of live values.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from django.db import close_old_connections

from dashboards import conf
from dashboards.live.frames import HEARTBEAT, Frame, encode_event, encode_frames
from dashboards.live.hold import ACCESS, EVERYBODY, Hold
from dashboards.live.positions import Position
from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.triggers import Turn, produce, turns
from dashboards.live.workers import Workers

logger = logging.getLogger("dashboards.live")

_WORKERS = 3
_TICK_SECONDS = 1.0
_CHANGE_SECONDS = 2.0
_TROUBLE_SECONDS = 1.0
"""Time between two attempts while the store does not answer."""


class Reader:
    """One held stream: a cursor, and when it next has to say or to do something."""

    __slots__ = (
        "_loop",
        "_news",
        "_task",
        "abandoned",
        "beat_seconds",
        "beats_at",
        "closed",
        "ends_at",
        "feed",
        "identity",
        "position",
    )

    def __init__(self, feed: "Feed", hold: Hold) -> None:
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Future[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self.feed = feed
        self.position = hold.position
        self.identity = hold.identity
        self.closed = False
        self.abandoned = False
        self.beat_seconds: float = conf.get("HEARTBEAT_SECONDS")
        self.beats_at = self._loop.time() + self.beat_seconds
        # Drawn for each stream, lest all of them come back in the same second.
        age = conf.get("STREAM_MAX_AGE_SECONDS") * random.uniform(0.8, 1.0)  # noqa: S311
        self.ends_at = self._loop.time() + age

    async def read(self) -> bytes:
        """Wait for the next bytes to write; empty when the stream shall end.

        What a slow reader would only have overwritten is skipped: it gets the newest frame of
        each key that changed since it last read.
        """
        self._task = asyncio.current_task()
        while not self.closed:
            news = self.feed.since(self.position)
            if news:
                self.position = self.feed.position
            elif self._loop.time() >= self.beats_at:
                # With the position, so that a client which heard nothing else knows where it is.
                position = str(self.position) if self.position else None
                news = encode_event(HEARTBEAT, "", id=position)
            if news:
                self.beats_at = self._loop.time() + self.beat_seconds
                return news
            self._news = self._loop.create_future()
            await self._news
        return b""

    def wake(self) -> None:
        """Let the reader look again."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self.wake()

    def tick(self, now: float) -> None:
        """End at its age, beat after silence, and give up on a client that stopped reading."""
        if now < self.beats_at and now < self.ends_at:
            return
        is_writing = self._news is None or self._news.done()
        if self._task and is_writing and now >= self.beats_at + self.beat_seconds:
            # Two beats long nothing could be written. Its own task is stuck in the writing.
            self.abandoned = True
            self._task.cancel()
        elif now >= self.ends_at:
            self.close()
        else:
            self.wake()


class Feed:
    """A channel that somebody in this process watches."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.position: Position | None = None
        self.readers: set[Reader] = set()
        self.stale = asyncio.Event()
        # One for each value that waits for changes.
        self.changes: list[asyncio.Event] = []
        self.refreshing = asyncio.Lock()
        self.tasks: set[asyncio.Task[None]] = set()
        self._frames: dict[str, Frame] = {}
        self._encoded: dict[Position | None, bytes] = {}

    def knows(self, position: Position | None) -> bool:
        """Whether it can say what changed since ``position``."""
        return self.position is not None and self.position.knows(position)

    def since(self, position: Position | None) -> bytes:
        """Return what changed since ``position``, encoded once for all who ask alike."""
        head = self.position
        if head is None or head == position:
            return b""
        encoded = self._encoded.get(position)
        if encoded is None:
            # A reader ahead of the hub already has what the hub will hear of next.
            known = position is not None and position.epoch == head.epoch
            after = position.version if position and known else 0
            frames = [frame for frame in self._frames.values() if frame.version > after]
            frames.sort(key=lambda frame: frame.version)
            encoded = self._encoded[position] = encode_frames(frames, str(head))
        return encoded

    def apply(self, changes: Changes) -> None:
        """Take in what the store answered to ``since(self.position)``."""
        before, now = self.position, changes.position
        if before == now:
            return
        if now is None or not now.knows(before):
            self._frames.clear()
            if before and now and now.epoch == before.epoch:
                # The store was set back within an epoch (restored from a copy). Versions on one
                # connection never go backwards, so these end; their pages come back for the whole.
                self.close_readers()
        self._frames.update({frame.key: frame for frame in changes.frames})
        self.position = now
        self._encoded.clear()
        for reader in self.readers:
            reader.wake()

    def close_readers(self) -> None:
        """End every stream of this channel."""
        for reader in self.readers:
            reader.close()


class Hub:
    """The feeds of one event loop. Without a task, a thread or a query while nobody reads."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._feeds: dict[str, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers: Workers | None = None
        self._in_trouble = False
        # Up to where the streams of those who may have lost access are ended.
        self._access: Position | None = None
        self._access_stale = asyncio.Event()
        self._access_lock = asyncio.Lock()
        self.streams = 0
        self.closed = False

    async def open(self, hold: Hold) -> Reader:
        """Start to read a channel, from a position that the store gave a moment ago."""
        feed = self._feeds.get(hold.channel)
        if feed is None:
            feed = self._watch(hold)
        reader = Reader(feed, hold)
        feed.readers.add(reader)
        self.streams += 1
        try:
            if not feed.knows(hold.position):
                # New here, or behind the reader: catch up first, so that an old state is never
                # taken for news.
                await self._catch_up(feed, hold.position)
            if hold.identity:
                # From here on the hub sees to it; what happened since the check is looked up.
                _, lost = await self._lost_access(hold.access)
                _close_if_lost(reader, lost)
        except BaseException:
            self.release(reader)
            raise
        if self.closed:
            reader.close()
        return reader

    def release(self, reader: Reader) -> None:
        """Forget a reader; with the last one its channel; with the last of those, all work."""
        feed = reader.feed
        reader.close()
        feed.readers.remove(reader)
        self.streams -= 1
        if not feed.readers and self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]
            feed.tasks = _cancel(feed.tasks)
        if not self._feeds:
            self._tasks = _cancel(self._tasks)
            if self._workers is not None:
                self._workers.close()
                self._workers = None

    def close(self) -> None:
        """End every stream now, and hold none from here on."""
        self.closed = True
        for feed in self._feeds.values():
            feed.close_readers()

    def _watch(self, hold: Hold) -> Feed:
        if self._workers is None:
            self._workers = Workers(_WORKERS, "dashboards-live")
            self._access = hold.access
            self._tasks = _spawn(
                self._hear(),
                self._poll(),
                self._tick(),
                self._follow(self._access_stale, self._check_access),
            )
        feed = self._feeds[hold.channel] = Feed(hold.channel)
        feed.tasks = _spawn(
            self._follow(feed.stale, partial(self._refresh, feed)),
            *(self._produce(feed, turn, self._workers) for turn in turns(hold.sources)),
        )
        return feed

    async def _catch_up(self, feed: Feed, position: Position | None) -> None:
        """Read a channel's news; readers that come together share one read."""
        async with feed.refreshing:
            if not feed.knows(position):
                await self._read(feed)

    async def _refresh(self, feed: Feed) -> None:
        async with feed.refreshing:
            await self._read(feed)

    async def _read(self, feed: Feed) -> None:
        changes = await self._store.asince(feed.channel, feed.position)
        if any(reader.identity for reader in feed.readers):
            # After the news were read: who lost access before these were pushed is found.
            await self._check_access()
            if self._in_trouble:
                self._end_streams_of({EVERYBODY})
        feed.apply(changes)

    async def _check_access(self) -> None:
        """End the streams of whoever may have lost access; the view decides who comes back."""
        async with self._access_lock:
            self._access, lost = await self._lost_access(self._access)
            self._end_streams_of(lost)

    async def _lost_access(self, since: Position | None) -> tuple[Position | None, set[str]]:
        """Return who may have lost access since a position, and the position now."""
        now, frames = await self._store.asince(ACCESS, since)
        if since and not (now and now.knows(since)):
            return now, {EVERYBODY}  # The store lost what it knew.
        return now, {frame.key for frame in frames}

    def _end_streams_of(self, lost: set[str]) -> None:
        for feed in self._feeds.values():
            for reader in feed.readers:
                _close_if_lost(reader, lost)

    async def _follow(self, stale: asyncio.Event, refresh: Callable[[], Awaitable[None]]) -> None:
        """Read a channel's news, however many hints announced them."""
        while True:
            await stale.wait()
            stale.clear()
            try:
                await refresh()
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
                stale.set()
                await asyncio.sleep(_TROUBLE_SECONDS)

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(channel: str) -> None:
            # From whatever thread; a loop that has just closed has no use for it.
            if not loop.is_closed():
                loop.call_soon_threadsafe(follow, channel)

        def follow(channel: str) -> None:
            if channel == ACCESS:
                self._access_stale.set()
            feed = self._feeds.get(channel)
            if feed is not None:
                feed.stale.set()
                for changed in feed.changes:
                    changed.set()

        await self._store.hear(hear)

    async def _poll(self) -> None:
        """Find the news whose hint was lost: one query, whatever the number of readers."""
        while True:
            await asyncio.sleep(self._store.poll_seconds)
            try:
                heads = await self._store.aheads((*self._feeds, ACCESS))
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
                await asyncio.sleep(_TROUBLE_SECONDS)
                continue
            if self._in_trouble:
                self._in_trouble = False
                logger.warning("The store of live state answers again.")
                self._end_streams_of({EVERYBODY})
            if heads.get(ACCESS) != self._access:
                self._access_stale.set()
            for channel, feed in self._feeds.items():
                if heads.get(channel) != feed.position:
                    feed.stale.set()

    async def _tick(self) -> None:
        """Let every reader see to its time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = loop.time()
            for feed in self._feeds.values():
                for reader in feed.readers:
                    reader.tick(now)

    async def _produce(self, feed: Feed, turn: Turn, workers: Workers) -> None:
        """Compute the live values of one turn when it is due, if no other process does."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        changed = asyncio.Event()
        if turn.window is not None:
            feed.changes.append(changed)
        while True:
            changed.clear()
            try:
                await workers.run(_work, self._store, feed.channel, turn)
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
            if turn.window is None:
                due = max(due + turn.seconds, loop.time())
                await asyncio.sleep(due - loop.time())
            else:
                await asyncio.sleep(turn.window)
                with contextlib.suppress(TimeoutError):
                    # A look now and then, should the hint be lost.
                    await asyncio.wait_for(changed.wait(), _CHANGE_SECONDS)

    def _trouble(self, error: Exception) -> None:
        """Report once that the store does not answer; readers wait meanwhile.

        It cannot be told who loses access either, so who is signed in is asked anew afterwards.
        """
        if not self._in_trouble:
            self._in_trouble = True
            logger.error("The store of live state does not answer.", exc_info=error)


def _close_if_lost(reader: Reader, lost: set[str]) -> None:
    if reader.identity and not lost.isdisjoint((reader.identity, EVERYBODY)):
        reader.close()


def _spawn(*work: Coroutine[Any, Any, None]) -> set[asyncio.Task[None]]:
    return {asyncio.get_running_loop().create_task(each) for each in work}


def _cancel(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    for task in tasks:
        task.cancel()
    return set()


def _work(store: BaseStore, channel: str, turn: Turn) -> None:
    """Treat a worker's database connections as a request's end treats them."""
    close_old_connections()
    try:
        produce(store, channel, turn)
    finally:
        close_old_connections()
