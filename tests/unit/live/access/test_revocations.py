"""``live/access/revocations.py``: a logout while the store takes no writes, but can be read."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from dashboards.live.access import revocations as module
from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.revocations import Revocations
from dashboards.live.access.subjects import ALL_USERS, user_subject
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.positions import Position
from dashboards.testing.clock import FakeClock
from tests.harness import wait_for
from tests.unit.live.streams import CHANNEL, moving, read


class LockableStore(MemoryStore):
    """Memory that takes no writes while it is locked, and can be read all the same."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.is_locked = False
        self.tries = 0

    def put(self, channel: str, frames: Any) -> Position:
        self.tries += 1
        if self.is_locked:
            raise ConnectionError
        return super().put(channel, frames)


@pytest.fixture
def store(settings: Settings) -> LockableStore:
    settings.DASHBOARDS = {"STORES": {"default": {"BACKEND": f"{__name__}.LockableStore"}}}
    store = get_store()
    assert isinstance(store, LockableStore)
    return store


@pytest.fixture
def revocations(store: LockableStore, clock: FakeClock) -> Iterator[Revocations]:
    revocations = Revocations(clock)
    yield revocations
    store.is_locked = False
    end(revocations, clock)
    assert not get_threads()


def get_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if "revocation" in each.name]


def end(revocations: Revocations, clock: FakeClock) -> None:
    """Move the clock until the store has taken all revocations, or they were given up."""

    def is_over() -> bool:
        clock.advance(0.5)
        return not revocations.are_waiting

    wait_for(is_over, pause=0.001)


def revoked(store: MemoryStore) -> list[str]:
    return [frame.key for frame in store.since(REVOCATIONS, None).frames]


async def test_revocation_refused_by_the_store_ends_streams_when_the_store_takes_it(
    store: LockableStore, revocations: Revocations, clock: FakeClock
):
    """The put was logged and lost. A hub that read the store well continued to show news after
    the user had logged out, until the stream was of age."""
    hub = Hub(store)
    subscriber = await hub.open(Subscription(CHANNEL, None, identity=user_subject(1)))
    try:
        store.is_locked = True
        revocations.revoke(user_subject(1))
        store.is_locked = False
        assert await moving(clock, read(subscriber)) == ""
        assert subscriber.end_reason == "access"
    finally:
        hub.release(subscriber)


def test_refused_revocation_is_logged_once_and_retried_until_it_is_stored(
    store: LockableStore,
    revocations: Revocations,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
):
    store.is_locked = True
    revocations.revoke(user_subject(1))
    revocations.revoke(user_subject(2))

    def is_retried() -> bool:
        clock.advance(0.5)
        return store.tries > 4

    wait_for(is_retried, pause=0.001)
    store.is_locked = False
    end(revocations, clock)
    assert set(revoked(store)) == {user_subject(1), user_subject(2)}
    assert [each.message for each in caplog.records] == [
        "Revoked access cannot be written to the store of live state; it is tried again.",
        "Revoked access was written to the store of live state.",
    ]


def test_refused_revocations_beyond_the_maximum_become_one_of_all_users(
    store: LockableStore,
    revocations: Revocations,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "_MAX_AT_ONCE", 3)
    store.is_locked = True
    for pk in range(10):
        revocations.revoke(user_subject(pk))
    assert len(get_threads()) == 1, "one thread retries all"
    store.is_locked = False
    end(revocations, clock)
    assert ALL_USERS in revoked(store)


def test_refused_revocation_is_given_up_when_all_streams_of_that_time_are_of_age(
    store: LockableStore, revocations: Revocations, clock: FakeClock, settings: Settings
):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "STREAM_MAX_AGE_SECONDS": 10}
    locked = get_store()
    assert isinstance(locked, LockableStore)
    locked.is_locked = True
    revocations.revoke(user_subject(1))
    began = clock.monotonic()
    end(revocations, clock)
    assert clock.monotonic() - began > 10
    locked.is_locked = False
    assert revoked(locked) == []


def test_revocations_are_written_at_once_where_no_thread_can_be_started(
    store: LockableStore, revocations: Revocations, monkeypatch: pytest.MonkeyPatch
):
    """Regression: revocations of saved objects are merged by a thread. While the system allowed no
    more threads, to save an object raised a RuntimeError, and nothing was revoked."""
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse_thread)
        for number in range(3):
            revocations.revoke_soon([user_subject(number)])
        assert revoked(store) == [user_subject(number) for number in range(3)]
        store.is_locked = True
        revocations.revoke(user_subject(3))
    store.is_locked = False
    revocations.revoke(user_subject(4))
    assert user_subject(4) in revoked(store)


def refuse_thread(thread: threading.Thread) -> None:
    raise RuntimeError
