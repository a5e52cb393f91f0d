"""Deleting frames that earlier releases have left in the store.

A component that was renamed or removed leaves its last frame under a key that no component has any
more. A component whose kind was changed leaves a frame that it cannot show. These frames are not
shown, but they are kept for ``FORGET_AFTER_SECONDS``, so that a release that is rolled back finds
them again. During a rolling deploy a process of the old release may write them again; the time then
starts again.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic

from dashboards import conf
from dashboards.component.bound import BoundComponent
from dashboards.exceptions import StoreUnavailableError
from dashboards.live.stores import get_store
from dashboards.live.wire.frames import Frame
from dashboards.live.wire.value_state import value_event

logger = logging.getLogger("dashboards.live")

_MAX_CHANNELS = 10_000

_seen: dict[str, tuple[Mapping[str, int], float]] = {}
"""By channel, their versions, and the time at which this process first saw them."""


def find_orphaned(
    frames: Sequence[Frame], components: Mapping[str, BoundComponent]
) -> dict[str, int]:
    """Return the keys of frames that no component can show, with their newest versions.

    Args:
        frames: the whole content of a channel.
        components: all components that have frames on it, by event.
    """
    left: set[str] = set()
    for frame in frames:
        component = components.get(value_event(frame.key))
        if component is None or (
            not frame.number and component.declaration._release.is_another_kind(frame.data)  # noqa: SLF001 - ours
        ):
            left.add(frame.key)
    newest: dict[str, int] = {}
    for frame in frames if left else ():
        if frame.key in left:
            newest[frame.key] = max(frame.version, newest.get(frame.key, 0))
    return newest


def are_due(channel: str, left: Mapping[str, int]) -> bool:
    """Return True if this process has seen the same orphaned frames for ``FORGET_AFTER_SECONDS``.

    Args:
        channel: their channel.
        left: the newest version of each, by key.
    """
    if not left:
        _seen.pop(channel, None)
        return False
    known, since = _seen.get(channel, ({}, 0.0))
    if known != left:
        if len(_seen) >= _MAX_CHANNELS:
            _seen.clear()
        since = monotonic()
        _seen[channel] = (left, since)
    if monotonic() - since < conf.get("FORGET_AFTER_SECONDS"):
        return False
    # Wait again, also if the store refuses: do not try on every page that is opened.
    _seen.pop(channel, None)
    return True


def forget(channel: str, keys: Iterable[str]) -> None:
    """Delete frames. If the store cannot be reached or refuses, they are deleted another time."""
    given, store = list(keys), get_store()
    if not given:
        return
    try:
        store.reach(lambda: store.forget(channel, given))
    except StoreUnavailableError:
        return  # Logged where it was noticed.
    except Exception:
        logger.exception(
            "What earlier releases left of %r cannot be deleted now.",
            channel,
            extra={"event": "store_refused", "channel": channel},
        )
        return
    logger.info(
        "Deleted what earlier releases left of %r: %s.",
        channel,
        ", ".join(given),
        extra={"event": "orphaned_frames_deleted", "channel": channel},
    )
