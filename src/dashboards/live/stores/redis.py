"""State in Redis: every process of every host that reaches it can push and read."""

import asyncio
import threading
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from dashboards.live.stores.base import (
    BaseStore,
    Changes,
    is_positive,
    keep_listening,
    new_holder,
)
from dashboards.live.stores.limits import sound
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position, new_epoch
from dashboards.live.workers import is_cancelled

T = TypeVar("T")

try:
    import redis
    import redis.asyncio
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

_OPTIONS = {"url", "prefix", "timeout", "keep_seconds", "poll_seconds", "max_connections"}
_BUSY = "No connection available."
"""What redis-py's pools say whose connections have all been in use for too long."""
_MAX_READS = 100
"""Channels that are read by one pipeline: its answers are in memory at the same time."""
_MAX_PIPELINES = 2
"""Pipelines of an event loop that wait for their answers at the same time."""
_INSTALL = 'pip install "django-live-dashboards[redis]"'

# A channel is two keys: a hash of data and a sorted set of versions, both by member. The empty
# member is the channel itself: its epoch and its version. "=key" is a component's whole state;
# "+key" and a 16-digit number is a point of a series, of which "#key" counts the last and "~key"
# says how many are kept. A key is an identifier, so none of the signs can be part of one.

# A server that was restarted, or a replica that took over, may have lost its last writes. Its run
# id tells, and the epoch changes: a version that stood for one value never stands for another.
# Where INFO is forbidden the epoch changes only with the loss of the whole channel.
_PUT = """
local data, versions = KEYS[1], KEYS[2]
local topic, notification, keep, new_epoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '-'
local function whole(text)
    local number = tonumber(text or '')
    return number and number >= 0 and number < 1e15 and number % 1 == 0 and number or nil
end
local function is(key, kind)
    return redis.call('TYPE', key).ok == kind
end
-- In part lost, of another type, or at a version that is none: the whole is lost.
local is_there = is(data, 'hash') and is(versions, 'zset')
if not (is_there and whole(redis.call('ZSCORE', versions, ''))) then
    redis.call('DEL', data, versions)
end
local epoch = redis.call('HGET', data, '')
local is_known = epoch and #epoch <= 32 and string.match(epoch, '^[0-9a-z]+$')
if not is_known or redis.call('HGET', data, 'run') ~= run then
    redis.call('HSET', data, '', new_epoch, 'run', run)
end
local now = redis.call('TIME')
redis.call('HSET', data, 'put at', now[1] .. '.' .. string.format('%06d', now[2]))
local version = redis.call('ZINCRBY', versions, 1, '')
local function set(member, text)
    redis.call('HSET', data, member, text)
    redis.call('ZADD', versions, version, member)
end
local function point(key, number)
    return '+' .. key .. string.format('%016d', number)
end
-- Forgets all points of a series whose numbers are damaged.
local function forget(key)
    for _, member in ipairs(redis.call('ZRANGE', versions, 0, -1)) do
        if #member == #key + 17 and string.sub(member, 1, #key + 1) == '+' .. key then
            redis.call('HDEL', data, member)
            redis.call('ZREM', versions, member)
        end
    end
    redis.call('HDEL', data, '#' .. key, '~' .. key)
end
local i = 5
while i < #ARGV do
    local key, text = ARGV[i], ARGV[i + 1]
    local kept, count = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
    local skipped = tonumber(ARGV[i + 4])
    i = i + 5
    local last = whole(redis.call('HGET', data, '#' .. key) or '0')
    local had = whole(redis.call('HGET', data, '~' .. key) or '0')
    local is_damaged = not (last and had) or math.min(last, had) > redis.call('ZCARD', versions)
    if is_damaged then
        forget(key)
        last, had = 0, 0
    end
    local first = math.max(last - had, 0) + 1
    if kept == 0 then
        for number = first, last do
            redis.call('HDEL', data, point(key, number))
            redis.call('ZREM', versions, point(key, number))
        end
        redis.call('HDEL', data, '#' .. key, '~' .. key)
        set('=' .. key, text)
    else
        local stands = whole(redis.call('ZSCORE', versions, '=' .. key))
        local is_sound = stands and stands <= tonumber(version) and not is_damaged
        if not is_sound or redis.call('HGET', data, '=' .. key) ~= text then
            set('=' .. key, text)
            for number = first, last do
                -- Not what was lost: a point without its data is none.
                if redis.call('HEXISTS', data, point(key, number)) == 1 then
                    redis.call('ZADD', versions, version, point(key, number))
                end
            end
        end
        local newest = last + skipped + count
        for number = newest - count + 1, newest do
            set(point(key, number), ARGV[i])
            i = i + 1
        end
        for number = first, math.min(last, newest - kept) do
            redis.call('HDEL', data, point(key, number))
            redis.call('ZREM', versions, point(key, number))
        end
        redis.call('HSET', data, '#' .. key, newest, '~' .. key, kept)
    end
end
redis.call('PEXPIRE', data, keep)
redis.call('PEXPIRE', versions, keep)
redis.call('PUBLISH', topic, notification)
return {redis.call('HGET', data, ''), version}
"""

# By pcall, for a key of another type costs its channel only; and a server that takes no writes (a
# replica, or one that cannot save) is read all the same.
_SINCE = """
local data, versions = KEYS[1], KEYS[2]
local epoch, head = redis.pcall('HGET', data, ''), redis.pcall('ZSCORE', versions, '')
if type(epoch) ~= 'string' or type(head) ~= 'string' then
    return {}
end
redis.pcall('PEXPIRE', data, ARGV[1])
redis.pcall('PEXPIRE', versions, ARGV[1])
local after = ARGV[3]
if epoch ~= ARGV[2] or tonumber(after) > tonumber(head) then
    after = '0'
end
local news = redis.call('ZRANGEBYSCORE', versions, '(' .. after, '+inf', 'WITHSCORES')
local answer = {epoch, head, redis.call('HGET', data, 'put at') or '0'}
for i = 1, #news, 2 do
    local member = news[i]
    local kind, key, number, keep = string.sub(member, 1, 1), string.sub(member, 2), '0', '0'
    if kind == '+' then
        key, number = string.sub(member, 2, -17), string.sub(member, -16)
        keep = redis.call('HGET', data, '~' .. key) or '1'
    end
    local text = redis.call('HGET', data, member)
    -- Neither the channel itself, nor what is none of ours, nor what has lost its data.
    if text and (kind == '=' or kind == '+') then
        for _, part in ipairs({key, news[i + 1], text, number, keep}) do
            table.insert(answer, part)
        end
    end
end
return answer
"""

_HEADS = """
local answer = {}
for i = 1, #KEYS, 2 do
    local epoch, head = redis.pcall('HGET', KEYS[i], ''), redis.pcall('ZSCORE', KEYS[i + 1], '')
    local is_there = type(epoch) == 'string' and type(head) == 'string'
    table.insert(answer, is_there and {epoch, head} or {})
end
return answer
"""


_FORGET = """
local data, versions = KEYS[1], KEYS[2]
local keys = {}
for _, key in ipairs(ARGV) do
    keys[key] = true
    redis.call('HDEL', data, '#' .. key, '~' .. key)
end
for _, member in ipairs(redis.call('ZRANGE', versions, 0, -1)) do
    local kind, key = string.sub(member, 1, 1), string.sub(member, 2)
    if kind == '+' then
        key = string.sub(member, 2, -17)
    end
    if keys[key] and (kind == '=' or kind == '+') then
        redis.call('HDEL', data, member)
        redis.call('ZREM', versions, member)
    end
end
"""


# A lease is "holder input_version"; without a input_version the work is being done.
_ACQUIRE_LEASE = """
local lease = redis.pcall('GET', KEYS[1])
if type(lease) == 'string' then
    local input_version = string.match(lease, ' (.*)$')
    if input_version == '' or input_version == ARGV[3] then
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ', 'PX', ARGV[2])
return 1
"""

_RENEW_LEASE = """
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.match(lease, '^(%S+) ') ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2])
return 1
"""


class _Client:
    """A client, of threads or of one event loop, and the scripts it runs."""

    def __init__(self, client: Any) -> None:
        self.redis = client
        self.put = client.register_script(_PUT)
        self.since = client.register_script(_SINCE)
        self.heads = client.register_script(_HEADS)
        self.forget = client.register_script(_FORGET)
        self.acquire_lease = client.register_script(_ACQUIRE_LEASE)
        self.renew_lease = client.register_script(_RENEW_LEASE)


_Read = tuple[list[str], list[Any], "asyncio.Future[Sequence[str]]"]
"""The keys and arguments of a script, and what becomes its answer."""


class _Reads:
    """Gathers the reads that one event loop asks for at a time, and sends them together.

    A server that was restarted has all its channels opened in one second. One command each would
    need a connection each, or a thousand round trips one after the other.

    Args:
        lend: lends the loop's client.
    """

    def __init__(self, lend: Callable[[], AbstractAsyncContextManager[_Client]]) -> None:
        self._lend = lend
        self._waiting: list[_Read] = []
        # Held here, for a loop keeps no task from being collected.
        self._senders: set[object] = set()

    def ask(self, keys: list[str], arguments: list[Any]) -> "asyncio.Future[Sequence[str]]":
        """Return what the script ``since`` will answer. To cancel it cancels no connection."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        self._waiting.append((keys, arguments, answer))
        # One sender for all reads that the loop's present turn asks for. Where Redis is slow, what
        # is asked meanwhile gathers.
        if len(self._waiting) == 1 and len(self._senders) < _MAX_PIPELINES:
            self._senders.add(loop.create_task(self._send()))
        return answer

    async def _send(self) -> None:
        try:
            await self._send_waiting()
        finally:
            # In the step that found nothing waiting: a done callback runs later, and a read that is
            # asked in between would count on a sender that has ended.
            self._senders.discard(asyncio.current_task())

    async def _send_waiting(self) -> None:
        while self._waiting:
            reads, self._waiting = self._waiting[:_MAX_READS], self._waiting[_MAX_READS:]
            reads = [read for read in reads if not read[2].done()]  # Not what was cancelled.
            if not reads:
                continue
            try:
                async with self._lend() as client:
                    results = await self._execute(client, reads)
            except Exception as error:  # noqa: BLE001 - a client may fail in its own ways
                results = [error] * len(reads)
            for (_, _, answer), result in zip(reads, results, strict=True):
                if answer.done():
                    continue
                if isinstance(result, Exception):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

    @staticmethod
    async def _execute(client: _Client, reads: "Sequence[_Read]") -> Sequence[Any]:
        if len(reads) == 1:
            [(keys, arguments, _)] = reads
            return [await client.since(keys, arguments)]
        async with client.redis.pipeline(transaction=False) as pipeline:
            for keys, arguments, _ in reads:
                await client.since(keys, arguments, client=pipeline)
            # A channel that cannot be read fails alone.
            results: Sequence[Any] = await pipeline.execute(raise_on_error=False)
            return results


class _Lent(NamedTuple):
    """The client of one event loop."""

    client: _Client
    reads: _Reads
    users: set[object]


class RedisStore(BaseStore):
    """Keeps each channel in Redis; hints travel by its publish and subscribe.

    A server that loses its data begins new epochs, and pages are given whole states again.

    Options:
        url: where Redis is; default ``"redis://localhost:6379/0"``.
        prefix: begins every key; default ``"dashboards:"``.
        timeout: seconds until an unanswered command fails; default 5.
        keep_seconds: seconds after which a channel that is neither pushed to nor read is dropped;
            default 30 days.
        poll_seconds: seconds between two looks for news whose hint was lost; default 2.
        max_connections: connections of a process at most, once for its threads and once for each
            event loop, beside the one that hears hints; default 20. Who finds all of them in use
            waits for one, up to ``timeout``.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.url: str = options.get("url", "redis://localhost:6379/0")
        self.prefix: str = options.get("prefix", "dashboards:")
        self.timeout: float = options.get("timeout", 5)
        self.keep_seconds: float = options.get("keep_seconds", 30 * 24 * 3600)
        self.poll_seconds = options.get("poll_seconds", 2)
        self.max_connections: int = options.get("max_connections", 20)
        self._lock = threading.Lock()
        self._client: _Client | None = None
        # An asynchronous client belongs to one loop. It lives while somebody there hears or reads.
        self._loops: dict[asyncio.AbstractEventLoop, _Lent] = {}

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if the connection failed, or Redis did not answer in time."""
        # Not every release has it.
        too_many = getattr(redis.exceptions, "MaxConnectionsError", ()) if INSTALLED else ()
        if not INSTALLED or isinstance(error, too_many) or str(error) == _BUSY:
            return False  # All connections of this process are in use: that is a crowd.
        # Also a server that is still loading its data, and one that asks for another password; one
        # that has lost its master or its cluster, and one that is busy with somebody's script.
        return isinstance(error, _unavailable_errors()) or str(error).startswith("BUSY ")

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store with one script, which nothing else runs beside."""
        fields: list[Any] = []
        for key, data in frames.items():
            if isinstance(data, str):
                fields += [key, data, 0, 0, 0]
            else:
                items = data.items[-data.keep :]
                skipped = len(data.items) - len(items)
                fields += [key, data.base, data.keep, len(items), skipped, *items]
        topic, keep = f"{self.prefix}notifications", self._milliseconds(self.keep_seconds)
        answer = self._sync().put(
            self._keys(channel), [topic, self._tag_sender(channel), keep, new_epoch(), *fields]
        )
        epoch, version = answer
        position = Position(epoch, int(version))
        self._stored(channel, position)
        return position

    def since(self, channel: str, position: Position | None) -> Changes:
        """Read with one script, so that position and frames are of one moment."""
        return _changes(channel, self._sync().since(*self._ask_since(channel, position)))

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read all heads with one script."""
        return _heads(channels, self._sync().heads(self._ask_heads(channels)))

    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete with one script, which nothing else runs beside."""
        self._sync().forget(self._keys(channel), list(keys))

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Claim by the clock of Redis."""
        holder = new_holder()
        won = self._sync().acquire_lease(
            self._lease(name), [holder, self._milliseconds(seconds), input_version]
        )
        return holder if won else ""

    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Subscription on by the clock of Redis."""
        lasts = self._milliseconds(seconds)
        return bool(self._sync().renew_lease(self._lease(name), [holder, lasts, input_version]))

    def _lease(self, name: str) -> list[str]:
        return [f"{self.prefix}lease:{name}"]

    def notify(self, channel: str) -> None:
        """Tell this process's hubs and, by publishing, the others."""
        self._notify_local(channel)
        self._sync().redis.publish(f"{self.prefix}notifications", self._tag_sender(channel))

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Read through the loop's own client, together with what else is read in this moment."""
        loop = asyncio.get_running_loop()
        async with self._async():
            reads = self._loops[loop].reads
            return _changes(channel, await reads.ask(*self._ask_since(channel, position)))

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read through the loop's own client."""
        async with self._async() as client:
            return _heads(channels, await _to_its_end(client.heads(self._ask_heads(channels))))

    def _keys(self, channel: str) -> list[str]:
        # Any text may follow: a key of Redis is bytes.
        return [f"{self.prefix}data:{channel}", f"{self.prefix}versions:{channel}"]

    def _ask_since(self, channel: str, position: Position | None) -> tuple[list[str], list[Any]]:
        epoch, after = (position.epoch, position.version) if position else ("", 0)
        return self._keys(channel), [self._milliseconds(self.keep_seconds), epoch, after]

    def _ask_heads(self, channels: Collection[str]) -> list[str]:
        return [key for channel in channels for key in self._keys(channel)]

    @staticmethod
    def _milliseconds(seconds: float) -> int:
        return max(1, int(seconds * 1000))

    def _sync(self) -> _Client:
        with self._lock:
            if self._client is None:
                _require_redis()
                # One more try, on a new connection: the pool's may have been closed by the server.
                # Not after a timeout: a request would wait for a server that hangs twice as long.
                closed = (redis.ConnectionError,)
                retry = redis.retry.Retry(redis.backoff.NoBackoff(), 1, supported_errors=closed)
                pool = redis.BlockingConnectionPool.from_url(
                    self.url, **self._settings(retry), **self._bounds()
                )
                self._client = _Client(redis.Redis.from_pool(pool))
            return self._client

    def _make_async(self) -> _Client:
        _require_redis()
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            self.url, **self._settings(self._async_retry()), **self._bounds()
        )
        return _Client(redis.asyncio.Redis.from_pool(pool))

    def _bounds(self) -> dict[str, Any]:
        return {"max_connections": self.max_connections, "timeout": self.timeout}

    @staticmethod
    def _async_retry() -> Any:
        return redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 1)

    def _settings(self, retry: Any) -> dict[str, Any]:
        return {
            "decode_responses": True,
            # What is stored may be damaged; what is put has been made fit.
            "encoding_errors": "replace",
            "retry": retry,
            "socket_connect_timeout": self.timeout,
            "socket_timeout": self.timeout,
        }

    @asynccontextmanager
    async def _async(self) -> AsyncIterator[_Client]:
        """Lend the client of the running loop; with its last user it is closed."""
        loop, user = asyncio.get_running_loop(), object()
        if loop not in self._loops:
            self._loops[loop] = _Lent(self._make_async(), _Reads(self._async), set())
        client, _, users = self._loops[loop]
        users.add(user)
        try:
            yield client
        finally:
            users.discard(user)
            if not users:
                del self._loops[loop]
                await _to_its_end(client.redis.aclose())

    async def _listen_remote(self, listener: Listener) -> None:
        _require_redis()
        # A connection of its own: reads that wait for theirs do not keep hints waiting.
        settings = self._settings(self._async_retry())
        client = redis.asyncio.Redis.from_url(self.url, **settings)
        try:
            async with self._async():  # Kept from read to read for as long as it hears.
                await keep_listening(partial(self._listen, client, listener))
        finally:
            await _to_its_end(client.aclose())

    async def _listen(self, client: Any, listener: Listener) -> None:
        async with client.pubsub() as pubsub:
            await _to_its_end(pubsub.subscribe(f"{self.prefix}notifications"))
            asked = False
            while not is_cancelled():
                message = await pubsub.get_message(timeout=self.timeout)
                if message is None and asked:
                    msg = f"Redis was silent for {self.timeout} s and did not answer a ping."
                    raise TimeoutError(msg)
                asked = message is None
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "message":
                    self._receive_tagged(message["data"], listener)
                elif message["type"] == "subscribe":
                    # Also said when redis-py has connected anew by itself.
                    listener(ALL_CHANNELS)

    def close(self) -> None:
        """Close the connections of threads; each loop's are closed with their last user."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.redis.close()

    def check(self) -> Sequence[CheckMessage]:
        """Check the options, and that redis-py is there."""
        if unknown := sorted(set(self.options) - _OPTIONS):
            return [
                Error(
                    f"Unknown OPTIONS of RedisStore: {', '.join(unknown)}.",
                    hint=f"Allowed are {', '.join(sorted(_OPTIONS))}.",
                    id="dashboards.E004",
                )
            ]
        if not INSTALLED:
            return [
                Error(
                    "RedisStore needs the package redis, which is not installed.",
                    hint=f"Run: {_INSTALL}",
                    id="dashboards.E010",
                )
            ]
        return list(self._check_values())

    def _check_values(self) -> Iterator[CheckMessage]:
        try:
            redis.Redis.from_url(self.url).close()
        except (AttributeError, ValueError) as error:
            yield Error(
                f"OPTIONS['url'] of RedisStore is {self.url!r}: {error}",
                hint='Write it as "redis://host:6379/0", "rediss://…" or "unix://…".',
                id="dashboards.E011",
            )
        for name in ("timeout", "keep_seconds", "poll_seconds"):
            value = getattr(self, name)
            if not is_positive(value):
                yield Error(
                    f"OPTIONS[{name!r}] of RedisStore must be a number above 0, got {value!r}.",
                    hint="Leave it out for the default.",
                    id="dashboards.E011",
                )
        prefix: object = self.prefix
        if not isinstance(prefix, str):
            yield Error(
                f"OPTIONS['prefix'] of RedisStore must be a text, got {self.prefix!r}.",
                hint="Leave it out for the default, 'dashboards:'.",
                id="dashboards.E011",
            )
        most = self.options.get("max_connections", 20)
        if not isinstance(most, int) or most < 1:
            yield Error(
                "OPTIONS['max_connections'] of RedisStore must be a whole number above 0, got "
                f"{most!r}.",
                hint="Leave it out for the default, 20.",
                id="dashboards.E011",
            )


async def _to_its_end(awaitable: Awaitable[T]) -> T:
    """Await what opens or closes connections: cancelled in it, redis-py leaves them behind."""
    opening = asyncio.ensure_future(awaitable)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.gather(opening, return_exceptions=True)
        raise


def _unavailable_errors() -> tuple[type[Exception], ...]:
    down = redis.exceptions.ClusterDownError
    return (OSError, redis.ConnectionError, redis.TimeoutError, down)


def _require_redis() -> None:
    if not INSTALLED:
        msg = f"RedisStore needs the package redis, which is not installed. Run: {_INSTALL}"
        raise ImproperlyConfigured(msg)


def _position(epoch: str, version: str) -> Position | None:
    return Position.read(epoch, _whole(version))


def _whole(text: str) -> int:
    """Return a whole number; -1 for what is none."""
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
    position = _position(*answer[:2]) if answer else None
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
        channel: _position(*answer)
        for channel, answer in zip(channels, answers, strict=True)
        if answer
    }
    return {channel: head for channel, head in heads.items() if head}
