"""Events that not every reader of a channel may hear: those of components with permissions.

Their names begin with a sign that no component's key has, so whoever delivers frames tells them
from the others without knowing of components. A reader says which of them it may hear.

Pure: standard library only.
"""

from collections.abc import Iterable

from dashboards.live.wire.frames import Frame

_SIGN = "@"


def restricted_event(name: str) -> str:
    """Return the name of an event that only those readers hear who may."""
    return f"{_SIGN}{name}"


def is_restricted(frame: Frame) -> bool:
    """Return True if not every reader may hear of a frame."""
    return frame.key.startswith(_SIGN)


def audible(frames: Iterable[Frame], heard: frozenset[str]) -> list[Frame]:
    """Return the frames that a reader may hear of.

    Args:
        frames: those of a channel.
        heard: the guarded events that the reader may hear. Their states (``:state``) are theirs.
    """
    return [
        each for each in frames if not is_restricted(each) or each.key.partition(":")[0] in heard
    ]
