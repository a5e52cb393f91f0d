"""Fan-out inside one process: hints in, bytes to local readers out.

A watched channel is a *feed*: the newest frame of each key, read from the store once for all its
readers. A reader is a cursor into it. What two readers need alike is encoded once.

Everything here runs in one event loop, except the computing of live values.
"""

import asyncio
import contextlib
import contextvars
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any

from dashboards import conf
from dashboards.live.access.channel import REVOCATIONS, get_revoked_keys
from dashboards.live.access.subjects import ALL_USERS, Revoked, is_personal
from dashboards.live.compute.following import follow_group
from dashboards.live.compute.groups import group_by_interval
from dashboards.live.fanout.eager import begin, between_tasks
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.stores.notifications import ALL_CHANNELS
from dashboards.live.subscription import Subscription
from dashboards.live.wire.batches import Batch, Batches
from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.frames import HEARTBEAT, encode_event
from dashboards.live.wire.positions import Position
from dashboards.live.workers import is_cancelled

logger = logging.getLogger("dashboards.live")

Ask = Callable[[], Awaitable[bool]]
"""Returns whether the client of a stream may still read it; raises where that is unknown."""

_TICK_SECONDS = 1.0
_MAX_POSITIONS = 256
_TROUBLE_SECONDS = 1.0
"""Time between two attempts while the store does not answer."""
_MAX_PAUSE_SECONDS = 10.0
"""The longest time between two attempts to read a channel that the store refuses."""
_REFUSAL_SECONDS = 60.0
"""Time between two reports of what the store refuses."""
_ASK_SECONDS = 10.0
"""Time that it may take to ask whether somebody still may read; then it is asked later."""
_STOP_SECONDS = 1.0
"""Time that a client has to read the last of a stream when the server stops."""


class Reader:
    """One held stream: a cursor, and when it next has to say or to do something."""

    __slots__ = (
        "_beats",
        "_context",
        "_is_given_up",
        "_loop",
        "_news",
        "_rest",
        "_waits",
        "_write",
        "ask",
        "beat_seconds",
        "beats_at",
        "end_reason",
        "ends_at",
        "feed",
        "is_personal",
        "is_suspended",
        "position",
        "subjects",
        "task",
        "view",
    )

    def __init__(self, feed: "Feed", hold: Subscription, ask: Ask | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Future[None] | None = None
        # Whether that is pending. Kept here, as all that a wake looks at: of a thousand readers
        # each object more is one that the processor has to fetch.
        self._waits = False
        # Who writes; cancelled where the client stops reading.
        self.task: asyncio.Task[Any] | None = None
        self._context: contextvars.Context | None = None
        self._write: Callable[[bytes], Awaitable[None]] | None = None
        # A write that was begun while its task waited for news, and is not done.
        self._rest: Awaitable[None] | None = None
        self.feed = feed
        self.view = feed.get_view(hold.visible_events)
        self.position = hold.position
        self.subjects = hold.subjects
        self.is_personal = hold.is_personal
        self.ask = ask
        # Whether it is shown nothing new until ``ask`` has said that its client still may see it.
        self.is_suspended = False
        self.end_reason = ""
        self._is_given_up = False
        self._beats = False
        self.beat_seconds: float = conf.get("HEARTBEAT_SECONDS")
        self.beats_at = self._loop.time() + self.beat_seconds
        # Drawn for each stream, lest all of them come back in the same second.
        age = conf.get("STREAM_MAX_AGE_SECONDS") * random.uniform(0.8, 1.0)  # noqa: S311
        self.ends_at = self._loop.time() + min(age, hold.seconds)

    async def read(self) -> bytes:
        """Wait for the next bytes to write; empty when the stream shall end."""
        self.task = asyncio.current_task()
        while not self.end_reason:
            if news := self.take():
                return news
            await self.news()
        return b""

    async def deliver(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Write what there is, until the stream shall end.

        Args:
            write: writes bytes to the client.
        """
        self.task = asyncio.current_task()
        self._context, self._write = contextvars.copy_context(), write
        while True:
            if self._rest is not None:
                rest, self._rest = self._rest, None
                await rest
            elif self.end_reason:
                return
            elif news := self.take():
                await write(news)
            else:
                await self.news()

    def take(self) -> bytes:
        """Return what there is to write now, if anything.

        What a slow reader would only have overwritten is skipped: it gets the newest frame of
        each key that changed since it last read.
        """
        feed, before = self.feed, self.position
        news = self.view.since(before)
        if news.encoded and not self.is_suspended:
            self.position = feed.position
            feed.count(news, before)
            encoded = news.encoded
        elif self._beats:
            # With the position, so that a client which heard nothing else knows where it is.
            encoded = encode_event(HEARTBEAT, "", id=str(before) if before else None)
        else:
            return b""
        self._beats = False
        self.beats_at = self._loop.time() + self.beat_seconds
        return encoded

    def news(self) -> asyncio.Future[None]:
        """Return what is done when it is worth looking again."""
        self._waits, self._news = True, self._loop.create_future()
        return self._news

    @property
    def abandoned(self) -> bool:
        """Return True if its task was cancelled because the client does not read."""
        return self._is_given_up

    def give(self, encoded: bytes, now: float) -> bool:
        """Write news if it waits for them, ``between_tasks``; what has to wait it does itself.

        Returns:
            Whether it did wait; else it is to look for itself.
        """
        task, context, write = self.task, self._context, self._write
        if not self._waits or self.end_reason or task is None or context is None or write is None:
            return False
        if self.is_suspended:
            return False
        self.position = self.feed.position
        self._beats = False
        self.beats_at = now + self.beat_seconds
        self._rest = begin(task, context, write(encoded))
        if self._rest is not None:
            self.wake()
        return True

    def wake(self) -> None:
        """Let it look again."""
        if self._waits and self._news:
            self._waits = False
            if not self._news.done():
                self._news.set_result(None)

    def close(self, reason: str) -> None:
        """End the stream, for one of ``metrics.END_REASONS``; the first counts."""
        self.end_reason = self.end_reason or reason
        self.wake()

    def give_up(self, reason: str) -> None:
        """End the stream now: what is being written to a client that does not read is dropped."""
        is_writing = self.task is not None and not self._waits
        self.close(reason)
        if is_writing and self.task is not None and not self._is_given_up:
            self._is_given_up = True
            self.task.cancel()

    def progress(self) -> None:
        """Note that the client took a part of what is being written."""
        self.beats_at = self._loop.time() + self.beat_seconds

    def tick(self, now: float) -> None:
        """End at its age, beat after silence, and give up on a client that stopped reading."""
        if now < self.beats_at and now < self.ends_at:
            return
        if self.task and not self._waits and now >= self.beats_at + self.beat_seconds:
            # Two beats long nothing could be written. Its own task is stuck in the writing.
            self.give_up("stuck")
        elif now >= self.ends_at:
            self.close("age")
        else:
            self._beats = True
            self.wake()


_NO_NEWS = Batch(b"", 0, 0)
_NOTHING_YET: tuple[object, Batch] = (object(), _NO_NEWS)


class View:
    """What a feed has for those of its readers who may hear the same guarded events."""

    __slots__ = ("_batches", "_feed", "_latest", "_news")

    def __init__(self, feed: "Feed", visible_events: frozenset[str]) -> None:
        self._feed = feed
        self._batches = Batches(feed.state, visible_events)
        self._news: dict[Position | None, Batch] = {}
        # What was asked for last: the position itself, and its answer.
        self._latest = _NOTHING_YET

    def since(self, position: Position | None) -> Batch:
        """Return what changed since ``position``, encoded once for all who ask alike."""
        head = self._feed.position
        # Readers that are up to date share the feed's own position. To compare and to hash a
        # position costs more than all else here, a thousand times for each update.
        if position is head:
            return _NO_NEWS
        if position is self._latest[0]:
            return self._latest[1]
        if head is None or head == position:
            return _NO_NEWS
        news = self._news.get(position)
        if news is None:
            # A reader ahead of the hub already has what the hub will hear of next.
            known = position is not None and position.epoch == head.epoch
            after = position.version if position and known else 0
            encoded, frames = self._batches.since(after, str(head))
            news = Batch(encoded, frames, head.version - after if known else 0)
            # Positions come from clients: what is kept for them is bounded.
            if len(self._news) < _MAX_POSITIONS:
                self._news[position] = news
        self._latest = (position, news)
        return news

    def clear(self) -> None:
        """Forget it: the channel has another version, or nobody reads it any more."""
        self._batches.clear()
        self._news.clear()
        self._latest = _NOTHING_YET


class Feed:
    """A channel that somebody in this process watches."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.position: Position | None = None
        self.previous: Position | None = None
        self.put_at = 0.0
        self.is_read = False
        self.readers: set[Reader] = set()
        self.stale = asyncio.Event()
        # For each value that waits for changes: the topics, and what tells it to look.
        self.changes: list[tuple[tuple[str, ...], asyncio.Event]] = []
        self.refreshing = asyncio.Lock()
        self.tasks: set[asyncio.Task[None]] = set()
        self.state = ChannelState()
        self._views: dict[frozenset[str], View] = {}

    def knows(self, position: Position | None) -> bool:
        """Whether it can say what changed since ``position``."""
        return self.position is not None and self.position.knows(position)

    def serves(self, position: Position | None) -> bool:
        """Whether it can answer a client that sent ``position`` without a look at the store."""
        return self.is_read and (position is None or self.knows(position))

    def get_view(self, visible_events: frozenset[str]) -> View:
        """Return what those readers share who may hear these guarded events."""
        view = self._views.get(visible_events)
        if view is None:
            view = self._views[visible_events] = View(self, visible_events)
        return view

    def apply(self, changes: Changes) -> None:
        """Take in what the store answered to ``since(self.position)``."""
        self.is_read = True
        before, now = self.position, changes.position
        if before == now:
            return
        if now is None or not now.knows(before):
            self.state.clear()
            if before and now and now.epoch == before.epoch:
                # The store was set back within an epoch (restored from a copy). Versions on one
                # connection never go backwards, so these end; their pages come back for the whole.
                self.close_readers("reset")
        self.state.take(changes.frames)
        self.previous, self.position, self.put_at = before, now, changes.put_at
        for view in self._views.values():
            view.clear()
        self._deliver(before)

    def _deliver(self, before: Position | None) -> None:
        """Write the news to those who wait for them, and let the others look."""
        for view in tuple(self._views.values()):
            # A copy, for servers' code runs in between.
            readers = [reader for reader in self.readers if reader.view is view]
            if readers:
                self._deliver_to(readers, view.since(before), before)

    def _deliver_to(self, readers: Iterable[Reader], news: Batch, before: Position | None) -> None:
        written, now = 0, asyncio.get_running_loop().time()
        with between_tasks():
            for reader in readers:
                if reader.position is not before:
                    reader.wake()
                elif not news.encoded:
                    # Of what it may not hear it is told nothing, but is as far as the others.
                    reader.position = self.position
                elif reader.give(news.encoded, now):
                    written += 1
                else:
                    reader.wake()
        self.count(news, before, written)

    def count(self, news: Batch, before: Position | None, times: int = 1) -> None:
        """Count what was written to readers that were at ``before``, up to now."""
        # Of a stream that was behind, how old its news are says nothing of us.
        lag = time.time() - self.put_at if before is self.previous else None
        METRICS.wrote(len(news.encoded), news.frames, news.versions, lag, times)

    def look(self, topic: str) -> None:
        """Let the values that wait for a topic's changes look."""
        for topics, changed in self.changes:
            if topic in topics:
                changed.set()

    def close_readers(self, reason: str) -> None:
        """End every stream of this channel."""
        for reader in self.readers:
            reader.close(reason)

    def forget(self) -> None:
        """Let go of what is kept for readers: there are none any more."""
        self.tasks = _cancel(self.tasks)
        for view in self._views.values():
            view.clear()


class Hub:
    """The feeds of one event loop. Without a task, a thread or a query while nobody reads."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._feeds: dict[str, Feed] = {}
        self._topics: dict[str, Position | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # What a thread that computes was told, until it is known whether all are told so.
        self._noted: Exception | None = None
        # Set while the store answers.
        self._answers = asyncio.Event()
        self._answers.set()
        self._reported: dict[str, float] = {}
        # Readers who are shown nothing until they have been asked whether they may see it.
        self._suspended: dict[Reader, None] = {}
        self._are_suspended = asyncio.Event()
        # Up to where the streams of those who may have lost access are ended.
        self._access: Position | None = None
        self._access_stale = asyncio.Event()
        # Set where hints may have been lost, lest that wait for the poll.
        self._all_stale = asyncio.Event()
        self._access_lock = asyncio.Lock()
        self._access_reads = self._access_known = 0
        self.streams = 0
        self.closed = False

    @property
    def is_watching(self) -> bool:
        """Whether it holds streams, and so follows the store."""
        return bool(self._tasks)

    @property
    def access(self) -> Position | None:
        """Up to where it has ended the streams of those who may have lost access."""
        return self._access

    async def open(self, hold: Subscription, ask: Ask | None = None) -> Reader:
        """Start to read a channel, from whatever position the client has sent.

        Args:
            hold: which channel, and from where.
            ask: asks whether the client still may read, where that has become doubtful; without
                it such a stream is ended.

        Raises:
            Exception: the store cannot be read.
        """
        feed = self._feeds.get(hold.channel)
        if feed is None:
            feed = self._watch(hold)
        reader = Reader(feed, hold, ask)
        feed.readers.add(reader)
        self.streams += 1
        METRICS.streams += 1
        METRICS.opened += 1
        METRICS.reconnects += hold.resumed
        try:
            if not feed.serves(hold.position):
                # New here, or behind the reader: catch up first, so that an old state is never
                # taken for news.
                await self._catch_up(feed, hold.position)
                if not feed.knows(hold.position):
                    reader.position = None  # Nobody knows it: the whole state.
            if hold.is_personal or hold.access != self._access:
                await self._end_if_lost(reader, hold.access)
        except BaseException as error:
            reader.close("failure")
            self.release(reader)
            if isinstance(error, Exception):
                self._trouble(error)
            raise
        if self.closed:
            reader.close("shutdown")
        return reader

    def release(self, reader: Reader) -> None:
        """Forget a reader; with the last one its channel; with the last of those, all work."""
        feed = reader.feed
        reader.close("gone")
        feed.readers.remove(reader)
        self._suspended.pop(reader, None)
        self.streams -= 1
        METRICS.streams -= 1
        METRICS.ended[reader.end_reason] += 1
        if not feed.readers and self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]
            feed.forget()
        if not self._feeds:
            self._tasks = _cancel(self._tasks)
            self._topics.clear()

    def close(self) -> None:
        """End every stream now, and hold none from here on."""
        self.closed = True
        for feed in self._feeds.values():
            feed.close_readers("shutdown")
        asyncio.get_running_loop().call_later(_STOP_SECONDS, self._give_up_all)

    def _give_up_all(self) -> None:
        """Give up the clients that do not read the end: no server waits for them."""
        for feed in self._feeds.values():
            for reader in feed.readers:
                reader.give_up("shutdown")

    def _watch(self, hold: Subscription) -> Feed:
        if not self._tasks:
            self._access = hold.access
            self._tasks = _spawn(
                self._hear(),
                self._poll(),
                self._tick(),
                self._follow(self._access_stale, self._check_access),
                self._follow(self._are_suspended, self._ask_suspended),
            )
        feed = self._feeds[hold.channel] = Feed(hold.channel)
        feed.tasks = _spawn(self._follow(feed.stale, partial(self._refresh, feed)))
        for turn in group_by_interval(hold.computed_values):
            changed = asyncio.Event()
            feed.changes.append((turn.topics, changed))
            feed.tasks |= _spawn(
                follow_group(self._store, feed.channel, turn, changed, self._note_trouble)
            )
        return feed

    async def _catch_up(self, feed: Feed, position: Position | None) -> None:
        """Read a channel's news; readers that come together share one read."""
        async with feed.refreshing:
            if not feed.serves(position):
                await self._read(feed)

    async def _refresh(self, feed: Feed) -> None:
        async with feed.refreshing:
            await self._read(feed)

    async def _read(self, feed: Feed) -> None:
        changes = await self._store.asince(feed.channel, feed.position)
        if any(reader.is_personal for reader in feed.readers):
            # After the news were read: who lost access before these were pushed is found.
            await self._check_access()
        self._answered()
        feed.apply(changes)

    async def _check_access(self) -> None:
        """End the streams of whoever may have lost access; the view decides who comes back.

        Who asks while a read is under way shares the next one with all who do.
        """
        asked = self._access_reads
        async with self._access_lock:
            if self._access_known > asked:
                return
            self._access_reads += 1
            self._access, lost = await self._lost_access(self._access)
            self._end_streams_of(lost)
            self._access_known = self._access_reads

    async def _end_if_lost(self, reader: Reader, access: Position | None) -> None:
        """End a new stream if access may have been lost since it was checked, at ``access``."""
        if access == self._access:
            # The hub knows of the reader now, and has read nothing since.
            await self._check_access()
        else:
            _close_if_lost(reader, Revoked((await self._lost_access(access))[1]))

    async def _lost_access(self, since: Position | None) -> tuple[Position | None, set[str]]:
        """Return who may have lost access since a position, and the position now."""
        changes = await self._store.asince(REVOCATIONS, since)
        return changes.position, get_revoked_keys(since, changes)

    def _end_streams_of(self, lost: set[str]) -> None:
        if not lost:
            return
        # Who is named ends at once. Of the others only those who are refused: a busy object, or
        # everybody at once, would else cost a reconnect each time.
        named = Revoked({key for key in lost if is_personal(key) and key != ALL_USERS})
        others = Revoked({key for key in lost if not is_personal(key) or key == ALL_USERS})
        for feed in self._feeds.values():
            for reader in feed.readers:
                if named.concerns(reader.subjects):
                    reader.close("access")
                elif others.concerns(reader.subjects):
                    self._suspend(reader)

    def _suspend(self, reader: Reader) -> None:
        """Show a reader nothing new until it is known that its client still may see it."""
        if reader.ask is None:
            reader.close("access")
            return
        reader.is_suspended = True
        self._suspended[reader] = None
        self._are_suspended.set()

    async def _ask_suspended(self) -> None:
        """Ask whether the suspended may still read, one after the other; end those who may not."""
        while self._suspended:
            reader = next(iter(self._suspended))
            # Taken out first: it may become doubtful again while it is asked.
            del self._suspended[reader]
            if reader.ask is None or reader.end_reason:
                continue  # It has ended meanwhile.
            try:
                async with asyncio.timeout(_ASK_SECONDS):
                    may_read = await reader.ask()
            except Exception as error:  # noqa: BLE001 - a site may fail in its own ways
                logger.info("Access to %r cannot be checked: %r", reader.feed.channel, error)
                # Asked again, after the others: the site may be in trouble as well.
                self._suspend(reader)
                await asyncio.sleep(_TROUBLE_SECONDS)
                continue
            if not may_read:
                reader.close("access")
            elif reader not in self._suspended:
                reader.is_suspended = False
                reader.wake()

    async def _follow(self, stale: asyncio.Event, refresh: Callable[[], Awaitable[None]]) -> None:
        """Read a channel's news, however many hints announced them."""
        pause = _TROUBLE_SECONDS
        while not is_cancelled():
            await stale.wait()
            stale.clear()
            try:
                await refresh()
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
                stale.set()
                if self._answers.is_set():
                    # This channel's own trouble. The next push may mend it.
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                    pause = min(2 * pause, _MAX_PAUSE_SECONDS)
                else:
                    # The poll asks for all channels whether the store answers again.
                    await self._answers.wait()
            else:
                pause = _TROUBLE_SECONDS

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(channel: str) -> None:
            # From whatever thread; a loop that has just closed has no use for it.
            if not loop.is_closed():
                loop.call_soon_threadsafe(follow, channel)

        def follow(channel: str) -> None:
            feed = self._feeds.get(channel)
            if feed is not None:
                feed.stale.set()
            elif channel == REVOCATIONS:
                self._access_stale.set()
            elif channel == ALL_CHANNELS:
                self._all_stale.set()
            else:
                self._look(channel)

        await self._store.listen(hear)

    def _look(self, topic: str) -> None:
        for feed in self._feeds.values():
            feed.look(topic)

    async def _poll(self) -> None:
        """Find the news whose hint was lost: one query, whatever the number of readers."""
        while not is_cancelled():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._store.poll_seconds):
                    await self._all_stale.wait()
            self._all_stale.clear()
            topics = {
                topic
                for feed in self._feeds.values()
                for topics, _ in feed.changes
                for topic in topics
            }
            try:
                heads = await self._store.aheads((*self._feeds, *topics, REVOCATIONS))
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
                self._all_stale.set()
                # Drawn, for the other processes ask as well.
                await asyncio.sleep(_TROUBLE_SECONDS * random.uniform(0.5, 1))  # noqa: S311
                continue
            self._answered()
            if self._noted is not None:
                # The store answers readers: only those who compute are in trouble.
                self._report_refusal(self._noted)
                self._noted = None
            if heads.get(REVOCATIONS) != self._access:
                self._access_stale.set()
            for channel, feed in self._feeds.items():
                if heads.get(channel) != feed.position:
                    feed.stale.set()
            self._compare_topics(topics, heads)

    def _compare_topics(self, topics: set[str], heads: Mapping[str, Position]) -> None:
        before, self._topics = self._topics, {topic: heads.get(topic) for topic in topics}
        for topic, head in self._topics.items():
            if before.get(topic, head) != head:
                self._look(topic)

    async def _tick(self) -> None:
        """Let every reader see to its time."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = loop.time()
            for feed in self._feeds.values():
                for reader in feed.readers:
                    reader.tick(now)

    def _trouble(self, error: Exception) -> None:
        """Report once that the store cannot be reached; readers wait meanwhile."""
        if not self._store.is_unavailable(error):
            self._report_refusal(error)
            return
        self._store.outage.begin(error)
        if self._answers.is_set():
            self._answers.clear()
            METRICS.store_failures += 1
            # Else the poll would ask only when its time has come.
            self._all_stale.set()

    def _note_trouble(self, error: Exception) -> None:
        """Find out whether readers are in the same trouble as the threads that compute.

        Those open connections of their own: that the store has none left for them does not say
        that readers miss anything, or that somebody's lost access could not be stored.
        """
        if self._store.is_unavailable(error):
            self._noted = error
            self._all_stale.set()
        else:
            self._report_refusal(error)

    def _report_refusal(self, error: Exception) -> None:
        """Report, now and then, what the store refuses: it is full, say, or cannot read a frame."""
        now, kind = time.monotonic(), type(error).__qualname__
        if now < self._reported.get(kind, 0) + _REFUSAL_SECONDS:
            return
        self._reported[kind] = now
        logger.error(
            "The store of live state answers, but refuses something; it is tried again: %r",
            error,
            exc_info=error,
            extra={"event": "store_refused"},
        )

    def _answered(self) -> None:
        """Report that the store answers again.

        Revocations may have been missed during the outage: who made them may have died before the
        store took them. So everybody who is signed in is shown nothing new until they were asked.
        """
        self._store.outage.end()
        if not self._answers.is_set():
            self._answers.set()
            self._end_streams_of({ALL_USERS})


def _close_if_lost(reader: Reader, revoked: Revoked) -> None:
    if revoked.concerns(reader.subjects):
        reader.close("access")


def _spawn(*work: Coroutine[Any, Any, None]) -> set[asyncio.Task[None]]:
    return {asyncio.get_running_loop().create_task(each) for each in work}


def _cancel(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    for task in tasks:
        task.cancel()
    return set()
