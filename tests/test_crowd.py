"""A crowd, and a store in trouble: things slow down, and no stream ends that need not."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import redis

from dashboards.live.hold import ACCESS, Hold, identify
from dashboards.live.hub import Hub, Reader
from dashboards.live.metrics import get_metrics
from dashboards.live.stores.redis import RedisStore
from tests.harness import wait_for
from tests.redis_server import RedisServer, redis_server

CROWD = 1000


@pytest.fixture(scope="module")
def _server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def server(_server: RedisServer) -> RedisServer:
    with _server.client() as client:
        client.flushall()
        client.config_set("maxmemory", 0)
        client.config_resetstat()
    return _server


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    store = RedisStore({"url": server.url, "timeout": 2, "poll_seconds": 60})
    yield store
    store.close()


async def may_read() -> bool:
    return True


async def open_as(hub: Hub, channel: str, pk: int = 1) -> Reader:
    access = (await asyncio.to_thread(hub._store.heads, [ACCESS])).get(ACCESS)
    return await hub.open(Hold(channel, None, identity=identify(pk), access=access), may_read)


@asynccontextmanager
async def hub_of(store: RedisStore) -> AsyncIterator[Hub]:
    hub = Hub(store)
    try:
        yield hub
    finally:
        tasks = hub._tasks.union(*(feed.tasks for feed in hub._feeds.values()))
        for feed in list(hub._feeds.values()):
            for reader in list(feed.readers):
                hub.release(reader)
        if tasks:
            await asyncio.wait(tasks)


async def until(reader: Reader, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in (news := (await reader.read()).decode()):
            assert news, f"The stream ended for {reader.end_reason!r}."


async def test_a_thousand_channels_opened_at_once_are_held_over_few_connections(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture
):
    """Opening 1,000 channels at once on Redis: 900 failed with "Too many connections", the store
    was reported down, hints were lost and every signed-in stream was ended."""
    for number in range(CROWD):
        store.put(f"shop.orders:{number}", {"a": f"value {number}"})
    client = server.client()
    calls = client.info("commandstats")
    async with hub_of(store) as hub:
        began = time.monotonic()
        readers = await asyncio.gather(
            *(open_as_known(hub, f"shop.orders:{number}") for number in range(CROWD))
        )
        opened = time.monotonic() - began
        for number, reader in enumerate(readers):
            await until(reader, f"value {number}")
        await asyncio.to_thread(wait_for, lambda: store._ears)
        most = client.info("clients")["connected_clients"]
        assert most <= 20 + 5
        store.put("shop.orders:7", {"a": "heard of"})
        await until(readers[7], "heard of")
        assert not any(reader.end_reason for reader in readers)
    assert opened < 5
    assert not caplog.records
    client.close()


async def open_as_known(hub: Hub, channel: str) -> Reader:
    return await hub.open(Hold(channel, None, identity=identify(1), access=hub.access), may_read)


async def test_more_threads_than_connections_wait_for_one(server: RedisServer, store: RedisStore):
    """Each thread took a connection of its own: a crowd of pages took all that Redis allows."""
    small = RedisStore({**store.options, "max_connections": 2})
    await asyncio.gather(
        *(asyncio.to_thread(small.put, "shop.orders", {"a": str(n)}) for n in range(200))
    )
    with server.client() as client:
        assert client.info("clients")["connected_clients"] <= 2 + 3
    small.close()


async def test_a_redis_that_is_full_ends_no_stream_and_is_reported_as_full(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture
):
    store.put("shop.orders", {"a": "before"})
    async with hub_of(store) as hub:
        reader = await open_as(hub, "shop.orders")
        await until(reader, "before")
        with server.client() as client:
            client.config_set("maxmemory", 1)
            with pytest.raises(redis.RedisError, match="OOM"):
                store.put("shop.orders", {"a": "refused"})
            hub._all_stale.set()
            await asyncio.sleep(0.3)
            client.config_set("maxmemory", 0)
        store.put("shop.orders", {"a": "after"})
        await until(reader, "after")
    assert "does not answer" not in caplog.text


async def test_a_redis_that_is_slow_ends_no_stream(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture
):
    store.put("shop.orders", {"a": "before"})
    async with hub_of(store) as hub:
        reader = await open_as(hub, "shop.orders")
        await until(reader, "before")
        with server.client() as client:
            client.execute_command("CLIENT", "PAUSE", "1000", "ALL")
        await asyncio.to_thread(store.put, "shop.orders", {"a": "after"})
        await until(reader, "after")
        assert not reader.end_reason
    assert not caplog.records


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_a_redis_that_is_restarted_ends_only_streams_of_those_who_may_not_read(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture, *, is_allowed: bool
):
    """Every signed-in stream was ended after each outage, for a logout could not be stored
    meanwhile. Now nobody is shown anything until they were asked."""
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def ask() -> bool:
        asked.set()
        await answer.wait()
        return is_allowed

    failures = get_metrics()["store_failures"]
    async with hub_of(store) as hub:
        reader = await hub.open(Hold("shop.orders", None, identity=identify(1)), ask)
        anonymous = await hub.open(Hold("shop.orders", None))
        await asyncio.to_thread(wait_for, lambda: store._ears)
        server.kill()
        hub._all_stale.set()
        async with asyncio.timeout(10):
            while "does not answer" not in caplog.text:
                await asyncio.sleep(0.02)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(store.put, "shop.orders", {"a": "after"})
        await until(anonymous, "after")
        async with asyncio.timeout(10):
            await asked.wait()
        with suppress(TimeoutError):
            assert not await asyncio.wait_for(reader.read(), 0.3)
            pytest.fail("ended before it was known whether it must be")
        answer.set()
        if is_allowed:
            await until(reader, "after")
        else:
            assert await asyncio.wait_for(reader.read(), 5) == b""
            assert reader.end_reason == "access"
    assert get_metrics()["store_failures"] == failures + 1
