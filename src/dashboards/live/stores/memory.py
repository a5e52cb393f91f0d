"""State in one process's memory: for tests, and for a site of a single process."""

import asyncio
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from dashboards.live.frames import Frame
from dashboards.live.hints import Hear
from dashboards.live.positions import Position, new_epoch
from dashboards.live.stores.base import BaseStore, Changes


class _Channel:
    """One channel's state; guarded by its store's lock."""

    def __init__(self) -> None:
        self.position = Position(new_epoch(), 0)
        self.frames: dict[str, Frame] = {}


class MemoryStore(BaseStore):
    """Shared by the threads of one process, and gone with it. Takes no options."""

    # Every hint is heard: the poll is there for the day one is not.
    poll_seconds = 5.0

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._channels: dict[str, _Channel] = {}
        self._leases: dict[str, float] = {}

    def put(self, channel: str, frames: Mapping[str, str]) -> Position:
        """Store under the channel's next version."""
        with self._lock:
            state = self._channels.setdefault(channel, _Channel())
            version = state.position.version + 1
            state.position = Position(state.position.epoch, version)
            state.frames.update({key: Frame(key, version, data) for key, data in frames.items()})
            position = state.position
        self._hint(channel)
        return position

    def since(self, channel: str, position: Position | None) -> Changes:
        """Return what changed since ``position``."""
        with self._lock:
            state = self._channels.get(channel)
            if state is None:
                return Changes(None, ())
            after = position.version if position and state.position.knows(position) else 0
            changed = [frame for frame in state.frames.values() if frame.version > after]
            changed.sort(key=lambda frame: frame.version)
            return Changes(state.position, tuple(changed))

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return where the channels stand."""
        with self._lock:
            return {
                name: self._channels[name].position for name in channels if name in self._channels
            }

    def claim(self, name: str, seconds: float) -> bool:
        """Claim by the monotonic clock of this process."""
        now = time.monotonic()
        with self._lock:
            if self._leases.get(name, 0) > now:
                return False
            self._leases[name] = now + seconds
            return True

    def expire(self, name: str, channel: str) -> None:
        """Forget the claim."""
        with self._lock:
            self._leases.pop(name, None)
        self._hint(channel)

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Return what changed; memory does not block."""
        return self.since(channel, position)

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return where the channels stand; memory does not block."""
        return self.heads(channels)

    async def _hear_others(self, hear: Hear) -> None:  # noqa: ARG002 - there are no others
        await asyncio.Event().wait()
