"""The hub: one read for all readers, cursors, and faults of the store."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pytest

from dashboards.live.access.channel import REVOCATIONS
from dashboards.live.access.subjects import ALL_USERS, user_subject
from dashboards.live.compute import producer
from dashboards.live.compute.groups import ComputedValue, acquire_lease, group_by_interval
from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.metrics import get_metrics
from dashboards.live.stores.base import Changes
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.stores.notifications import Listener
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import HEARTBEAT, Points
from dashboards.live.wire.positions import Position
from tests.harness import wait_for

CHANNEL = "shop.orders"


class Store(MemoryStore):
    """Memory that can lose hints, fail, and count what it was asked."""

    poll_seconds = 0.05

    def __init__(self) -> None:
        super().__init__({})
        self.reads = 0
        self.deaf = False
        self.broken = False

    async def asince(self, channel: str, position: Position | None) -> Changes:
        self.reads += 1
        await asyncio.sleep(0)  # Others run while a store answers.
        if self.broken:
            raise ConnectionError
        return self.since(channel, position)

    async def aheads(self, channels: Sequence[str]) -> Mapping[str, Position]:  # type: ignore[override]
        if self.broken:
            raise ConnectionError
        return self.heads(channels)

    async def _listen_remote(self, hear: Listener) -> None:
        await asyncio.Event().wait()

    def _notify_local(self, channel: str) -> None:
        if not self.deaf:
            super()._notify_local(channel)


@pytest.fixture
def store() -> Store:
    return Store()


async def open_reader(hub: Hub, store: Store, sources: Sequence[ComputedValue] = ()) -> Subscriber:
    return await hub.open(Subscription(CHANNEL, store.since(CHANNEL, None).position, sources))


async def read(reader: Subscriber) -> str:
    return (await asyncio.wait_for(reader.read(), 5)).decode()


async def test_readers_share_one_read_and_the_same_bytes(hub: Hub, store: Store):
    readers = [await open_reader(hub, store) for _ in range(10)]
    before = store.reads
    store.put(CHANNEL, {"a": "news"})
    answers = [await asyncio.wait_for(reader.read(), 5) for reader in readers]
    assert store.reads == before + 1
    assert all(answer is answers[0] for answer in answers)


async def test_readers_that_come_together_share_one_read(hub: Hub, store: Store):
    """After a restart all pages come back at once; one read after the other delayed the last."""
    store.put(CHANNEL, {"a": "1"})
    await asyncio.gather(*(open_reader(hub, store) for _ in range(10)))
    assert store.reads == 1


async def test_a_slow_reader_skips_what_it_would_only_have_overwritten(hub: Hub, store: Store):
    reader = await open_reader(hub, store)
    for number in range(100):
        store.put(CHANNEL, {"a": f"a{number}"})
        store.put(CHANNEL, {"b": f"b{number}"})
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    text = await read(reader)
    assert text.count("event:") == 2
    assert "a99" in text
    head = store.heads([CHANNEL])[CHANNEL]
    assert text.endswith(f"id: {head}\nversion: {head}\ndata: b99\n\n")


async def test_a_lost_hint_is_found_by_the_poll(hub: Hub, store: Store):
    reader = await open_reader(hub, store)
    store.deaf = True
    store.put(CHANNEL, {"a": "unheard"})
    assert "unheard" in await read(reader)


async def test_a_doubled_hint_does_no_harm(hub: Hub, store: Store):
    reader = await open_reader(hub, store)
    store.put(CHANNEL, {"a": "once"})
    store._notify_local(CHANNEL)
    store._notify_local("a channel nobody watches")
    assert (await read(reader)).count("once") == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.2)


async def test_a_store_that_fails_is_reported_once_and_heals(hub: Hub, store: Store, caplog):
    reader = await open_reader(hub, store)
    store.broken = True
    store.put(CHANNEL, {"a": "while broken"})
    await asyncio.sleep(0.2)
    [record] = caplog.records
    assert record.message == (
        "The store of live state does not answer (ConnectionError). Pages are served and their "
        "live values wait; it is tried again until it answers."
    )
    store.broken = False
    assert "while broken" in await read(reader)


async def test_a_channel_that_cannot_be_read_is_the_trouble_of_that_channel(
    hub: Hub, store: Store, caplog, monkeypatch: pytest.MonkeyPatch
):
    """One row that could not be read counted as a store that is down, and once a second ended
    every signed-in stream of the process. Only its own channel waits now, and it heals."""
    mine = await open_reader(hub, store)
    other = await hub.open(Subscription("shop.other", None, identity=user_subject(1)))
    read_any = store.asince

    async def refuse_one(channel: str, position: Position | None) -> Changes:
        if channel == CHANNEL:
            raise ValueError
        return await read_any(channel, position)

    monkeypatch.setattr(store, "asince", refuse_one)
    store.put(CHANNEL, {"a": "unreadable"})
    await asyncio.to_thread(wait_for, lambda: bool(caplog.records))
    store.put("shop.other", {"a": "news"})
    assert "news" in await read(other)
    assert [each.message for each in caplog.records] == [
        "The store of live state answers, but refuses something; it is tried again: ValueError()"
    ]
    assert not other.end_reason
    monkeypatch.undo()
    assert "unreadable" in await read(mine)
    hub.release(other)


async def test_a_stream_is_not_held_while_the_store_fails(hub: Hub, store: Store):
    store.broken = True
    with pytest.raises(ConnectionError):
        await open_reader(hub, store)
    assert hub.streams == 0


async def test_a_reader_ahead_of_the_hub_never_sees_an_older_state(hub: Hub, store: Store):
    first = await open_reader(hub, store)
    store.put(CHANNEL, {"a": "old"})
    await read(first)
    store.deaf, store.poll_seconds = True, 60
    store._channels.clear()
    store.put(CHANNEL, {"a": "new life"})
    # The view has read the new epoch from the store; the hub has not heard of it.
    second = await open_reader(hub, store)
    store.deaf = False
    store.put(CHANNEL, {"b": "next"})
    text = await read(second)
    assert "old" not in text
    assert "next" in text
    assert "new life" in await read(first)


async def test_a_channel_that_vanished_begins_anew(hub: Hub, store: Store):
    store.put(CHANNEL, {"a": "before"})
    reader = await open_reader(hub, store)
    store._channels.clear()
    await asyncio.sleep(0.2)
    store.put(CHANNEL, {"a": "after"})
    assert "after" in await read(reader)


async def test_versions_on_one_connection_never_go_backwards(hub: Hub, store: Store):
    for text in ("one", "two", "three"):
        store.put(CHANNEL, {"a": text})
    reader = await open_reader(hub, store)
    # The store is set back to an earlier copy: same epoch, smaller version.
    state = store._channels[CHANNEL]
    state.position = Position(state.position.epoch, 1)
    assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_silence_is_broken_by_a_beat_that_carries_the_position(
    hub: Hub, store: Store, settings
):
    settings.DASHBOARDS = {"HEARTBEAT_SECONDS": 0.1}
    position = store.put(CHANNEL, {"a": "1"})
    reader = await open_reader(hub, store)
    assert await read(reader) == f"event: {HEARTBEAT}\nid: {position}\ndata: \n\n"


async def test_a_client_that_stopped_reading_is_given_up(hub: Hub, store: Store, settings):
    settings.DASHBOARDS = {"HEARTBEAT_SECONDS": 0.1}
    opened: asyncio.Future[Subscriber] = asyncio.get_running_loop().create_future()

    async def stream() -> None:
        reader = await open_reader(hub, store)
        opened.set_result(reader)
        await reader.read()
        await asyncio.Event().wait()  # a send that never ends

    task = asyncio.create_task(stream())
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert (await opened).is_aborted


async def test_a_stream_ends_at_its_age(hub: Hub, store: Store, settings):
    settings.DASHBOARDS = {"STREAM_MAX_AGE_SECONDS": 0.1}
    reader = await open_reader(hub, store)
    assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_closing_ends_every_stream_and_holds_no_other(hub: Hub, store: Store):
    readers = [await open_reader(hub, store) for _ in range(3)]
    waiting = [asyncio.create_task(reader.read()) for reader in readers]
    await asyncio.sleep(0)
    hub.close()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == [b""] * 3
    assert await (await open_reader(hub, store)).read() == b""


async def test_without_readers_nothing_runs(hub: Hub, store: Store):
    before = asyncio.all_tasks()
    source = ComputedValue("a", 60, lambda: "computed")
    readers = [await open_reader(hub, store, [source]) for _ in range(2)]
    assert len(asyncio.all_tasks()) > len(before)
    for reader in readers:
        hub.release(reader)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    assert hub.streams == 0
    # And it starts again.
    reader = await open_reader(hub, store)
    store.put(CHANNEL, {"b": "again"})
    assert "again" in await read(reader)


async def test_computed_values_run_while_somebody_watches(hub: Hub, store: Store):
    turns: list[int] = []

    def compute() -> str:
        turns.append(1)
        return f"turn {len(turns)}"

    reader = await open_reader(hub, store, [ComputedValue("a", 0.1, compute)])
    for number in (1, 2, 3):
        assert f"turn {number}" in await read(reader)
    hub.release(reader)
    await asyncio.sleep(0.1)
    count = len(turns)
    await asyncio.sleep(0.3)
    assert len(turns) == count


async def test_a_value_that_raises_costs_only_itself(hub: Hub, store: Store, caplog):
    def fail() -> str:
        raise ZeroDivisionError

    sources = [ComputedValue("bad", 0.1, fail), ComputedValue("good", 0.1, lambda: "fine")]
    reader = await open_reader(hub, store, sources)
    text = await read(reader)
    assert "fine" in text
    assert "'bad'" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def on_change(compute: Callable[[], str]) -> ComputedValue:
    return ComputedValue("a", 60, compute, debounce=0.05, topics=("model:shop.order",))


async def test_a_value_on_change_is_computed_when_its_topic_has_news(hub: Hub, store: Store):
    turns: list[int] = []

    def compute() -> str:
        turns.append(1)
        return f"turn {len(turns)}"

    reader = await open_reader(hub, store, [on_change(compute)])
    assert "turn 1" in await read(reader)
    for _ in range(100):
        store.put("model:shop.order", {})
    while "turn 2" not in await read(reader):
        pass
    await asyncio.sleep(0.2)
    assert len(turns) <= 4, "a burst is merged"
    count = len(turns)
    store.put("model:shop.customer", {})
    store.put(CHANNEL, {"b": "news"})
    await asyncio.sleep(0.2)
    assert len(turns) == count, "done until the next change"


async def test_a_change_during_the_computing_is_not_missed(hub: Hub, store: Store):
    truth = ["old"]
    computing, go_on = threading.Event(), threading.Event()

    def compute() -> str:
        seen = truth[0]
        computing.set()
        go_on.wait(5)
        return seen

    reader = await open_reader(hub, store, [on_change(compute)])
    await asyncio.to_thread(computing.wait, 5)
    truth[0] = "new"
    store.put("model:shop.order", {})
    go_on.set()
    while "new" not in await read(reader):
        pass


async def test_a_change_whose_hint_was_lost_is_found_by_the_poll(hub: Hub, store: Store):
    values = iter(range(100))
    reader = await open_reader(hub, store, [on_change(lambda: f"turn {next(values)}")])
    assert "turn 0" in await read(reader)
    await asyncio.sleep(0.2)
    store.deaf = True
    store.put("model:shop.order", {})
    assert "turn 1" in await read(reader)


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What a hanging value waits for."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_value_that_hangs_costs_only_itself_and_is_reported(
    hub: Hub, store: Store, caplog, monkeypatch, stuck: threading.Event
):
    monkeypatch.setattr(producer, "_HANG_SECONDS", 0.5)
    calls: list[str] = []

    def hang(name: str) -> str:
        calls.append(name)
        stuck.wait(10)
        return f"{name} at last"

    values = iter(range(1000))
    # More of them than there are threads.
    sources = [ComputedValue(f"stuck{n}", 0.2, partial(hang, f"stuck{n}")) for n in range(5)]
    sources.append(ComputedValue("good", 0.2, lambda: f"turn {next(values)}"))
    reader = await open_reader(hub, store, sources)
    while "turn 4" not in await read(reader):
        pass
    while "has been computed for" not in caplog.text:
        await read(reader)
    assert sorted(calls) == sorted(set(calls)), "what hangs is not begun again"
    stuck.set()
    seen = ""
    while not all(f"stuck{n} at last" in seen for n in range(5)):
        seen += await read(reader)


async def test_a_value_that_hangs_is_not_begun_again_by_who_comes_later(
    hub: Hub, store: Store, stuck: threading.Event
):
    calls: list[int] = []

    def hang() -> str:
        calls.append(1)
        stuck.wait(10)
        return "at last"

    for _ in range(4):
        reader = await open_reader(hub, store, [ComputedValue("stuck", 0.1, hang)])
        await asyncio.sleep(0.3)
        hub.release(reader)
    assert len(calls) == 1


async def test_a_slow_value_is_computed_by_one_process_at_a_time(store: Store):
    """It takes several intervals, so a claim that was not extended would end meanwhile."""
    running: list[str] = []
    together: list[int] = []

    def slow(name: str) -> str:
        running.append(name)
        together.append(len(running))
        time.sleep(0.8)
        running.remove(name)
        return f"by {name}"

    hubs = [Hub(store), Hub(store)]
    readers = [
        await open_reader(hub, store, [ComputedValue("slow", 0.2, partial(slow, str(n)))])
        for n, hub in enumerate(hubs)
    ]
    for _ in range(2):
        await asyncio.gather(*map(read, readers))
    for hub, reader in zip(hubs, readers, strict=True):
        hub.release(reader)
    assert set(together) == {1}


async def test_the_work_of_a_dead_process_is_taken_over_within_two_intervals(
    hub: Hub, store: Store
):
    source = ComputedValue("a", 0.5, lambda: "by the living")
    [turn] = group_by_interval([source])
    assert acquire_lease(store, CHANNEL, turn), "claimed by one that dies now"
    began = time.monotonic()
    reader = await open_reader(hub, store, [source])
    assert "by the living" in await read(reader)
    assert time.monotonic() - began <= 2 * source.seconds


async def test_a_series_is_sent_as_points_and_past_the_window_as_a_whole(hub: Hub, store: Store):
    store.put(CHANNEL, {"s": Points("<b></b>", ["[1]"], 3)})
    reader = await open_reader(hub, store)
    slow = await open_reader(hub, store)
    store.put(CHANNEL, {"s": Points("<b></b>", ["[2]", "[3]"], 3)})
    text = await read(reader)
    assert "event: s:append" in text
    assert "<b>" not in text
    assert [n in text for n in ("[1]", "[2]", "[3]")] == [False, True, True]
    for number in range(4, 9):
        store.put(CHANNEL, {"s": Points("<b></b>", [f"[{number}]"], 3)})
        await read(reader)
    text = await read(slow)
    assert text.count("data-dashboards-point") == 3
    assert "[8]" in text
    late = await hub.open(Subscription(CHANNEL, None))
    text = await read(late)
    assert text.index("event: s\n") < text.index("event: s:append")
    assert text.count("data-dashboards-point") == 3


async def test_what_was_written_is_counted(hub: Hub, store: Store):
    before = get_metrics()
    reader = await open_reader(hub, store)
    store.put(CHANNEL, {"a": "1"})
    await read(reader)
    for number in range(4):
        store.put(CHANNEL, {"a": str(number), "b": str(number)})
    await asyncio.sleep(0.05)
    await read(reader)
    assert get_metrics()["streams"] == before["streams"] + 1
    hub.release(reader)
    grown = {name: value - before[name] for name, value in get_metrics().items()}
    assert (grown["opened"], grown["streams"], grown["ended_gone"]) == (1, 0, 1)
    assert (grown["writes"], grown["frames"], grown["merged"]) == (2, 3, 3)
    assert grown["bytes"] > 0
    assert grown["lag_count"] >= 1
    assert get_metrics()["lag_max_seconds"] < 60


async def open_as(hub: Hub, store: Store, pk: int, access: Position | None = None) -> Subscriber:
    """Open as somebody whose access was checked when ``REVOCATIONS`` stood there, or just now."""
    access = access or store.heads([REVOCATIONS]).get(REVOCATIONS)
    position = store.since(CHANNEL, None).position
    return await hub.open(Subscription(CHANNEL, position, identity=user_subject(pk), access=access))


@pytest.mark.parametrize("who", [user_subject(1), ALL_USERS])
async def test_who_lost_access_is_ended_though_the_hint_was_lost(hub: Hub, store: Store, who: str):
    """Nobody receives a value they were not allowed to load as a page: pushed after a logout
    whose hint was lost, it was shown until the stream came of age."""
    store.poll_seconds = 60
    reader, anonymous = await open_as(hub, store, 1), await open_reader(hub, store)
    await asyncio.to_thread(wait_for, lambda: store._listeners)
    store.deaf = True
    store.put(REVOCATIONS, {who: ""})
    store.deaf = False
    store.put(CHANNEL, {"a": "secret"})
    assert await read(reader) == ""
    assert "secret" in await read(anonymous)


async def test_reader_hears_the_guarded_events_that_it_may_and_keeps_up_with_the_others(
    hub: Hub, store: Store
):
    """What not everybody may hear of went to every reader of the channel. Each is told what it may
    hear; what it may not hear leaves it as far as the others, who share their bytes."""
    position = store.since(CHANNEL, None).position
    some, all_ = frozenset({"@one"}), frozenset({"@one", "@two"})
    heard = [frozenset[str](), some, some, all_]
    readers = [
        await hub.open(Subscription(CHANNEL, position, visible_events=each)) for each in heard
    ]
    tasks = [asyncio.create_task(each.read()) for each in readers]
    await asyncio.sleep(0)
    store.put(CHANNEL, {"@two": "2"})
    assert b"@two" in await tasks[3]
    store.put(CHANNEL, {"@one": "1", "@one:state": "late"})
    first, second = await tasks[1], await tasks[2]
    assert first is second
    assert re.findall(b"event: (.*)", first) == [b"@one", b"@one:state"]
    assert not tasks[0].done()
    assert readers[0].position is readers[1].position
    store.put(CHANNEL, {"open": "0"})
    assert (await tasks[0]).count(b"event:") == 1

    late = await hub.open(Subscription(CHANNEL, None, visible_events=some))
    assert sorted(re.findall("event: (.*)", await read(late))) == ["@one", "@one:state", "open"]


async def test_who_lost_access_is_ended_by_the_poll_at_the_latest(hub: Hub, store: Store):
    one, two = await open_as(hub, store, 1), await open_as(hub, store, 2)
    store.deaf = True
    store.put(REVOCATIONS, {user_subject(1): ""})
    assert await read(one) == ""
    store.put(CHANNEL, {"a": "for two"})
    assert "for two" in await read(two)


async def test_a_logout_while_a_stream_opens_ends_it(hub: Hub, store: Store):
    """The storm of faults found streams that outlived a logout: access was checked before it, and
    its hint came before the hub knew of the reader, which a slow store makes likely."""
    store.put(REVOCATIONS, {user_subject(7): ""})
    checked = store.heads([REVOCATIONS])[REVOCATIONS]
    store.put(REVOCATIONS, {user_subject(1): ""})
    assert await read(await open_as(hub, store, 1, checked)) == ""
    other = await open_as(hub, store, 2, checked)
    again = await open_as(hub, store, 1)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(other)
    assert "news" in await read(again)


async def test_a_store_that_forgot_who_lost_access_ends_all_who_are_signed_in(
    hub: Hub, store: Store
):
    store.put(REVOCATIONS, {user_subject(7): ""})
    reader = await open_as(hub, store, 1)
    del store._channels[REVOCATIONS]
    assert await read(reader) == ""


@pytest.mark.parametrize("first", ["news", "poll"])
async def test_a_store_that_failed_may_not_have_been_told_who_lost_access(
    hub: Hub, store: Store, first: str, caplog: pytest.LogCaptureFixture
):
    """Nobody receives a value they were not allowed to load: a logout during the failure could not
    be stored, so who is signed in is asked anew before anything is shown."""
    store.poll_seconds = 60 if first == "news" else 0.05
    reader, anonymous = await open_as(hub, store, 1), await open_reader(hub, store)
    await asyncio.to_thread(wait_for, lambda: store._listeners)
    store.broken = True
    store.put(CHANNEL, {"a": "news"})
    await asyncio.to_thread(wait_for, lambda: "does not answer" in caplog.text)
    store.broken = False
    assert await read(reader) == ""
    assert "news" in await read(anonymous)


async def test_a_store_that_failed_until_the_last_reader_left_holds_streams_again(
    hub: Hub, store: Store, caplog: pytest.LogCaptureFixture
):
    """Only the poll noticed that the store worked again, and it runs while somebody reads. Until
    then every signed-in stream was ended at once: who came alone was never held again."""
    reader = await open_as(hub, store, 1)
    store.broken = True
    await asyncio.to_thread(wait_for, lambda: "does not answer" in caplog.text)
    hub.release(reader)
    store.broken = False
    store.poll_seconds = 60
    first = await open_as(hub, store, 1)
    if first.end_reason:  # Asked anew, once.
        hub.release(first)
    reader = await open_as(hub, store, 1)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(reader)


class Site:
    """What a hub asks whether somebody still may read."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.may_answer = asyncio.Event()

    async def ask(self) -> bool:
        await self.may_answer.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def open_with(hub: Hub, store: Store, site: Site, pk: int = 1) -> Subscriber:
    access = store.heads([REVOCATIONS]).get(REVOCATIONS)
    position = store.since(CHANNEL, None).position
    hold = Subscription(CHANNEL, position, identity=user_subject(pk), access=access)
    return await hub.open(hold, site.ask)


@pytest.mark.parametrize("may_read", [True, False])
async def test_a_reader_in_doubt_is_shown_nothing_until_the_site_was_asked(
    hub: Hub, store: Store, *, may_read: bool
):
    """A group that lost a permission ended the streams of all who are signed in."""
    site = Site(may_read)
    reader = await open_with(hub, store, site)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    store.put(CHANNEL, {"a": "news"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.2)
    site.may_answer.set()
    text = await read(reader)
    assert ("news" in text) if may_read else (text == "")


async def test_a_site_that_cannot_say_who_may_read_is_asked_again(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """After an outage the site itself may have trouble: that is no reason to end streams."""
    monkeypatch.setattr("dashboards.live.access.watch._RETRY_SECONDS", 0.05)
    site = Site(RuntimeError("The site answered 500."), True)
    site.may_answer.set()
    reader = await open_with(hub, store, site)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(reader)
    assert not site.answers


async def test_a_reader_that_has_gone_is_not_asked_for_again(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dashboards.live.access.watch._RETRY_SECONDS", 0.05)
    site = Site(RuntimeError("The site answered 500."))
    reader, other = await open_with(hub, store, site), await open_reader(hub, store)
    store.put(REVOCATIONS, {ALL_USERS: ""})
    await asyncio.to_thread(wait_for, lambda: reader.is_suspended)
    hub.release(reader)
    site.may_answer.set()
    await asyncio.to_thread(wait_for, lambda: not site.answers)
    await asyncio.to_thread(wait_for, lambda: not hub._access._suspended)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(other)


async def test_trouble_of_values_that_are_computed_ends_no_stream(
    hub: Hub, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """A database that had no connection left for a thread of live values counted as a store that is
    down, once a second, and ended all signed-in streams as often."""

    def refuse(name: str, seconds: float, input_version: str = "") -> str:
        msg = "too many clients"
        raise ConnectionError(msg)

    monkeypatch.setattr(store, "acquire_lease", refuse)
    hold = Subscription(
        CHANNEL, None, [ComputedValue("a", 0.1, lambda: "computed")], identity=user_subject(1)
    )
    reader = await hub.open(hold)
    await asyncio.to_thread(wait_for, lambda: "too many clients" in caplog.text)
    await asyncio.sleep(0.3)
    store.put(CHANNEL, {"a": "news"})
    assert "news" in await read(reader)
    assert [each.event for each in caplog.records] == ["store_refused"]  # type: ignore[attr-defined]
