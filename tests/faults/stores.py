"""Stores that fail, each in the ways of its kind."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

from redis import RedisError

from tests.faults.network import End, Network
from tests.postgres import postgresql
from tests.redis_server import RedisServer, redis_server

Fault = Callable[[], Awaitable[None]]


class Store:
    """A store and its faults by name; each has ended when it returns.

    Args:
        environment: variables that make the site's processes use it.
        faults: what can happen to it.
        wipe: makes it lose its data, where it can.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        faults: Mapping[str, Fault],
        wipe: Fault | None = None,
    ) -> None:
        self.environment = environment
        self.faults = faults
        self.wipe = wipe


@asynccontextmanager
async def sqlite(folder: Path, random: Random) -> AsyncIterator[Store]:
    def lock(seconds: float) -> None:
        with closing(sqlite3.connect(folder / "db.sqlite3", timeout=20)) as database:
            database.execute("BEGIN IMMEDIATE")
            # A slow writer: no other process can write meanwhile.
            sleep(seconds)
            database.rollback()

    async def locked() -> None:
        await asyncio.to_thread(lock, random.uniform(0.5, 3))

    yield Store({}, {"database locked": locked})


@asynccontextmanager
async def _network(path: Path) -> AsyncIterator[Network]:
    """A network between the site's processes and a server on a Unix socket."""

    async def connect() -> End:
        return await asyncio.open_unix_connection(path)

    network = Network(connect)
    await network.start()
    try:
        yield network
    finally:
        await network.stop()


def network_faults(network: Network, random: Random, name: str) -> dict[str, Fault]:
    """What can happen to a network."""

    async def cut() -> None:
        network.cut()

    async def stall() -> None:
        network.stall()
        await asyncio.sleep(random.uniform(0.5, 3))
        network.heal()

    async def stall_and_cut() -> None:
        network.stall()
        await asyncio.sleep(random.uniform(0.5, 3))
        network.cut()
        network.heal()

    async def delay() -> None:
        network.delay = random.uniform(0.05, 0.4)
        await asyncio.sleep(random.uniform(0.5, 3))
        network.heal()

    async def throttle() -> None:
        network.bytes_per_second = random.uniform(1000, 10_000)
        await asyncio.sleep(random.uniform(0.5, 3))
        network.heal()

    faults = {"cut": cut, "stalls": stall, "stalls and is cut": stall_and_cut}
    faults |= {"is slow": delay, "is narrow": throttle}
    return {f"{name} {each}": fault for each, fault in faults.items()}


@asynccontextmanager
async def redis(folder: Path, random: Random) -> AsyncIterator[Store]:
    with redis_server(durable=True) as server:
        async with _network(server.folder / "socket") as network:
            options = {"url": f"redis://127.0.0.1:{network.port}/0", "timeout": 2}
            backend = "dashboards.live.stores.redis.RedisStore"
            stores = {"default": {"BACKEND": backend, "OPTIONS": options}}
            yield Store(
                {"TEST_STORES": json.dumps(stores)},
                {
                    **network_faults(network, random, "network to Redis"),
                    **_redis_faults(server, random),
                },
                wipe=partial(_restart, server, random, saved=False),
            )


def _redis_faults(server: RedisServer, random: Random) -> dict[str, Fault]:
    async def hang() -> None:
        with server.paused():
            await asyncio.sleep(random.uniform(0.5, 3))

    def drop() -> None:
        with server.client() as client, suppress(RedisError):
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)

    return {
        "Redis killed and restarted": partial(_restart, server, random, saved=True),
        "Redis hangs": hang,
        "Redis drops its connections": partial(asyncio.to_thread, drop),
    }


async def _restart(server: RedisServer, random: Random, *, saved: bool) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(random.uniform(0, 2))
    await asyncio.to_thread(partial(server.start, saved=saved, durable=True))


@asynccontextmanager
async def postgres(folder: Path, random: Random) -> AsyncIterator[Store]:
    with postgresql() as server:
        async with _network(server.socket) as network:
            database: dict[str, Any] = {
                **server.database,
                "HOST": "127.0.0.1",
                "PORT": str(network.port),
            }
            yield Store(
                {"TEST_DATABASES": json.dumps({"default": database})},
                {
                    **network_faults(network, random, "network to PostgreSQL"),
                    "PostgreSQL crashes": partial(asyncio.to_thread, server.restart),
                },
            )


STORES: dict[str, Callable[[Path, Random], Any]] = {
    "sqlite": sqlite,
    "postgres": postgres,
    "redis": redis,
}
