"""The store that keeps channels in Redis."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.core.checks import CheckMessage

from dashboards.live.stores.base import BaseStore, Changes, keep_listening, new_holder
from dashboards.live.stores.limits import sound
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener
from dashboards.live.stores.redis import connections
from dashboards.live.stores.redis.checks import check_connection, check_options
from dashboards.live.stores.redis.connections import Connections, finish
from dashboards.live.stores.redis.options import DEFAULTS
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position, new_epoch
from dashboards.live.workers import is_cancelled


class RedisStore(BaseStore):
    """Keeps each channel in Redis. Notifications travel by its publish and subscribe.

    A server that loses its data begins new epochs, and pages get the whole state again.

    Options:
        url: where Redis is; default ``"redis://localhost:6379/0"``.
        prefix: begins every key; default ``"dashboards:"``.
        timeout: seconds until an unanswered command fails; default 5.
        keep_seconds: seconds after which a channel that is neither pushed to nor read is dropped;
            default 30 days.
        poll_seconds: seconds between two polls for updates whose notification was lost; default 2.
        max_connections: connections of a process at most, once for its threads and once for each
            event loop, beside the one that receives notifications; default 20. If all of them are
            in use, a request waits for one, up to ``timeout``.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        values = {**DEFAULTS, **options}
        self.url: str = values["url"]
        self.prefix: str = values["prefix"]
        self.timeout: float = values["timeout"]
        self.keep_seconds: float = values["keep_seconds"]
        self.poll_seconds = values["poll_seconds"]
        self.max_connections: int = values["max_connections"]
        self._connections = Connections(self.url, self.timeout, self.max_connections)

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if the connection failed, or Redis did not answer in time."""
        return connections.is_unavailable(error)

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store with one script, which Redis runs alone."""
        fields: list[Any] = []
        for key, data in frames.items():
            if isinstance(data, str):
                fields += [key, data, 0, 0, 0]
            else:
                items = data.items[-data.keep :]
                skipped = len(data.items) - len(items)
                fields += [key, data.base, data.keep, len(items), skipped, *items]
        topic, keep = f"{self.prefix}notifications", self._milliseconds(self.keep_seconds)
        answer = self._connections.get().put(
            self._keys(channel), [topic, self._tag_sender(channel), keep, new_epoch(), *fields]
        )
        epoch, version = answer
        return Position(epoch, int(version))

    def since(self, channel: str, position: Position | None) -> Changes:
        """Read with one script, so that position and frames belong to one moment."""
        return _changes(channel, self._connections.get().since(*self._read(channel, position)))

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read all heads with one script."""
        return _heads(channels, self._connections.get().heads(self._all_keys(channels)))

    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete with one script, which Redis runs alone."""
        self._connections.get().forget(self._keys(channel), list(keys))

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Acquire a lease by the clock of Redis."""
        holder = new_holder()
        arguments = [holder, self._milliseconds(seconds), input_version]
        won = self._connections.get().acquire_lease(self._lease_keys(name), arguments)
        return holder if won else ""

    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Renew a lease by the clock of Redis."""
        arguments = [holder, self._milliseconds(seconds), input_version]
        return bool(self._connections.get().renew_lease(self._lease_keys(name), arguments))

    def _lease_keys(self, name: str) -> list[str]:
        return [f"{self.prefix}lease:{name}"]

    def notify(self, channel: str) -> None:
        """Notify the hubs of this process and, by publishing, those of others."""
        self._notify_local(channel)
        message = self._tag_sender(channel)
        self._connections.get().client.publish(f"{self.prefix}notifications", message)

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Read with the loop's own client, together with other reads of this moment."""
        async with self._connections.lend():
            reads = self._connections.get_reads()
            return _changes(channel, await reads.request(*self._read(channel, position)))

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read with the loop's own client."""
        async with self._connections.lend() as scripts:
            return _heads(channels, await finish(scripts.heads(self._all_keys(channels))))

    def _keys(self, channel: str) -> list[str]:
        # A channel may have any name: a key of Redis is bytes.
        return [f"{self.prefix}data:{channel}", f"{self.prefix}versions:{channel}"]

    def _all_keys(self, channels: Collection[str]) -> list[str]:
        return [key for channel in channels for key in self._keys(channel)]

    def _read(self, channel: str, position: Position | None) -> tuple[list[str], list[Any]]:
        """Return the keys and arguments of the script ``since``."""
        epoch, after = (position.epoch, position.version) if position else ("", 0)
        return self._keys(channel), [self._milliseconds(self.keep_seconds), epoch, after]

    @staticmethod
    def _milliseconds(seconds: float) -> int:
        return max(1, int(seconds * 1000))

    async def _listen_remote(self, listener: Listener) -> None:
        # A connection outside of the pool: reads that wait for one do not delay notifications.
        client = self._connections.new_async_client()
        try:
            async with self._connections.lend():  # Kept from read to read while it listens.
                await keep_listening(partial(self._listen, client, listener))
        finally:
            await finish(client.aclose())

    async def _listen(self, client: Any, listener: Listener) -> None:
        async with client.pubsub() as pubsub:
            await finish(pubsub.subscribe(f"{self.prefix}notifications"))
            has_pinged = False
            while not is_cancelled():
                message = await pubsub.get_message(timeout=self.timeout)
                if message is None and has_pinged:
                    msg = f"Redis was silent for {self.timeout} s and did not answer a ping."
                    raise TimeoutError(msg)
                has_pinged = message is None
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "message":
                    self._receive_tagged(message["data"], listener)
                elif message["type"] == "subscribe":
                    # It also comes after redis-py has connected again by itself.
                    listener(ALL_CHANNELS)

    def close(self) -> None:
        """Close the connections of threads; each loop's are closed with their last user."""
        self._connections.close()

    def check(self) -> Sequence[CheckMessage]:
        """Check the options, and that redis-py is installed."""
        return check_options(self.options)

    def check_connection(self) -> Sequence[CheckMessage]:
        """Check that Redis answers within two seconds."""
        return check_connection(self.url, self.timeout)


def _whole(text: str) -> int:
    """Return a whole number; -1 if the text is not one."""
    try:
        return int(text)
    except ValueError:
        return -1


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0


def _changes(channel: str, answer: Sequence[str]) -> Changes:
    position = _read_position(*answer[:2]) if answer else None
    if position is None:
        return Changes(None, ())
    parts = iter(answer[3:])
    frames = [
        Frame(key, _whole(version), data, _whole(number), _whole(keep))
        for key, version, data, number, keep in zip(*[parts] * 5, strict=True)
    ]
    return Changes(position, tuple(sound(channel, position, frames)), _seconds(answer[2]))


def _heads(channels: Collection[str], answers: Sequence[Sequence[str]]) -> Mapping[str, Position]:
    heads = {
        channel: _read_position(*answer)
        for channel, answer in zip(channels, answers, strict=True)
        if answer
    }
    return {channel: head for channel, head in heads.items() if head}


def _read_position(epoch: str, version: str) -> Position | None:
    return Position.read(epoch, _whole(version))
