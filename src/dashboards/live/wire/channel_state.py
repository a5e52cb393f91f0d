"""The newest frames of one channel, in memory: a store's own, or a hub's copy of them.

Pure: standard library only.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from dashboards.live.wire.frames import Frame, Points, in_order


class ChannelState:
    """The newest frame of each key, and of each series as many points as it keeps."""

    def __init__(self) -> None:
        self._frames: dict[str, Frame] = {}
        self._points: dict[str, deque[Frame]] = {}

    def take(self, frames: Iterable[Frame]) -> None:
        """Add frames that are newer, in the order of ``in_order``."""
        for frame in frames:
            if not frame.number:
                self._frames[frame.key] = frame
                # All of its points come after a base.
                self._points.pop(frame.key, None)
                continue
            points = self._points.setdefault(frame.key, deque())
            points.append(frame)
            while len(points) > frame.keep:
                points.popleft()

    def append(self, key: str, version: int, points: Points) -> None:
        """Append points to a series, numbered after those that it has."""
        known = self._points.get(key) or ()
        base = self._frames.get(key)
        if base is None or base.data != points.base:
            base = Frame(key, version, points.base)
            self.take([base, *(replace(each, version=version) for each in known)])
        last = known[-1].number if known else 0
        self.take(
            Frame(key, version, item, number, points.keep)
            for number, item in enumerate(points.items, last + 1)
        )

    def since(self, version: int) -> list[Frame]:
        """Return the frames that are newer than ``version``, in the order of ``in_order``."""
        frames = [each for each in self._frames.values() if each.version > version]
        for points in self._points.values():
            frames.extend(each for each in points if each.version > version)
        return in_order(frames)

    def forget(self, keys: Iterable[str]) -> None:
        """Delete the frames of some keys."""
        for key in keys:
            self._frames.pop(key, None)
            self._points.pop(key, None)

    def clear(self) -> None:
        """Delete all frames."""
        self._frames.clear()
        self._points.clear()
