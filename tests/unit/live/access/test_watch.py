"""``live/access/watch.py``: revoked access ends streams, or suspends them until it was checked."""

import asyncio

import pytest

from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.subjects import ALL_USERS, user_subject
from dashboards.live.fanout.hub import Hub
from dashboards.testing.clock import FakeClock
from tests.unit.live.streams import (
    CHANNEL,
    FaultyStore,
    idle,
    moving,
    open_as,
    open_stream,
    read,
    read_until,
    until,
)


@pytest.fixture
def store(clock: FakeClock) -> FaultyStore:
    return FaultyStore(clock)


@pytest.mark.parametrize("subject", [user_subject(1), ALL_USERS])
async def test_revocation_with_a_lost_notification_is_applied_before_the_next_update(
    hub: Hub, store: FaultyStore, subject: str
):
    """After a logout with a lost notification, new values were shown until the stream was of age.
    No stream gets a value that its client may not load as a page."""
    subscriber, anonymous = await open_as(hub, store, 1), await open_stream(hub, store)
    await until(lambda: store._listeners)
    store.loses_notifications = True
    store.put(REVOCATIONS, {subject: ""})
    store.loses_notifications = False
    store.put(CHANNEL, {"a": "secret"})
    assert await read(subscriber) == ""
    assert "secret" in await read(anonymous)


async def test_revocation_with_a_lost_notification_is_found_by_the_poll(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    one, two = await open_as(hub, store, 1), await open_as(hub, store, 2)
    store.loses_notifications = True
    store.put(REVOCATIONS, {user_subject(1): ""})
    assert await moving(clock, read(one), 0.05) == ""
    store.put(CHANNEL, {"a": "for two"})
    assert "for two" in await moving(clock, read(two), 0.05)


async def test_logout_while_a_stream_opens_ends_it(hub: Hub, store: FaultyStore):
    """The storm of faults found streams that outlived a logout: access was checked before it, and
    its notification came before the hub had the subscriber, which a slow store makes likely."""
    store.put(REVOCATIONS, {user_subject(7): ""})
    checked = store.heads([REVOCATIONS])[REVOCATIONS]
    store.put(REVOCATIONS, {user_subject(1): ""})
    assert await read(await open_as(hub, store, 1, checked)) == ""
    other = await open_as(hub, store, 2, checked)
    again = await open_as(hub, store, 1)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(other)
    assert "news" in await read(again)


async def test_store_without_its_revocations_ends_all_signed_in_streams(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    store.put(REVOCATIONS, {user_subject(7): ""})
    subscriber = await open_as(hub, store, 1)
    del store._channels[REVOCATIONS]
    assert await moving(clock, read(subscriber)) == ""


@pytest.mark.parametrize("first", ["update", "poll"])
async def test_signed_in_stream_after_a_store_failure_ends_before_any_update(
    hub: Hub,
    store: FaultyStore,
    clock: FakeClock,
    first: str,
    caplog: pytest.LogCaptureFixture,
):
    """A logout during the failure could not be stored, so the access of all users is checked again
    before anything is shown."""
    store.poll_seconds = 600 if first == "update" else 0.05
    subscriber, anonymous = await open_as(hub, store, 1), await open_stream(hub, store)
    await until(lambda: store._listeners)
    store.is_broken = True
    store.put(CHANNEL, {"a": "news"})
    await until(lambda: "does not answer" in caplog.text)
    store.is_broken = False
    assert await moving(clock, read(subscriber)) == ""
    assert "news" in await moving(clock, read(anonymous))


# A transport that can check the access of its clients: streams are suspended in the meantime.


class Site:
    """Answers the hub's question if a client may still read."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.may_answer = asyncio.Event()

    async def may_read(self) -> bool:
        await self.may_answer.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("may_read", [True, False])
async def test_suspended_stream_gets_nothing_until_its_access_was_checked(
    hub: Hub, store: FaultyStore, *, may_read: bool
):
    """A group that lost a permission ended the streams of all users."""
    site = Site(may_read)
    subscriber = await open_as(hub, store, 1, may_read=site.may_read)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    store.put(CHANNEL, {"a": "news"})
    reading = asyncio.create_task(read(subscriber))
    await until(lambda: subscriber.is_suspended)
    await idle()
    assert not reading.done()
    site.may_answer.set()
    text = await reading
    assert ("news" in text) if may_read else (text == "")


async def test_failed_check_is_repeated(hub: Hub, store: FaultyStore, clock: FakeClock):
    """After an outage the site itself may have trouble: that is no reason to end streams."""
    site = Site(RuntimeError("The site answered 500."), True)
    site.may_answer.set()
    subscriber = await open_as(hub, store, 1, may_read=site.may_read)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await moving(clock, read(subscriber))
    assert not site.answers


async def test_check_without_an_answer_is_cancelled_and_repeated(
    hub: Hub, store: FaultyStore, clock: FakeClock
):
    checks: list[int] = []

    async def may_read() -> bool:
        checks.append(1)
        if len(checks) == 1:
            await asyncio.Event().wait()
        return True

    subscriber = await open_as(hub, store, 1, may_read=may_read)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await moving(clock, read_until(subscriber, "news"))
    assert len(checks) == 2


async def test_ended_stream_is_not_checked_again(hub: Hub, store: FaultyStore, clock: FakeClock):
    site = Site(RuntimeError("The site answered 500."))
    subscriber = await open_as(hub, store, 1, may_read=site.may_read)
    other = await open_stream(hub, store)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    await until(lambda: subscriber.is_suspended)
    hub.release(subscriber)
    site.may_answer.set()
    await until(lambda: not site.answers)
    await moving(clock, until(lambda: not hub._access._suspended))
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(other)
