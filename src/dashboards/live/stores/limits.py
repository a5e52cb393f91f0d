"""What a frame may be: text that every store can keep, numbers within a column, bounded bytes.

``fit`` looks at what goes into a store, ``sound`` at what comes out of it. One place for all
stores, so that a value which one of them takes is taken by each, and shown alike.
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
"""Characters of a channel's or a key's name: as wide as the narrowest store's column."""

MAX_KEEP = 2_147_483_647
"""Points of a series that are kept: as much as a database's integer holds."""

_MAX_REMEMBERED = 1000
# A series' points share the limit, but each may be as long as this.
_LEAST_POINT_BYTES = 1000


def check_size(label: str, html: str, limit: int | None = None) -> None:
    """Refuse rendered text that is too long to be stored, and sent to every page.

    Args:
        label: whose it is, such as ``"Shop.orders"``, for the error.
        html: the text.
        limit: the most bytes, in UTF-8; by default ``DASHBOARDS["MAX_FRAME_BYTES"]``.

    Raises:
        ValueTooLargeError: it is longer.
    """
    limit = conf.get("MAX_FRAME_BYTES") if limit is None else limit
    _check(label, _size(html, limit), limit)


def check_raw_size(label: str, value: Any) -> None:
    """Refuse a value that is too long already, before the time to render it is spent.

    Looks at text, bytes, and those among a mapping's values; all else is known when it is rendered.

    Args:
        label: whose it is, for the error.
        value: as it was pushed.

    Raises:
        ValueTooLargeError: it is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
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
    """Return how many bytes a text has; where it is surely too long, at least how many."""
    # A character is one to four bytes, so most texts need not be encoded to be measured.
    if text.isascii() or len(text) > limit:
        return len(text)
    return len(text) if 4 * len(text) <= limit else len(text.encode(errors="surrogatepass"))


def fit(channel: str, frames: Mapping[str, str | Points]) -> dict[str, str | Points]:
    """Return frames as every store can keep them.

    Text that has characters which some store cannot keep gets U+FFFD in their place; that is logged
    once for each key.

    Args:
        channel: where they are put.
        frames: what is put, by key.

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
    """Refuse a name that some store cannot keep. Made fit it might become another channel's.

    Raises:
        ValueError: it is too long, or holds such characters.
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
    share = max(limit // data.keep, _LEAST_POINT_BYTES)
    for item in items:
        check_size(f"A point of {label}", item, share)
    return Points(clean_text(data.base), items, data.keep)


def sound(channel: str, position: Position, frames: Iterable[Frame]) -> list[Frame]:
    """Return what can be shown of frames that a store has read, in the order of ``in_order``.

    A frame that is damaged is left out, and logged once: it costs its own box, until it is put
    anew.

    Args:
        channel: whose they are.
        position: where the channel stands.
        frames: as they were read; their fields may be of any type.
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
            "What is stored of %r on %r cannot be read (%s); it is left out until it is put anew.",
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


def _is_new(what: str, channel: str, key: object) -> bool:
    """Return True the first time, for as many keys as are remembered."""
    entry = (what, channel, repr(key))
    with _lock:
        if entry in _logged:
            return False
        if len(_logged) >= _MAX_REMEMBERED:
            _logged.clear()
        _logged.add(entry)
        return True
