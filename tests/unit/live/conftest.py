"""The fixtures of the tests of streams and live values."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pytest_django import DjangoDbBlocker

from dashboards.live.compute import supervisor
from dashboards.live.compute.pool import POOL
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.base import BaseStore
from dashboards.testing.clock import FakeClock
from tests.harness import wait_for


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """A clock that is moved after the test, until no thread computes a value any more."""
    clock = FakeClock()
    yield clock

    def is_idle() -> bool:
        clock.advance(1)
        return not (PRODUCER._has_work() or POOL.waiting or POOL._running)

    wait_for(is_idle, pause=0.001)


@pytest_asyncio.fixture
async def hub(store: BaseStore) -> AsyncIterator[Hub]:
    hub = Hub(store)
    yield hub
    for feed in list(hub._feeds.values()):
        for subscriber in list(feed.subscribers):
            hub.release(subscriber)
    await asyncio.sleep(0)


@pytest.fixture
def stuck(clock: FakeClock) -> Iterator[threading.Event]:
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
