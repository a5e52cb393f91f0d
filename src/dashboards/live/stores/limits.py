"""The limits of a frame: text that every store can keep, numbers that fit a column, bounded bytes.

``fit`` checks frames before they are stored, ``sound`` frames that were read. All stores use them,
so that all accept the same values and show them in the same way.
"""

import logging
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from dashboards import conf
from dashboards.characters import REPLACEMENT, clean_text
from dashboards.exceptions import ValueTooLargeError
from dashboards.live.wire.frames import Frame, Points, in_order
from dashboards.live.wire.positions import Position

logger = logging.getLogger("dashboards.live")

MAX_NAME_LENGTH = 255
"""Characters of a channel's or a key's name: the width of the narrowest column of a store."""

MAX_KEEP = 2_147_483_647
"""Points of a series that are kept: the largest integer of a database."""

_MAX_REMEMBERED = 1000
# A series' points share the limit, but each may be as long as this.
_MIN_POINT_BYTES = 1000


def check_size(label: str, html: str, limit: int | None = None) -> None:
    """Raise if rendered text is too long to be stored and sent to every page.

    Args:
        label: names the component for the error, such as ``"Shop.orders"``.
        html: the text.
        limit: the maximum of bytes, in UTF-8; by default ``DASHBOARDS["MAX_FRAME_BYTES"]``.

    Raises:
        ValueTooLargeError: the text is longer.
    """
    limit = conf.get("MAX_FRAME_BYTES") if limit is None else limit
    _check(label, _size(html, limit), limit)


def check_raw_size(label: str, value: Any) -> None:
    """Raise if a value is too long before it is rendered, to save the time of rendering.

    Checks text, bytes, and such values of a mapping. Other values are checked when rendered.

    Args:
        label: names the component for the error.
        value: the pushed value.

    Raises:
        ValueTooLargeError: the value is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
    """
    limit: int = conf.get("MAX_FRAME_BYTES")
    for each in value.values() if isinstance(value, Mapping) else (value,):
        if isinstance(each, str):
            _check(label, _size(each, limit), limit)
        elif isinstance(each, bytes | bytearray | memoryview):
            _check(label, len(each), limit)


def _check(label: str, size: int, limit: int) -> None:
    if size > limit:
        msg = (
            f"{label}: the value has {size:,} bytes, and at most {limit:,} are stored and sent to "
            "pages. Show less of it, or raise DASHBOARDS['MAX_FRAME_BYTES']."
        )
        raise ValueTooLargeError(msg)


def _size(text: str, limit: int) -> int:
    """Return the bytes of a text; if it is certainly above the limit, a lower bound of them."""
    # A character has one to four bytes, so most texts are measured without encoding them.
    if text.isascii() or len(text) > limit:
        return len(text)
    return len(text) if 4 * len(text) <= limit else len(text.encode(errors="surrogatepass"))


def fit(channel: str, frames: Mapping[str, str | Points]) -> dict[str, str | Points]:
    """Return frames that every store can keep.

    Characters that some store cannot keep are replaced by U+FFFD. That is logged once for each key.

    Args:
        channel: the channel of the put.
        frames: the frames, by key.

    Raises:
        TypeError: a frame is neither text nor ``Points``.
        ValueError: a name is too long, or a number beyond a column.
        ValueTooLargeError: a frame is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
    """
    check_channel(channel)
    limit: int = conf.get("MAX_FRAME_BYTES")
    fitted: dict[str, str | Points] = {}
    for key, data in frames.items():
        label = f"{key!r} on {channel!r}"
        fit_key = clean_text(key)
        if len(fit_key) > MAX_NAME_LENGTH:
            msg = f"The key of {label} has {len(key)} characters; at most {MAX_NAME_LENGTH} fit."
            raise ValueError(msg)
        fit_data = _fit(label, data, limit)
        if fit_key != key or fit_data != data:
            _log_replaced(channel, fit_key)
        fitted[fit_key] = fit_data
    return fitted


def check_channel(channel: str) -> None:
    """Raise if some store cannot keep a channel's name. A changed name might be another channel's.

    Raises:
        ValueError: the name is too long, or contains such characters.
    """
    if len(channel) > MAX_NAME_LENGTH or clean_text(channel) != channel:
        msg = (
            f"A channel's name has at most {MAX_NAME_LENGTH} characters, without NUL and lone "
            f"surrogates; got {channel!r}."
        )
        raise ValueError(msg)


def _fit(label: str, data: object, limit: int) -> str | Points:
    if isinstance(data, str):
        text = clean_text(data)
        check_size(label, text, limit)
        return text
    if not isinstance(data, Points):
        msg = f"A frame is text or Points; {label} got {data!r}."
        raise TypeError(msg)
    if not 1 <= data.keep <= MAX_KEEP:
        msg = f"{label} keeps {data.keep!r} points; it must be a number from 1 to {MAX_KEEP}."
        raise ValueError(msg)
    check_size(label, data.base, limit)
    items = [clean_text(item) for item in data.items]
    share = max(limit // data.keep, _MIN_POINT_BYTES)
    for item in items:
        check_size(f"A point of {label}", item, share)
    return Points(clean_text(data.base), items, data.keep)


def sound(channel: str, position: Position, frames: Iterable[Frame]) -> list[Frame]:
    """Return the frames of a read that can be shown, in the order of ``in_order``.

    A damaged frame is left out, and logged once. Only its own box stays empty, until the next put.

    Args:
        channel: their channel.
        position: the position of the channel.
        frames: as they were read; their fields may have any type.
    """
    shown: list[Frame] = []
    for frame in frames:
        if damage := frame.find_damage(position.version):
            log_damage(channel, frame.key, damage)
        else:
            shown.append(frame)
    return in_order(shown)


def log_damage(channel: str, key: object, damage: object) -> None:
    """Log, once for each key, that a stored frame cannot be read."""
    if _is_new("damage", channel, key):
        logger.error(
            "The stored frame of %r on %r cannot be read (%s). It is left out until the next put.",
            key,
            channel,
            damage,
            extra={"event": "frame_unreadable", "channel": channel, "key": str(key)},
        )


def _log_replaced(channel: str, key: str) -> None:
    if _is_new("replaced", channel, key):
        logger.warning(
            "The value of %r on %r has characters that cannot be stored (lone surrogates, NUL); "
            "they are shown as %s.",
            key,
            channel,
            REPLACEMENT,
            extra={"event": "text_replaced", "channel": channel, "key": key},
        )


_logged: set[tuple[str, str, str]] = set()
_lock = Lock()


def _is_new(event: str, channel: str, key: object) -> bool:
    """Return True the first time for a key. Only so many keys are remembered."""
    entry = (event, channel, repr(key))
    with _lock:
        if entry in _logged:
            return False
        if len(_logged) >= _MAX_REMEMBERED:
            _logged.clear()
        _logged.add(entry)
        return True
