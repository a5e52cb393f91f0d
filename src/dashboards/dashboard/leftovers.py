"""Deleting what earlier releases have left in the store.

A component that was renamed or removed leaves its last frame under a key that no component has any
more; one that was retyped leaves a frame that it cannot show. Nobody shows either, but they are
kept for a while: a release that is rolled back finds them again. During a rolling deploy a process
of the old release may write them anew, and then the while begins anew, too.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic

from dashboards import conf
from dashboards.component.bound import BoundComponent
from dashboards.component.release import get_release
from dashboards.exceptions import StoreUnavailableError
from dashboards.live.stores import get_store
from dashboards.live.wire.frames import Frame
from dashboards.live.wire.value_state import value_event

logger = logging.getLogger("dashboards.live")

_MOST_CHANNELS = 10_000

_seen: dict[str, tuple[Mapping[str, int], float]] = {}
"""By channel, the versions of leftovers and when they were first seen, in this process."""


def find_leftovers(
    frames: Sequence[Frame], components: Mapping[str, BoundComponent]
) -> dict[str, int]:
    """Return the keys of frames that no component shows, with their newest versions.

    Args:
        frames: the whole state of a channel.
        components: all that have frames on it, by event.
    """
    left: set[str] = set()
    for frame in frames:
        component = components.get(value_event(frame.key))
        if component is None or (
            not frame.number and get_release(component.declaration).is_another_kind(frame.data)
        ):
            left.add(frame.key)
    newest: dict[str, int] = {}
    for frame in frames if left else ():
        if frame.key in left:
            newest[frame.key] = max(frame.version, newest.get(frame.key, 0))
    return newest


def are_due(channel: str, left: Mapping[str, int]) -> bool:
    """Return True if this process has seen the same leftovers for long enough to delete them.

    Args:
        channel: whose they are.
        left: the newest version of each, by key.
    """
    if not left:
        _seen.pop(channel, None)
        return False
    known, since = _seen.get(channel, ({}, 0.0))
    if known != left:
        if len(_seen) >= _MOST_CHANNELS:
            _seen.clear()
        since = monotonic()
        _seen[channel] = (left, since)
    if monotonic() - since < conf.get("FORGET_AFTER_SECONDS"):
        return False
    # Where the store refuses, not at each page that is opened.
    _seen.pop(channel, None)
    return True


def forget(channel: str, keys: Iterable[str]) -> None:
    """Delete frames, where the store can be reached and takes it: else at another time."""
    given, store = list(keys), get_store()
    if not given:
        return
    try:
        store.reach(lambda: store.forget(channel, given))
    except StoreUnavailableError:
        return  # Said already.
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
        extra={"event": "leftovers_forgotten", "channel": channel},
    )
