"""The fixtures of the tests of streams and live values."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pytest_django import DjangoDbBlocker

from dashboards.live.compute import supervisor
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.base import BaseStore
from dashboards.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def hub(store: BaseStore) -> AsyncIterator[Hub]:
    hub = Hub(store)
    yield hub
    for feed in list(hub._feeds.values()):
        for subscriber in list(feed.subscribers):
            hub.release(subscriber)
    await asyncio.sleep(0)


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """An event for a value that hangs: it is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def _quick_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the supervisor look every few milliseconds at a clock that the test moves."""
    monkeypatch.setattr(supervisor, "_TICK_SECONDS", 0.002)


@pytest.fixture
def _commits(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let transactions commit. A test that stores rows deletes them.

    ``django_db(transaction=True)`` empties all tables after each test, which takes longer than all
    else that these tests do.
    """
    with django_db_blocker.unblock():
        yield
