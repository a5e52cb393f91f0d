"""Bytes on the wire: server-sent events as the WHATWG HTML standard defines them (§9.2.6).

Pure: text in, bytes out, standard library only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

# The standard ends a line at any of the three, so data that holds one is split there.
_LINE_END = re.compile(r"\r\n|\r|\n")
_FORBIDDEN_IN_FIELD = re.compile(r"[\r\n\0]")

HEARTBEAT = "dashboards:heartbeat"
"""The event that says "still here". No component has this key: a key is an identifier."""


def encode_event(event: str, data: str, *, id: str | None = None) -> bytes:  # noqa: A002 - the field's name
    """Encode one named event.

    Args:
        event: the event's name; may not hold CR, LF or NUL.
        data: any text. Each of its lines becomes a ``data:`` line; CR and CRLF arrive as LF.
        id: what the client returns as ``Last-Event-ID``; may not hold CR, LF or NUL.

    Raises:
        ValueError: when ``event`` or ``id`` would break out of its line.
    """
    lines = [f"event: {_field('event', event)}"]
    if id is not None:
        lines.append(f"id: {_field('id', id)}")
    lines.extend(f"data: {line}" for line in _LINE_END.split(data))
    return ("\n".join(lines) + "\n\n").encode()


def encode_retry(milliseconds: int) -> bytes:
    """Encode the time, in milliseconds, that a client waits before it connects again."""
    return f"retry: {milliseconds:d}\n\n".encode()


def _field(name: str, value: str) -> str:
    if _FORBIDDEN_IN_FIELD.search(value):
        msg = f"The {name} of a server-sent event may not hold CR, LF or NUL, got {value!r}."
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class Frame:
    """The newest state of one component: what ``event: key`` carries to the page."""

    key: str
    version: int
    data: str

    @cached_property
    def encoded(self) -> bytes:
        """The frame without a position: encoded once, shared by every reader."""
        return encode_event(self.key, self.data)


def encode_frames(frames: Iterable[Frame], position: str) -> bytes:
    """Encode what changed as one batch that moves the reader to ``position``.

    Only the last event carries the ``id:``. A connection cut inside the batch leaves the reader
    where it was, so that nothing of the batch can be skipped.
    """
    batch = list(frames)
    if not batch:
        return b""
    *head, last = batch
    return b"".join(frame.encoded for frame in head) + encode_event(
        last.key, last.data, id=position
    )
