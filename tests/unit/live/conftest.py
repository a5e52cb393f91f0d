"""The fixtures of the tests of streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.base import BaseStore


@pytest_asyncio.fixture
async def hub(store: BaseStore) -> AsyncIterator[Hub]:
    hub = Hub(store)
    yield hub
    for feed in list(hub._feeds.values()):
        for reader in list(feed.subscribers):
            hub.release(reader)
    await asyncio.sleep(0)
