"""ChannelState in one process's memory: for tests, and for a site of a single process."""

import asyncio
import threading
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.stores.base import BaseStore, Changes, new_holder
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener
from dashboards.live.stores.processes import OtherProcesses
from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position, new_epoch


class _Channel:
    """One channel. Use it only under the lock of its store."""

    def __init__(self) -> None:
        self.position = Position(new_epoch(), 0)
        self.put_at = 0.0
        self.state = ChannelState()


class _Lease(NamedTuple):
    holder: str
    input_version: str
    until: float


class MemoryStore(BaseStore):
    """Shared by the threads of one process, and lost when it ends. Takes no options."""

    # No notification can be lost within one process. The poll is a safeguard.
    poll_seconds = 5.0

    def __init__(self, options: Mapping[str, Any], *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(options, clock=clock)
        self._lock = threading.Lock()
        self._others = OtherProcesses()
        self._channels: dict[str, _Channel] = {}
        self._leases: dict[str, _Lease] = {}

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store under the channel's next version."""
        if not self._others.is_known:
            self._others.detect(reads=False)
        with self._lock:
            its = self._channels.get(channel)
            if its is None:
                its = self._channels[channel] = _Channel()
            version = its.position.version + 1
            for key, data in frames.items():
                if isinstance(data, str):
                    its.state.take([Frame(key, version, data)])
                else:
                    its.state.append(key, version, data)
            its.put_at = self.clock.time()
            its.position = Position(its.position.epoch, version)
            return its.position

    def since(self, channel: str, position: Position | None) -> Changes:
        """Return what changed since ``position``."""
        if not self._others.is_known:
            self._others.detect(reads=True)
        with self._lock:
            its = self._channels.get(channel)
            if its is None:
                return Changes(None, ())
            after = position.version if position and its.position.knows(position) else 0
            return Changes(its.position, tuple(its.state.since(after)), its.put_at)

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return the positions of channels."""
        with self._lock:
            return {
                name: self._channels[name].position for name in channels if name in self._channels
            }

    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete the frames of some keys."""
        with self._lock:
            if its := self._channels.get(channel):
                its.state.forget(keys)

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Acquire by the monotonic time of its clock."""
        now = self.clock.monotonic()
        with self._lock:
            lease = self._leases.get(name)
            if lease and lease.until > now and lease.input_version in {"", input_version}:
                return ""
            holder = new_holder()
            self._leases[name] = _Lease(holder, "", now + seconds)
            return holder

    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Renew by the monotonic time of its clock."""
        now = self.clock.monotonic()
        with self._lock:
            lease = self._leases.get(name)
            if lease is None or lease.holder != holder:
                return False
            self._leases[name] = _Lease(holder, input_version, now + seconds)
            return True

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Return what changed. Memory does not block."""
        return self.since(channel, position)

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return the positions of channels. Memory does not block."""
        return self.heads(channels)

    async def _listen_remote(self, listener: Listener) -> None:
        # There are no other processes, but a put before it listened gave no notification.
        listener(ALL_CHANNELS)
        await asyncio.Event().wait()
