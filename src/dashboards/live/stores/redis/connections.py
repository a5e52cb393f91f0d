"""The connections of a ``RedisStore``: one pool for threads, and one for each event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, closing
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ImproperlyConfigured

from dashboards.live.stores.redis.reads import PipelinedReads
from dashboards.live.stores.redis.scripts import Scripts

T = TypeVar("T")

try:
    import redis
    import redis.asyncio
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

INSTALL = 'pip install "django-live-dashboards[redis]"'
"""The command that installs redis-py."""
_BUSY = "No connection available."
"""The message of redis-py's pools if all connections have been in use for too long."""


def is_unavailable(error: Exception) -> bool:
    """Return True if the connection failed, or Redis did not answer in time."""
    # Some releases of redis-py do not have it.
    too_many = getattr(redis.exceptions, "MaxConnectionsError", ()) if INSTALLED else ()
    if not INSTALLED or isinstance(error, too_many) or str(error) == _BUSY:
        return False  # All connections of this process are in use. The server may be well.
    # This includes a server that is still loading its data or requires another password, one that
    # has lost its master or its cluster, and one that is busy with a script.
    down = (OSError, redis.ConnectionError, redis.TimeoutError, redis.exceptions.ClusterDownError)
    return isinstance(error, down) or str(error).startswith("BUSY ")


class _LoopClient(NamedTuple):
    """The client of one event loop."""

    scripts: Scripts
    reads: PipelinedReads
    users: set[object]


class Connections:
    """The clients of one store.

    Args:
        url: where Redis is.
        timeout: seconds until an unanswered command fails.
        max_connections: connections at most, for threads and for each event loop.
    """

    def __init__(self, url: str, timeout: float, max_connections: int) -> None:
        self._url = url
        self._timeout = timeout
        self._bounds = {"max_connections": max_connections, "timeout": timeout}
        self._lock = threading.Lock()
        self._scripts: Scripts | None = None
        # An asynchronous client belongs to one loop. It exists while it is lent to anybody there.
        self._loops: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

    def get(self) -> Scripts:
        """Return the client of all threads.

        Raises:
            ImproperlyConfigured: redis-py is not installed.
        """
        with self._lock:
            if self._scripts is None:
                _require_redis()
                # One more attempt, on a new connection: the server may have closed the pool's.
                # Not after a timeout: a request would wait twice as long for a server that hangs.
                closed = (redis.ConnectionError,)
                retry = redis.retry.Retry(redis.backoff.NoBackoff(), 1, supported_errors=closed)
                pool = redis.BlockingConnectionPool.from_url(
                    self._url, **self._settings(retry), **self._bounds
                )
                self._scripts = Scripts(redis.Redis.from_pool(pool))
            return self._scripts

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Scripts]:
        """Lend the client of the running loop. It is closed when its last user returns it."""
        loop, user = asyncio.get_running_loop(), object()
        if loop not in self._loops:
            self._loops[loop] = _LoopClient(self._make_async(), PipelinedReads(self.lend), set())
        scripts, _, users = self._loops[loop]
        users.add(user)
        try:
            yield scripts
        finally:
            users.discard(user)
            if not users:
                del self._loops[loop]
                await finish(scripts.client.aclose())

    def get_reads(self) -> PipelinedReads:
        """Return the reads of the running loop, whose client must be lent."""
        return self._loops[asyncio.get_running_loop()].reads

    def new_async_client(self) -> Any:
        """Return a client with a connection of its own, outside of the pool.

        Raises:
            ImproperlyConfigured: redis-py is not installed.
        """
        _require_redis()
        return redis.asyncio.Redis.from_url(self._url, **self._settings(self._async_retry()))

    def close(self) -> None:
        """Close the connections of threads. Those of a loop are closed with their last user."""
        with self._lock:
            scripts, self._scripts = self._scripts, None
        if scripts is not None:
            scripts.client.close()

    def _make_async(self) -> Scripts:
        _require_redis()
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            self._url, **self._settings(self._async_retry()), **self._bounds
        )
        return Scripts(redis.asyncio.Redis.from_pool(pool))

    @staticmethod
    def _async_retry() -> Any:
        return redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 1)

    def _settings(self, retry: Any) -> dict[str, Any]:
        return {
            "decode_responses": True,
            # Stored text may be damaged. Text that is put was made fit before.
            "encoding_errors": "replace",
            "retry": retry,
            "socket_connect_timeout": self._timeout,
            "socket_timeout": self._timeout,
        }


async def finish(awaitable: Awaitable[T]) -> T:
    """Await what opens or closes connections. If redis-py is cancelled there, it leaks them."""
    opening = asyncio.ensure_future(awaitable)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.gather(opening, return_exceptions=True)
        raise


def check_url(url: str) -> None:
    """Raise if redis-py cannot use an address.

    Raises:
        AttributeError: the address is not text.
        ValueError: it has another form.
    """
    redis.Redis.from_url(url).close()


def find_error(url: str, seconds: float) -> Exception | None:
    """Return why Redis does not answer; ``None`` if it does."""
    try:
        with closing(_connect_once(url, seconds)) as client:
            client.ping()
    except (OSError, redis.RedisError) as error:
        return error
    return None


def loses_data(url: str, seconds: float) -> bool:
    """Return True if Redis keeps nothing on disk; False also where it does not tell."""
    try:
        with closing(_connect_once(url, seconds)) as client:
            found = client.config_get("save", "appendonly")
    except (OSError, redis.RedisError):
        return False
    return found.get("save") == "" and found.get("appendonly") == "no"


def _connect_once(url: str, seconds: float) -> "redis.Redis":
    """Return a client for a few commands, to be closed after them."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=seconds, socket_timeout=seconds, decode_responses=True
    )


def _require_redis() -> None:
    if not INSTALLED:
        msg = f"RedisStore needs the package redis, which is not installed. Run: {INSTALL}"
        raise ImproperlyConfigured(msg)
