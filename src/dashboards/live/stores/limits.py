"""The limits of a frame: text that every store can keep, numbers that fit a column, bounded bytes.

``fit`` checks frames before they are stored, ``sound`` frames that were read. All stores use them,
so that all accept the same values and show them in the same way.
"""

import logging
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from dashboards import conf
from dashboards.exceptions import ValueTooLargeError
from dashboards.live.wire.frames import Frame, Points, in_order
from dashboards.live.wire.positions import Position
from dashboards.storable_text import REPLACEMENT, UNFIT, clean_text

logger = logging.getLogger("dashboards.live")

MAX_NAME_LENGTH = 255
"""Characters of a channel's or a key's name: the width of the narrowest column of a store."""

MAX_KEEP = 2_147_483_647
"""Points of a series that are kept: the largest integer of a database."""

MEASURABLE = (str, bytes, bytearray, memoryview, Mapping)
"""The types of values whose size is known before they are rendered."""

_MAX_REMEMBERED = 1000
# A series' points share the limit, but each may be as long as this.
_MIN_POINT_BYTES = 1000


def check_size(label: str, text: str, limit: int) -> None:
    """Raise if rendered text is too long to be stored and sent to every page.

    Args:
        label: names the component for the error, such as ``"Shop.orders"``.
        text: the text.
        limit: the maximum of bytes, in UTF-8.

    Raises:
        ValueTooLargeError: the text is longer.
    """
    # A character has one to four bytes, so most texts are measured without encoding them.
    size = len(text)
    if 4 * size > limit and size <= limit and not text.isascii():
        size = len(text.encode(errors="surrogatepass"))
    if size > limit:
        raise _make_error(label, size, limit)


def check_raw_size(label: str, value: Any) -> None:
    """Raise if a value is too long before it is rendered, to save the time of rendering.

    Checks text, bytes, and such values of a mapping. Other values are checked when stored.

    Args:
        label: names the component for the error.
        value: the pushed value; it need not be checked unless it is ``MEASURABLE``.

    Raises:
        ValueTooLargeError: the value is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
    """
    limit: int = conf.get("MAX_FRAME_BYTES")
    for each in value.values() if isinstance(value, Mapping) else (value,):
        if isinstance(each, str):
            check_size(label, each, limit)
        elif isinstance(each, bytes | bytearray | memoryview) and len(each) > limit:
            raise _make_error(label, len(each), limit)


def _fit_text(label: str, text: str, limit: int, part: str = "the value") -> str:
    """Return a text that every store can keep.

    Raises:
        ValueTooLargeError: the text is longer than ``limit``.
    """
    # Encoded once: that measures the text, and finds lone surrogates.
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return _fit_text(label, clean_text(text), limit, part)
    if "\0" in text:
        return _fit_text(label, clean_text(text), limit, part)
    if size > limit:
        raise _make_error(label, size, limit, part)
    return text


def _make_error(label: str, size: int, limit: int, part: str = "the value") -> ValueTooLargeError:
    excess = (
        f"{part} has {size:,} bytes, and at most {limit:,} are stored and sent to pages. Show less "
        "of it, or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )
    return ValueTooLargeError(f"{label}: {excess}", excess)


def fit(channel: str, frames: Mapping[str, str | Points], limit: int) -> dict[str, str | Points]:
    """Return frames that every store can keep.

    Args:
        channel: the channel of the put.
        frames: the frames, by key.
        limit: the maximum of bytes of a frame, in UTF-8.

    Raises:
        TypeError: a frame is neither text nor ``Points``.
        ValueError: a name is too long, or a number beyond a column.
        ValueTooLargeError: a frame is longer than ``limit``.
    """
    fitted, refused = fit_each(channel, frames, limit)
    for error in refused.values():
        raise error
    return fitted


def fit_each(
    channel: str, frames: Mapping[str, str | Points], limit: int
) -> tuple[dict[str, str | Points], dict[str, Exception]]:
    """Return the frames that every store can keep, and the errors of the others, by key.

    Characters that some store cannot keep are replaced by U+FFFD. That is logged once for each key.

    Args:
        channel: the channel of the put.
        frames: the frames, by key.
        limit: the maximum of bytes of a frame, in UTF-8.

    Raises:
        ValueError: the channel's name is too long.
    """
    # A changed name might be that of another channel.
    if len(channel) > MAX_NAME_LENGTH or UNFIT.search(channel):
        msg = (
            f"A channel's name has at most {MAX_NAME_LENGTH} characters, without NUL and lone "
            f"surrogates; got {channel!r}."
        )
        raise ValueError(msg)
    fitted: dict[str, str | Points] = {}
    refused: dict[str, Exception] = {}
    for key, data in frames.items():
        label = f"{key!r} on {channel!r}"
        fit_key = UNFIT.sub(REPLACEMENT, key)
        fit_data: str | Points
        try:
            if len(fit_key) > MAX_NAME_LENGTH:
                raise _make_key_error(label, key)
            if isinstance(data, str):
                fit_data = _fit_text(label, data, limit)
            else:
                fit_data = _fit_points(label, data, limit)
        except (TypeError, ValueError) as error:
            refused[key] = error
            continue
        if fit_key != key or fit_data != data:
            _log_replaced(channel, fit_key)
        fitted[fit_key] = fit_data
    return fitted, refused


def _make_key_error(label: str, key: str) -> ValueError:
    return ValueError(
        f"The key of {label} has {len(key)} characters; at most {MAX_NAME_LENGTH} fit."
    )


def _fit_points(label: str, data: object, limit: int) -> Points:
    if not isinstance(data, Points):
        msg = f"A frame is text or Points; {label} got {data!r}."
        raise TypeError(msg)
    if not 1 <= data.keep <= MAX_KEEP:
        msg = f"{label} keeps {data.keep!r} points; it must be a number from 1 to {MAX_KEEP}."
        raise ValueError(msg)
    share = max(limit // data.keep, _MIN_POINT_BYTES)
    items = [_fit_text(label, item, share, "a point") for item in data.items]
    return Points(_fit_text(label, data.base, limit), items, data.keep)


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
