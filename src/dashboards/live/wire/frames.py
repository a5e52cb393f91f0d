"""Bytes on the wire: server-sent events as the WHATWG HTML standard defines them (§9.2.6).

Pure: text in, bytes out, standard library only.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

# The standard ends a line at any of the three, so data that holds one is split there.
_LINE_END = re.compile(r"\r\n|\r|\n")
_FORBIDDEN_IN_FIELD = re.compile(r"[\r\n\0]")

HEARTBEAT = "dashboards:heartbeat"
"""The event that says "still here". No component has this key: a key is an identifier."""


def encode_event(
    event: str,
    data: str,
    *,
    id: str | None = None,  # noqa: A002 - the field's name
    version: str | None = None,
) -> bytes:
    """Encode one named event.

    Args:
        event: the event's name; may not hold CR, LF or NUL.
        data: any text. Each of its lines becomes a ``data:`` line; CR and CRLF arrive as LF.
        id: what the client returns as ``Last-Event-ID``; may not hold CR, LF or NUL.
        version: the position at which the data was put, by which a page tells data that comes
            late. A field of ours: the standard has clients ignore fields that they do not know.

    Raises:
        ValueError: when a field would break out of its line.
    """
    lines = [f"event: {_field('event', event)}"]
    if id is not None:
        lines.append(f"id: {_field('id', id)}")
    if version is not None:
        lines.append(f"version: {_field('version', version)}")
    lines.extend(f"data: {line}" for line in _LINE_END.split(data))
    return ("\n".join(lines) + "\n\n").encode()


def encode_retry(milliseconds: int) -> bytes:
    """Encode the time, in milliseconds, that a client waits before it connects again."""
    return f"retry: {milliseconds:d}\n\n".encode()


def encode_release(release: str) -> bytes:
    """Encode which release the server has: a field of ours, and no event. Nothing where empty."""
    return f"release: {_field('release', release)}\n\n".encode() if release else b""


def encode_opening(retry_milliseconds: int, beat_seconds: float) -> bytes:
    """Encode what each stream begins with: two fields and no event.

    Args:
        retry_milliseconds: the time that a client waits before it connects again.
        beat_seconds: the longest time between two signs of life, on this stream or by asking again.
            A page that hears nothing for twice as long says so. A field of ours.
    """
    return f"retry: {retry_milliseconds:d}\nbeat: {beat_seconds:g}\n\n".encode()


def _field(name: str, value: str) -> str:
    if _FORBIDDEN_IN_FIELD.search(value):
        msg = f"The {name} of a server-sent event may not hold CR, LF or NUL, got {value!r}."
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class Frame:
    """The newest state of one component: what ``event: key`` carries to the page.

    Of a series it is the base that points are appended to, or, numbered from 1, one of the points.
    A point's version is never below that of its base, so whoever is sent a base is sent all points.
    """

    key: str
    version: int
    data: str
    number: int = 0
    """Which point of a series; 0 for a whole state."""
    keep: int = 0
    """Of a series: how many points are kept, the newest."""

    def find_damage(self, head: int) -> str:
        """Return why it cannot be shown; empty where it can. Stores ask of what they have read.

        Args:
            head: the version of its channel.
        """
        # A store may hold anything, whatever the annotations say.
        key: object = self.key
        data: object = self.data
        version: object = self.version
        number: object = self.number
        keep: object = self.keep
        if not isinstance(key, str) or not key or _FORBIDDEN_IN_FIELD.search(key):
            return f"the key {key!r}"
        if not isinstance(data, str):
            return f"data of type {type(data).__name__}"
        if not (isinstance(version, int) and 1 <= version <= head):
            return f"version {version!r}, the newest being {head}"
        if not (isinstance(number, int) and isinstance(keep, int) and number >= 0 and keep >= 0):
            return f"number {number!r} of {keep!r}"
        return "a point of a series that keeps none" if number and not keep else ""

    def encode(self, epoch: str) -> bytes:
        """Return a whole state without a position: encoded once, shared by every reader."""
        known: tuple[str, bytes] | None = self.__dict__.get("_encoded")
        if known is None or known[0] != epoch:
            known = epoch, encode_event(self.key, self.data, version=f"{epoch}.{self.version}")
            self.__dict__["_encoded"] = known
        return known[1]


class Points(NamedTuple):
    """What is stored where a component is a series: its newest points, and what they belong to."""

    base: str
    """HTML that the points are appended to; stored when it is new or has changed."""
    items: Sequence[str]
    """JSON texts, oldest first, with ``<``, ``>`` and ``&`` escaped, as a ``script`` needs it."""
    keep: int
    """How many points are kept, the newest; at least 1."""


def append_event(key: str) -> str:
    """Return the name of the event that appends points. No component's key has a colon."""
    return f"{key}:append"


def wrap_point(frame: Frame) -> str:
    """Return a point as it stands in the page. By its number the page knows one it has already."""
    attributes = f'type="application/json" data-dashboards-point="{frame.number}"'
    return f"<script {attributes}>{frame.data}</script>"


def page_html(frames: Iterable[Frame]) -> dict[str, str]:
    """Return what stands in the page for each key: a whole state, or a base and its points."""
    html: dict[str, str] = {}
    for frame in frames:
        if not frame.number:
            html[frame.key] = frame.data
        elif frame.key in html:  # A point whose base was lost cannot be shown.
            html[frame.key] += wrap_point(frame)
    return html


def encode_frames(frames: Sequence[Frame], position: str) -> bytes:
    """Encode what changed as one batch that moves the reader to ``position``.

    Each event carries the version at which its data was put, so that a page never shows an older
    one than it shows: what goes through a proxy may come again, and late. Only the last event
    carries the ``id:``. A connection cut inside the batch leaves the reader where it was, so that
    nothing of the batch can be skipped.

    Args:
        frames: as ``in_order`` has them.
        position: where a reader of all of them is.
    """
    if not frames:
        return b""
    events = [list(each) for _, each in groupby(frames, lambda each: (each.key, each.number > 0))]
    *head, last = events
    epoch = position.partition(".")[0]
    return b"".join(_encode(each, epoch) for each in head) + _encode(last, epoch, position)


def _encode(event: Sequence[Frame], epoch: str, position: str | None = None) -> bytes:
    first = event[0]
    version = f"{epoch}.{max(each.version for each in event)}"
    if first.number:
        points = "\n".join(map(wrap_point, event))
        return encode_event(append_event(first.key), points, id=position, version=version)
    if position is None:
        return first.encode(epoch)
    return encode_event(first.key, first.data, id=position, version=version)


def in_order(frames: Iterable[Frame]) -> list[Frame]:
    """Sort frames: oldest first, and the points of a series together, behind their base.

    Points older than their base belong to a series that has become a whole state: left out.
    """
    frames = list(frames)
    bases = {frame.key: frame.version for frame in frames if not frame.number}
    frames = [each for each in frames if each.version >= bases.get(each.key, 0)]
    newest: dict[str, int] = {}
    for frame in frames:
        newest[frame.key] = max(frame.version, newest.get(frame.key, 0))
    frames.sort(key=lambda frame: (newest[frame.key], frame.key, frame.number))
    return frames
