"""The state of a live value, kept in the store besides its frame.

A state other than fresh is a frame of its own, under the event's name and ``:state``. Its data is
the HTML that the box shows. It is valid only while it is newer than the value: a value that was put
later is fresh, so a success needs no extra frame.

Pure: standard library only.
"""

from collections.abc import Iterable
from typing import Literal

from dashboards.live.wire.frames import Frame

ValueState = Literal["fresh", "late", "failed", "waiting"]
"""``fresh``: as new as declared. ``late``: older than it should be. ``failed``: could not be
computed, so the last good value stays. ``waiting``: there has never been a value."""

_SUFFIX = ":state"


def state_event(event: str) -> str:
    """Return the name of the event that carries a value's state. No component's key has a colon."""
    return f"{event}{_SUFFIX}"


def value_event(event: str) -> str:
    """Return the event of the value for the event of a state, and any other event unchanged."""
    return event.removesuffix(_SUFFIX)


def is_state(frame: Frame) -> bool:
    """Return True if a frame is a state, not a value."""
    return frame.key.endswith(_SUFFIX)


def current_states(frames: Iterable[Frame]) -> dict[str, str]:
    """Return the HTML of each state that is newer than its value, by the value's event.

    Args:
        frames: the whole state of a channel.
    """
    frames = list(frames)
    newest: dict[str, int] = {}
    for frame in frames:
        newest[frame.key] = max(frame.version, newest.get(frame.key, 0))
    return {
        event: frame.data
        for frame in frames
        if is_state(frame) and frame.version > newest.get(event := value_event(frame.key), 0)
    }
