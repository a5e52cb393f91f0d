"""A logout at the moment in which the store takes no writes, but is read well."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.live.access import revocations as revocation
from dashboards.live.access.channel import REVOCATIONS
from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import ALL_USERS, user_subject
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.positions import Position
from tests.harness import wait_for

CHANNEL = "shop.orders"


class Store(MemoryStore):
    """Memory that takes no writes while it is locked, and can be read all the same."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.locked = False
        self.tries = 0

    def put(self, channel: str, frames: Any) -> Position:
        self.tries += 1
        if self.locked:
            raise ConnectionError
        return super().put(channel, frames)


@pytest.fixture
def store(settings: Any) -> Iterator[Store]:
    settings.DASHBOARDS = {"STORES": {"default": {"BACKEND": f"{__name__}.Store"}}}
    store = get_store()
    assert isinstance(store, Store)
    yield store
    store.locked = False
    wait_for(lambda: not revocations.are_waiting)
    wait_for(lambda: not [each for each in threading.enumerate() if "revocation" in each.name])


def told(store: Store) -> list[str]:
    return [frame.key for frame in store.since(REVOCATIONS, None).frames]


async def test_a_logout_that_could_not_be_stored_ends_the_streams_when_it_can(store: Store):
    """The put was logged and lost. A hub that read the store well went on showing news to a user
    who had logged out, until the stream was of age."""
    hub = Hub(store)
    reader = await hub.open(Subscription(CHANNEL, None, identity=user_subject(1)))
    try:
        store.locked = True
        revocations.revoke(user_subject(1))
        store.locked = False
        assert await asyncio.wait_for(reader.read(), 5) == b""
        assert reader.end_reason == "access"
    finally:
        hub.release(reader)


def test_it_is_told_of_once_and_tried_until_it_is_stored(
    store: Store, caplog: pytest.LogCaptureFixture
):
    store.locked = True
    revocations.revoke(user_subject(1))
    revocations.revoke(user_subject(2))
    wait_for(lambda: store.tries > 4)
    store.locked = False
    wait_for(lambda: not revocations.are_waiting)
    assert set(told(store)) == {user_subject(1), user_subject(2)}
    assert [each.message for each in caplog.records] == [
        "Revoked access cannot be written to the store of live state; it is tried again.",
        "Revoked access was written to the store of live state.",
    ]


def test_one_thread_tells_all_and_remembers_no_more_than_it_may(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(revocation, "_MAX_AT_ONCE", 3)
    store.locked = True
    for pk in range(10):
        revocations.revoke(user_subject(pk))
    assert len([each for each in threading.enumerate() if "revocation" in each.name]) == 1
    store.locked = False
    wait_for(lambda: not revocations.are_waiting)
    assert ALL_USERS in told(store)


def test_it_is_given_up_when_every_stream_of_that_time_is_of_age(store: Store, settings: Any):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "STREAM_MAX_AGE_SECONDS": 0.1}
    locked = get_store()
    assert isinstance(locked, Store)
    locked.locked = True
    revocations.revoke(user_subject(1))
    wait_for(lambda: not revocations.are_waiting)
    locked.locked = False
    assert told(locked) == []
