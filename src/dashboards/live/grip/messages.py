"""Messages for a GRIP proxy: the frames of the versions that this process has put."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dashboards.live.grip.proxies import Message
from dashboards.live.stores.base import BaseStore
from dashboards.live.stores.limits import log_damage
from dashboards.live.wire.frames import encode_frames
from dashboards.live.wire.positions import Position
from dashboards.live.wire.restricted import is_restricted
from dashboards.loggers import one_line

_MAX_MESSAGES = 100
_MAX_BYTES = 1_000_000
"""The most that is published in one piece, and in one request. What is larger the proxy requests
instead."""

# A comment: it moves a stream's position on without an event.
_EMPTY = ":\n\n"


@dataclass
class Range:
    """Successive versions of one channel that this process has put."""

    epoch: str
    first: int
    last: int


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Return the ranges of the newest epoch in order; those that are adjacent become one.

    Threads that put at the same time may announce in another order than they put.
    """
    *_, newest = ranges
    merged: list[Range] = []
    for each in sorted(
        (each for each in ranges if each.epoch == newest.epoch), key=lambda each: each.first
    ):
        if merged and each.first == merged[-1].last + 1:
            merged[-1] = Range(each.epoch, merged[-1].first, each.last)
        else:
            merged.append(each)
    return merged


def read_messages(store: BaseStore, channel: str, ranges: Iterable[Range]) -> list[Message]:
    """Return what is published for a channel.

    If the channel cannot be read, it is a request to the proxy to request its streams anew.

    Raises:
        Exception: the store is down.
    """
    try:
        return list(_read(store, channel, ranges))
    except Exception as error:
        if store.is_unavailable(error):
            raise
        log_damage(channel, "the channel", one_line(error))
        return [Message(channel, action="hint")]


def _read(store: BaseStore, channel: str, ranges: Iterable[Range]) -> Iterator[Message]:
    """Yield one message for each range."""
    merged = merge(ranges)
    epoch = merged[0].epoch
    changes = store.since(channel, Position(epoch, merged[0].first - 1))
    for each in merged:
        position, previous = Position(epoch, each.last), Position(epoch, each.first - 1)
        if changes.position is None or not changes.position.knows(position):
            return  # Another epoch has begun. The process that began it publishes.
        frames = [frame for frame in changes.frames if each.first <= frame.version <= each.last]
        # Newer frames of other processes may have replaced all of them; those publish theirs. An
        # empty message keeps the chain of versions complete.
        content = encode_frames(frames, str(position)).decode() or _EMPTY
        if len(content) > _MAX_BYTES or any(map(is_restricted, frames)):
            # Too large, or not for all streams of the channel: each stream requests it for itself.
            yield Message(channel, action="hint")
        else:
            yield Message(channel, content, str(position), str(previous))


def split_into_requests(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Yield the messages in portions that a proxy accepts in one request."""
    portion: list[Message] = []
    size = 0
    for message in messages:
        if portion and (size + len(message.content) > _MAX_BYTES or len(portion) >= _MAX_MESSAGES):
            yield portion
            portion, size = [], 0
        portion.append(message)
        size += len(message.content)
    if portion:
        yield portion
