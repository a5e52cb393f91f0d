"""Telling GRIP proxies of what this process puts: one daemon thread a process and proxy.

What waits for a proxy is not content but which versions it has not been told of. So it is
bounded, however slow the proxy is, and what is published in the end is the newest. A publish names
the version before it (``prev-id``): the proxy notices what is missing, late or doubled, and asks
for the state at the next link. So nothing depends on a publish; it is only the quick way.
"""

import atexit
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.signals import setting_changed
from django.db import close_old_connections, connections

from dashboards import conf
from dashboards.live.access.channel import REVOCATIONS, get_revoked_keys
from dashboards.live.access.subjects import ALL_USERS, first_of, is_personal
from dashboards.live.grip.proxies import (
    INSTALLED,
    SETTINGS,
    Client,
    Message,
    access_channel,
    configured,
    is_configured,
    make_client,
)
from dashboards.live.metrics import METRICS
from dashboards.live.stores import get_store
from dashboards.live.stores.base import BaseStore, stored
from dashboards.live.stores.limits import log_damage
from dashboards.live.wire.frames import encode_frames
from dashboards.live.wire.positions import Position
from dashboards.live.wire.restricted import is_restricted
from dashboards.logs import one_line

logger = logging.getLogger("dashboards.live")

EXIT_SECONDS = 3.0
"""How long a process that ends waits for what it has put last to reach the proxies."""

_MOST_CHANNELS = 1000
_MOST_RANGES = 16
_MOST_AT_ONCE = 100
_MOST_BYTES = 1_000_000
_IDLE_SECONDS = 1.0
_FIRST_PAUSE = 0.1
_MOST_PAUSE = 5.0

# The answer that opens a stream may reach the proxy after the revocation of its access. So the
# revocation is published again, before each update that follows within this time. The streams of
# one user or session are few. Their time covers an answer that a slow network or a stopped process
# delays. To all users it is published once a second at most.
_AGAIN_SECONDS = 3.0
_AGAIN_PERSONAL_SECONDS = 15.0
_EVERYBODY_SECONDS = 1.0
# A process that begins does not know whether others have said what they put a moment ago.
_RECENT_SECONDS = 60.0
_RECENT_VERSIONS = 32

# Moves a stream on without a frame: a comment.
_NOTHING = ":\n\n"


@dataclass
class _Range:
    """Versions of one channel that this process has put one after the other."""

    epoch: str
    first: int
    last: int


class Publisher:
    """Publishes to one proxy.

    Args:
        client: the way to it.
        name: what it is called in the log.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._changed = threading.Condition()
        self._pending: dict[str, deque[_Range]] = {}
        self._is_failing = False
        self._is_closing = False
        self._thread: threading.Thread | None = None
        # Of the thread alone.
        self._access: Position | None = None
        self._has_begun = False
        # Whose streams to look at, and when that was said first; infinite while it was not.
        self._lost: dict[str, float] = {}
        self._told_everybody_at = -math.inf

    def announce(self, channel: str, position: Position) -> None:
        """Have a version published. Never waits for the proxy."""
        with self._changed:
            if self._is_closing:
                return
            self._add(channel, position)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="dashboards-grip", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def _add(self, channel: str, position: Position) -> None:
        ranges = self._pending.setdefault(channel, deque(maxlen=_MOST_RANGES))
        newest = ranges[-1] if ranges else None
        if newest and (newest.epoch, newest.last + 1) == (position.epoch, position.version):
            newest.last += 1
        else:
            ranges.append(_Range(position.epoch, position.version, position.version))
        if len(self._pending) > _MOST_CHANNELS:
            # Its streams find out at their next link.
            del self._pending[next(iter(self._pending))]

    def close(self, seconds: float) -> None:
        """Wait for what is pending, unless the proxy is failing, and end the thread.

        Args:
            seconds: how long to wait at most.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while True:
                batch = self._take()
                if not batch:
                    return
                if self._try(batch):
                    pause = _FIRST_PAUSE
                    continue
                self._give_back(batch)
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closing, pause)
                    if self._is_closing:
                        return
                pause = min(2 * pause, _MOST_PAUSE)
        finally:
            self._client.close()
            connections.close_all()

    def _take(self) -> dict[str, deque[_Range]]:
        """Wait for something to publish; nothing at the end."""
        with self._changed:
            if not (self._pending or self._is_closing):
                self._changed.wait(_IDLE_SECONDS)
            if not (self._pending or self._is_closing):
                # Nobody shall have to wait for a connection of ours that does nothing.
                connections.close_all()
                self._changed.wait_for(lambda: self._pending or self._is_closing)
            names = list(self._pending)[:_MOST_AT_ONCE]
            return {name: self._pending.pop(name) for name in names}

    def _try(self, batch: Mapping[str, deque[_Range]]) -> bool:
        """Publish, and return True; or report once whether store or proxy is to blame."""
        store = get_store()
        try:
            close_old_connections()
            messages, is_said = self._collect(store, batch)
        except Exception as error:  # noqa: BLE001 - a store fails in its own ways
            if store.is_unavailable(error):
                store.outage.begin(error)
            else:
                log_damage(REVOCATIONS, "the channel", one_line(error))
            return False
        store.outage.end()
        try:
            for portion in _in_portions(messages):
                self._client.publish(portion)
                METRICS.published += len(portion)
        except Exception as error:  # noqa: BLE001 - a wire fails in its own ways
            METRICS.publish_failures += 1
            self._failed(error)
            return False
        self._told(is_said=is_said)
        self._succeeded()
        return True

    def _give_back(self, batch: Mapping[str, deque[_Range]]) -> None:
        """Try again later, of each channel what is newest: what is missing then is asked for."""
        with self._changed:
            for channel, ranges in batch.items():
                if channel not in self._pending:
                    newest = _in_order(ranges)[-1]
                    self._pending[channel] = deque([newest], maxlen=_MOST_RANGES)

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.error(
                "The GRIP proxy at %s cannot be told of news (%s). It is tried again until it can; "
                "meanwhile its streams ask by themselves, every %s s at most.",
                self._name,
                one_line(error),
                conf.get("GRIP_POLL_SECONDS"),
                extra={"event": "proxy_unavailable"},
            )

    def _succeeded(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.warning(
                "The GRIP proxy at %s is told of news again.",
                self._name,
                extra={"event": "proxy_recovered"},
            )

    def _collect(
        self, store: BaseStore, batch: Mapping[str, deque[_Range]]
    ) -> tuple[list[Message], bool]:
        """Return what to publish, and whether it says whose streams to look at."""
        news = [
            message
            for channel, ranges in batch.items()
            if channel != REVOCATIONS
            for message in _news_or_hint(store, channel, ranges)
        ]
        # After the news were read: who lost access before these were put is found. Their streams
        # are not ended but looked at, which shows them nothing meanwhile: the view knows who was
        # let in since.
        subjects = self._who_lost(store)
        looks = [Message(access_channel(each), action="hint") for each in subjects]
        return [*looks, *news], ALL_USERS in subjects

    def _told(self, *, is_said: bool) -> None:
        """Remember when it was said first whose streams to look at.

        Args:
            is_said: whether it was said of everybody.
        """
        now = time.monotonic()
        self._lost = {key: min(at, now) for key, at in self._lost.items()}
        if is_said:
            self._told_everybody_at = now

    def _who_lost(self, store: BaseStore) -> list[str]:
        """Return the subjects whose streams to look at: they may have lost access meanwhile."""
        if not self._has_begun:
            self._access = _begin(store)
            self._has_begun = True
        changes = store.since(REVOCATIONS, self._access)
        lost = get_revoked_keys(self._access, changes)
        self._access = changes.position
        now = time.monotonic()
        self._lost = {
            key: at for key, at in self._lost.items() if at > now - _get_repeat_seconds(key)
        }
        self._lost.update(dict.fromkeys(lost, math.inf))
        if ALL_USERS in self._lost or len(self._lost) > _MOST_CHANNELS:
            everybody = max(self._lost.values())
            self._lost = {key: at for key, at in self._lost.items() if not is_personal(key)}
            is_new = everybody == math.inf
            # Streams that are nobody's are not among those of everybody.
            others = dict.fromkeys(map(first_of, self._lost))
            self._lost[ALL_USERS] = everybody
            if not is_new and now - self._told_everybody_at < _EVERYBODY_SECONDS:
                return list(others)
            return [ALL_USERS, *others]
        return list(dict.fromkeys(map(first_of, self._lost)))


def _get_repeat_seconds(key: str) -> float:
    """Return the seconds during which the revocation of a key is published again."""
    return _AGAIN_PERSONAL_SECONDS if is_personal(key) and key != ALL_USERS else _AGAIN_SECONDS


def _begin(store: BaseStore) -> Position | None:
    """Return where to begin reading who has lost access: of what is old nobody need be told."""
    head = store.heads([REVOCATIONS]).get(REVOCATIONS)
    if head is None:
        return None
    recent = Position(head.epoch, max(0, head.version - _RECENT_VERSIONS))
    put_at = store.since(REVOCATIONS, head).put_at
    return recent if time.time() - put_at < _RECENT_SECONDS else head


def _in_order(ranges: Iterable[_Range]) -> list[_Range]:
    """Return the ranges of the newest epoch in order, those put together that touch.

    Threads that put at the same time may announce in another order than they put.
    """
    *_, newest = ranges
    found: list[_Range] = []
    for each in sorted(
        (each for each in ranges if each.epoch == newest.epoch), key=lambda each: each.first
    ):
        if found and each.first == found[-1].last + 1:
            found[-1] = _Range(each.epoch, found[-1].first, each.last)
        else:
            found.append(each)
    return found


def _news(store: BaseStore, channel: str, ranges: Iterable[_Range]) -> Iterator[Message]:
    """Return what a channel's streams are told, one message a range."""
    mine = _in_order(ranges)
    epoch = mine[0].epoch
    changes = store.since(channel, Position(epoch, mine[0].first - 1))
    for each in mine:
        position, previous = Position(epoch, each.last), Position(epoch, each.first - 1)
        if changes.position is None or not changes.position.knows(position):
            return  # Another life has begun: whoever began it publishes.
        frames = [frame for frame in changes.frames if each.first <= frame.version <= each.last]
        # Where all is superseded meanwhile, who put the newer says so. The chain goes on.
        content = encode_frames(frames, str(position)).decode() or _NOTHING
        if len(content) > _MOST_BYTES or any(map(is_restricted, frames)):
            # More than a proxy may take in one piece, or nothing for all of the streams: have it
            # ask, for each as who it is.
            yield Message(channel, action="hint")
        else:
            yield Message(channel, content, str(position), str(previous))


def _news_or_hint(store: BaseStore, channel: str, ranges: Iterable[_Range]) -> list[Message]:
    """Return the same; of a channel that cannot be read, that its streams shall ask."""
    try:
        return list(_news(store, channel, ranges))
    except Exception as error:
        if store.is_unavailable(error):
            raise
        log_damage(channel, "the channel", one_line(error))
        return [Message(channel, action="hint")]


def _in_portions(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Divide what is published at once, for a proxy's requests are bounded."""
    portion: list[Message] = []
    size = 0
    for message in messages:
        if portion and (size + len(message.content) > _MOST_BYTES or len(portion) >= _MOST_AT_ONCE):
            yield portion
            portion, size = [], 0
        portion.append(message)
        size += len(message.content)
    if portion:
        yield portion


_publishers: list[Publisher] | None = None
_lock = threading.Lock()


def connect() -> None:
    """Publish what is put from now on, where a proxy is configured."""
    stored.connect(_announce, dispatch_uid="dashboards.live.grip")
    setting_changed.connect(_renew, dispatch_uid="dashboards.live.grip")
    atexit.register(_close)
    if hasattr(os, "register_at_fork"):
        # Threads do not survive a fork, and sockets are the parent's.
        os.register_at_fork(after_in_child=_forget)


def _announce(store: BaseStore, channel: str, position: Position, **kwargs: Any) -> None:  # noqa: ARG001
    # Other channels with a colon are topics, which no stream is about.
    if (
        not is_configured()
        or (":" in channel and channel != REVOCATIONS)
        or store is not get_store()
    ):
        return
    for publisher in _get_publishers():
        publisher.announce(channel, position)


def _get_publishers() -> list[Publisher]:
    global _publishers  # noqa: PLW0603 - one set a process
    with _lock:
        if _publishers is None:
            _publishers = list(_make_publishers())
        return _publishers


def _make_publishers() -> Iterator[Publisher]:
    if not INSTALLED:
        # A system check says so, too.
        logger.error(
            "A GRIP proxy is configured, but django-grip is not installed: it is told nothing.",
            extra={"event": "proxy_unavailable"},
        )
        return
    for entry in configured():
        if client := make_client(entry):
            yield Publisher(client, entry.get("control_uri") or entry["control_zmq_uri"])


def _close() -> None:
    """Wait for what was put last, within one bound for all proxies."""
    end = time.monotonic() + EXIT_SECONDS
    for publisher in _publishers or ():
        publisher.close(max(0, end - time.monotonic()))


def _forget() -> None:
    global _publishers, _lock
    _publishers, _lock = None, threading.Lock()


def _renew(**kwargs: Any) -> None:
    """Let tests override the settings."""
    if kwargs["setting"] in {*SETTINGS, conf.SETTING}:
        _close()
        _forget()
