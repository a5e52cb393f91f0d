"""Events that not every subscriber of a channel may get: those of components with permissions.

Their names begin with a sign that no component's key has. So what delivers frames can tell them
from the others without importing components. A subscription has the set of those that its viewer
may get (``visible_events``), which the dashboard makes.

Pure: standard library only.
"""

from collections.abc import Iterable

from dashboards.live.wire.frames import Frame

_SIGN = "@"


def restricted_event(name: str) -> str:
    """Return the name of an event that only some subscribers may get."""
    return f"{_SIGN}{name}"


def is_restricted(frame: Frame) -> bool:
    """Return True if only some subscribers may get a frame."""
    return frame.key.startswith(_SIGN)


def visible_frames(frames: Iterable[Frame], visible_events: frozenset[str]) -> list[Frame]:
    """Return the frames that a subscriber may get.

    Args:
        frames: those of a channel.
        visible_events: the restricted events that the subscriber may get. Each includes the
            event of its state (``:state``).
    """
    return [
        each
        for each in frames
        if not is_restricted(each) or each.key.partition(":")[0] in visible_events
    ]
