"""Encodes frames as server-sent events, which the WHATWG HTML standard defines (§9.2.6).

Pure: text in, bytes out, standard library only.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

# In the standard each of the three ends a line, so data is split there.
_LINE_END = re.compile(r"\r\n|\r|\n")
_FORBIDDEN_IN_FIELD = re.compile(r"[\r\n\0]")

HEARTBEAT = "dashboards:heartbeat"
"""The event of a heartbeat. No component has this key: a key is an identifier."""
STALE = "dashboards:stale"
"""The event in place of a heartbeat while the store cannot be reached: values may have changed."""


def encode_event(
    event: str,
    data: str,
    *,
    id: str | None = None,  # noqa: A002 - the field's name
    version: str | None = None,
) -> bytes:
    """Encode one named event.

    Args:
        event: the event's name; may not contain CR, LF or NUL.
        data: any text. Each of its lines becomes a ``data:`` line; CR and CRLF arrive as LF.
        id: the client returns it as ``Last-Event-ID``; may not contain CR, LF or NUL.
        version: the position at which the data was put, with which a page recognizes data that
            comes late. It is not in the standard, which has clients ignore unknown fields.

    Raises:
        ValueError: a field contains the end of a line, or NUL.
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
    """Encode the server's release, in a field beyond the standard; no bytes if it is empty."""
    return f"release: {_field('release', release)}\n\n".encode() if release else b""


def encode_opening(retry_milliseconds: int, beat_seconds: float, now: float) -> bytes:
    """Encode the beginning of each stream: three fields and no event.

    Args:
        retry_milliseconds: the time that a client waits before it connects again.
        beat_seconds: the longest time between two heartbeats of this stream, or two polls. A page
            that receives nothing for twice as long shows that. The field is not in the standard.
        now: the time, in seconds since 1970. With it a page whose clock is wrong shows the right
            age of a value. The field is not in the standard.
    """
    return f"retry: {retry_milliseconds:d}\nbeat: {beat_seconds:g}\nnow: {now:.1f}\n\n".encode()


def _field(name: str, value: str) -> str:
    if _FORBIDDEN_IN_FIELD.search(value):
        msg = f"The {name} of a server-sent event may not hold CR, LF or NUL, got {value!r}."
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class Frame:
    """The newest state of one component: the data of ``event: key``.

    For a series it is the base, to which points are appended, or one of the points, numbered from
    1. A point's version is never below that of its base: a page that gets a base gets all points.
    """

    key: str
    version: int
    data: str
    number: int = 0
    """The number of a point in its series; 0 for a whole state."""
    keep: int = 0
    """For a series: how many of its newest points are kept."""

    def find_damage(self, head: int) -> str:
        """Return why the frame cannot be shown; empty if it can. Stores call it after a read.

        Args:
            head: the version of its channel.
        """
        # Data in a store may have any type, in spite of the annotations.
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
        """Return a whole state without a position: encoded once, and shared by all subscribers."""
        known: tuple[str, bytes] | None = self.__dict__.get("_encoded")
        if known is None or known[0] != epoch:
            known = epoch, encode_event(self.key, self.data, version=f"{epoch}.{self.version}")
            self.__dict__["_encoded"] = known
        return known[1]


class Points(NamedTuple):
    """The stored value of a component that is a series: its newest points and their base."""

    base: str
    """The HTML to which the points are appended; stored when it is new or has changed."""
    items: Sequence[str]
    """JSON texts, oldest first, with ``<``, ``>`` and ``&`` escaped, as needed in a ``script``.
    Each may follow a comment with the time of its point: ``<!--at 1764374400.0-->``."""
    keep: int
    """The number of the newest points that are kept; at least 1."""


def append_event(key: str) -> str:
    """Return the name of the event that appends points. No component's key has a colon."""
    return f"{key}:append"


def wrap_points(points: Iterable[Frame], separator: str = "") -> str:
    """Return the HTML in the page of points of a series, behind the time of the last one.

    By its number the page recognizes a point that it has.
    """
    html = []
    time = ""
    for frame in points:
        mark, end, data = frame.data.rpartition("-->")  # JSON text has no ">".
        time = mark + end
        attributes = f'type="application/json" data-dashboards-point="{frame.number}"'
        html.append(f"<script {attributes}>{data}</script>")
    return time + separator.join(html)


def page_html(frames: Iterable[Frame]) -> dict[str, str]:
    """Return the HTML in the page for each key: a whole state, or a base and its points."""
    html: dict[str, str] = {}
    points: dict[str, list[Frame]] = {}
    for frame in frames:
        if not frame.number:
            html[frame.key] = frame.data
        elif frame.key in html:  # A point whose base was lost cannot be shown.
            points.setdefault(frame.key, []).append(frame)
    for key, each in points.items():
        html[key] += wrap_points(each)
    return html


def encode_frames(frames: Sequence[Frame], position: str) -> bytes:
    """Encode changes as one batch that moves the subscriber to ``position``.

    Each event has the version at which its data was put, so that a page never shows an older value
    after a newer one: through a proxy an event may arrive again, and late. Only the last event has
    the ``id:``. If the connection is cut within the batch, the subscriber keeps its position, and
    gets the whole batch again.

    Args:
        frames: in the order of ``in_order``.
        position: the position of a subscriber after all of them.
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
        points = wrap_points(event, separator="\n")
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
