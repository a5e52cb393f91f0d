"""Stream transports: LiveStreamMiddleware, or a Pushpin before each server, which fails too."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from typing import Any

from deploy.pushpin import Ports, Pushpin, pushpin
from tests.faults.stores import Fault
from tests.harness import Site, free_port

KEY = "as-long-as-the-standard-wants-a-key-to-be"
_POLL_SECONDS = 2


class OwnEdge:
    """Readers connect to the servers themselves."""

    environment: Mapping[str, str] = {}
    faults: Mapping[str, Fault] = {}

    @asynccontextmanager
    async def before(self, sites: Sequence[Site]) -> AsyncIterator[list[int]]:
        """Return where readers connect."""
        yield [site.port for site in sites]


class PushpinEdge:
    """Readers connect to Pushpins; each push is published to all of them.

    Args:
        servers: how many there are.
        random: decides how long one is down.
    """

    def __init__(self, servers: int, random: Random) -> None:
        self._random = random
        self._ports = [Ports(*(free_port() for _ in range(5))) for _ in range(servers)]
        self._proxies: list[Pushpin] = []
        proxies: list[dict[str, Any]] = [
            {"control_uri": f"http://127.0.0.1:{ports.control}", "key": KEY}
            for ports in self._ports
        ]
        # One gets publishes by ZMQ, the others by HTTP.
        proxies[0]["control_zmq_uri"] = f"tcp://127.0.0.1:{self._ports[0].command}"
        self.environment = {
            "TEST_GRIP": json.dumps({"GRIP_PROXIES": proxies}),
            "TEST_GRIP_POLL": str(_POLL_SECONDS),
        }
        self.faults: dict[str, Fault] = {
            f"proxy {number} killed": partial(self._restart, number, asyncio.Lock())
            for number in range(servers)
        }

    @asynccontextmanager
    async def before(self, sites: Sequence[Site]) -> AsyncIterator[list[int]]:
        """Start them, and return where readers connect."""
        async with AsyncExitStack() as stack:
            for site, ports in zip(sites, self._ports, strict=True):
                running = pushpin(site.port, ports, key=KEY)
                self._proxies.append(await asyncio.to_thread(stack.enter_context, running))
            yield [ports.http for ports in self._ports]

    async def _restart(self, number: int, lock: asyncio.Lock) -> None:
        proxy = self._proxies[number]
        # One after the other: one that is down cannot be killed.
        async with lock:
            await asyncio.to_thread(proxy.kill)
            await asyncio.sleep(self._random.uniform(0, 1))
            await asyncio.to_thread(proxy.start)


EDGES = ("own", "pushpin")


def make_edge(name: str, servers: int, random: Random) -> OwnEdge | PushpinEdge:
    return PushpinEdge(servers, random) if name == "pushpin" else OwnEdge()
