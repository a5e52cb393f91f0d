"""What every store promises, as tests: subclass one of these and give it its fixtures.

``StoreContract`` is for any store, ``SharedStoreContract`` for one that processes share::

    class TestMyStore(SharedStoreContract):
        @pytest.fixture
        def store(self): ...        # an instance, empty
        @pytest.fixture
        def wipe(self, store): ...  # a callable that loses all its data
        @pytest.fixture
        def twin(self): ...         # another instance on the same data
        @pytest.fixture
        def where(self): ...        # how another process reaches it: its entry in STORES

Coroutines are run by pytest-asyncio in its mode "auto". Each case guards a sentence of the promise:
after any fault ends, every open page shows the newest pushed value of every live component it may
see; versions on one connection never go backwards; nobody receives a value they were not allowed to
load as a page. Its docstring says which.
"""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import pytest
from django.db import connections

from dashboards.exceptions import ValueTooLargeError
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.base import BaseStore, Changes, stored
from dashboards.live.stores.notifications import ALL_CHANNELS
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import Points, encode_frames, page_html
from dashboards.live.wire.positions import Position

P = ParamSpec("P")
T = TypeVar("T")

CHANNEL = "shop.orders"


def shown(changes: Changes) -> dict[str, str]:
    """Return what changed, by key."""
    return {frame.key: frame.data for frame in changes.frames}


def points(changes: Changes, key: str = "s") -> list[tuple[str, int]]:
    """Return a series' base and points: what they hold, and their numbers."""
    return [(frame.data, frame.number) for frame in changes.frames if frame.key == key]


def heals(store: BaseStore, damage: Callable[[], object], shows: str = "a b s") -> None:
    """Damage what a store holds of ``CHANNEL``, and expect that it costs no more than it must.

    Args:
        store: the store.
        damage: does the damage to the keys ``a`` or ``s``, or to the channel.
        shows: which keys can be shown all the same, in part at least.
    """
    other = store.put("shop.other", {"a": "1"})
    store.put(CHANNEL, {"s": Points("base", ["0", "1", "2"], 4)})
    before = store.put(CHANNEL, {"a": "1", "b": "1", "s": Points("base", ["3"], 4)})
    damage()
    page = page_html(store.since(CHANNEL, None).frames)
    assert {key for key in page if key in "abs"} == set(shows.split())
    assert store.heads(["shop.other", CHANNEL])["shop.other"] == other
    put = [
        store.put(CHANNEL, {"a": "2", "s": Points("base", [str(number)], 4), "b": "2"})
        for number in range(4, 7)
    ]
    after = put[-1]
    for position in (None, before):
        changes = store.since(CHANNEL, position)
        assert changes.position == after
        assert {"a": "2", "b": "2"}.items() <= shown(changes).items()
        assert encode_frames(changes.frames, str(after))
    assert "6" in page_html(store.since(CHANNEL, None).frames)["s"]
    assert store.heads([CHANNEL]) == {CHANNEL: after}
    assert Position.parse(str(after)) == after
    known = (after.epoch, before.version) == (before.epoch, after.version - 3)
    assert known or after.epoch != before.epoch, "a version never stands for another"


def let_go(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a thread of a pool, and close what database connections that opened."""
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


class StoreContract:
    """The cases. A subclass provides the fixtures ``store`` and ``wipe``."""

    def test_versions_grow_within_one_epoch(self, store: BaseStore) -> None:
        """Versions never go backwards: each put has the next one."""
        first, second = store.put(CHANNEL, {"a": "1"}), store.put(CHANNEL, {"b": "2"})
        assert first.epoch == second.epoch
        assert second.version == first.version + 1

    def test_a_channel_nobody_pushed_to_has_neither_position_nor_frames(
        self, store: BaseStore
    ) -> None:
        """A page shows pushed values: there is nothing where none was pushed."""
        assert store.since(CHANNEL, None) == Changes(None, ())
        assert store.since(CHANNEL, Position("gone", 3)).position is None
        assert store.heads([CHANNEL]) == {}

    def test_the_whole_state_is_the_newest_of_every_key(self, store: BaseStore) -> None:
        """Every page shows the newest value of every component, an old one too."""
        store.put(CHANNEL, {"a": "old", "b": "kept"})
        position = store.put(CHANNEL, {"a": "new"})
        changes = store.since(CHANNEL, None)
        assert changes.position == position
        assert shown(changes) == {"a": "new", "b": "kept"}

    def test_a_reader_gets_what_changed_after_it_and_nothing_else(self, store: BaseStore) -> None:
        """A page shows the newest: it is told all that it has not seen."""
        position = store.put(CHANNEL, {"a": "1", "b": "1"})
        head = store.put(CHANNEL, {"b": "2"})
        assert shown(store.since(CHANNEL, position)) == {"b": "2"}
        assert store.since(CHANNEL, head)[:2] == (head, ())

    def test_what_is_put_together_has_one_version(self, store: BaseStore) -> None:
        """A page shows what was pushed together, together."""
        position = store.put(CHANNEL, {"a": "1", "b": "2", "c": "3"})
        frames = store.since(CHANNEL, None).frames
        assert {frame.version for frame in frames} == {position.version}

    def test_frames_come_oldest_first(self, store: BaseStore) -> None:
        """Versions on one connection never go backwards, within a batch either."""
        for key in "abcab":
            store.put(CHANNEL, {key: key})
        versions = [frame.version for frame in store.since(CHANNEL, None).frames]
        assert versions == sorted(versions)

    def test_a_position_of_another_epoch_is_answered_with_the_whole(self, store: BaseStore) -> None:
        """A page from another life of the store shows the newest all the same."""
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position("another", head.version))
        assert (changes.position, shown(changes)) == (head, {"a": "1"})

    def test_a_position_from_the_future_is_answered_with_the_whole(self, store: BaseStore) -> None:
        """A page that is ahead of a store set back shows what that has."""
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position(head.epoch, head.version + 5))
        assert (changes.position, shown(changes)) == (head, {"a": "1"})

    def test_a_wiped_store_begins_a_new_epoch(
        self, store: BaseStore, wipe: Callable[[], None]
    ) -> None:
        """After data is lost, every page shows the newest pushed value."""
        before = store.put(CHANNEL, {"a": "1"})
        wipe()
        assert store.since(CHANNEL, before).position is None
        after = store.put(CHANNEL, {"a": "2"})
        assert after.epoch != before.epoch
        assert shown(store.since(CHANNEL, before)) == {"a": "2"}

    def test_channels_are_apart(self, store: BaseStore) -> None:
        """Nobody receives a value of another channel."""
        store.put(CHANNEL, {"a": "1"})
        other = store.put("shop.staff", {"a": "secret"})
        assert shown(store.since(CHANNEL, None)) == {"a": "1"}
        assert store.heads(["shop.staff", "shop.nothing"]) == {"shop.staff": other}

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a", "A"), ("e", "é"), ("ss", "ß"), ("ﬁ", "fi"), ("a:b", "a"), ("%", "_")],
    )
    def test_names_that_differ_at_all_are_apart(
        self, store: BaseStore, one: str, other: str
    ) -> None:
        """Nobody receives a value of another channel, however alike the names look."""
        for channel in (one, other):
            store.put(channel, {one: f"{channel} {one}", other: f"{channel} {other}"})
            assert store.acquire_lease(channel, 60)
        for channel in (one, other):
            expected = {one: f"{channel} {one}", other: f"{channel} {other}"}
            assert shown(store.since(channel, None)) == expected
        assert set(store.heads([one])) == {one}

    def test_names_may_be_long(self, store: BaseStore) -> None:
        """Every live component: up to 255 characters of any kind name it and its channel."""
        name = "😀" * 255
        head = store.put(name, {name: "1"})
        assert shown(store.since(name, None)) == {name: "1"}
        assert store.heads([name]) == {name: head}

    def test_the_heads_of_many_channels(self, store: BaseStore) -> None:
        """Every open page: one look tells of them all, whatever their number."""
        heads = {f"shop.orders.{n}": store.put(f"shop.orders.{n}", {"a": "1"}) for n in range(300)}
        assert store.heads(list(heads)) == heads
        assert store.heads([*heads, "shop.nothing"]) == heads
        assert store.heads([]) == {}

    @pytest.mark.parametrize("data", ["", "\n", "a\r\nb\rc\n", "ünïcødé ☃ 😀", "x" * 300_000])
    def test_any_text_is_kept_as_it_is(self, store: BaseStore, data: str) -> None:
        """A page shows the value that was pushed, to the letter."""
        store.put(CHANNEL, {"a": data})
        assert shown(store.since(CHANNEL, None)) == {"a": data}

    @pytest.mark.parametrize("bad", ["\udc80", "\0"])
    def test_text_that_some_store_cannot_keep_is_made_fit(
        self, store: BaseStore, caplog: pytest.LogCaptureFixture, bad: str
    ) -> None:
        """A file name with a lone surrogate stopped its whole dashboard: now U+FFFD is shown."""
        caplog.set_level("WARNING", "dashboards.live")
        key = f"key{bad}"
        for _ in range(2):
            store.put(CHANNEL, {key: f"file {bad} é", "s": Points(f"b{bad}", [f'"{bad}"'], 3)})
        assert shown(store.since(CHANNEL, None))["key\ufffd"] == "file \ufffd é"
        assert points(store.since(CHANNEL, None)) == [
            ("b\ufffd", 0),
            ('"\ufffd"', 1),
            ('"\ufffd"', 2),
        ]
        replaced = [each.getMessage() for each in caplog.records]
        assert len(replaced) == len(set(replaced)), "said once for each key"

    def test_numbers_and_names_that_no_column_holds_are_refused_alike(
        self, store: BaseStore
    ) -> None:
        """MemoryStore took what a database refused: what is tested with one holds for each."""
        for keep in (0, -1, 2**31):
            with pytest.raises(
                ValueError, match=f"keeps {keep} points; it must be a number from 1"
            ):
                store.put(CHANNEL, {"s": Points("base", ["1"], keep)})
        with pytest.raises(ValueError, match="has 256 characters; at most 255 fit"):
            store.put(CHANNEL, {"x" * 256: "1"})
        for name in ("x" * 256, "a\0", "a\udc80"):
            with pytest.raises(ValueError, match="A channel's name has at most 255 characters"):
                store.put(name, {"a": "1"})
        with pytest.raises(
            TypeError, match=r"A frame is text or Points; 'a' on 'shop\.orders' got 5"
        ):
            store.put(CHANNEL, {"a": 5})  # type: ignore[dict-item]
        assert store.since(CHANNEL, None) == Changes(None, ())

    def test_a_frame_that_is_too_large_is_refused_with_the_limit_and_the_setting(
        self, store: BaseStore
    ) -> None:
        """A pushed string of 50 MB was stored, and sent to everybody who looked at the page."""
        for data in ("x" * 2_000_001, "é" * 1_000_001, Points("x" * 2_000_001, [], 5)):
            with pytest.raises(
                ValueTooLargeError,
                match=(
                    r"'a' on 'shop\.orders': the value has 2,000,00. bytes, and at most 2,000,000 "
                    r"are stored and sent to pages\. .* raise DASHBOARDS\['MAX_FRAME_BYTES'\]\."
                ),
            ):
                store.put(CHANNEL, {"a": data})
        # Points share the limit.
        with pytest.raises(ValueTooLargeError, match=r"A point of 's' on .* at most 20,000 are"):
            store.put(CHANNEL, {"s": Points("base", ["1" * 20_001], 100)})
        assert store.since(CHANNEL, None) == Changes(None, ())

    def test_many_large_frames_are_put_together(self, store: BaseStore) -> None:
        """A page shows what was pushed together, however much that is."""
        frames = {f"key{number}": '"' * 1_900_000 for number in range(12)}
        position = store.put(CHANNEL, frames)
        assert shown(store.since(CHANNEL, None)) == frames
        assert {frame.version for frame in store.since(CHANNEL, None).frames} == {position.version}

    def test_what_is_refused_does_not_keep_the_others_out(self, store: BaseStore) -> None:
        """One value that a store refused stopped all values of its dashboard: one put held all."""
        refused = store.put_each(CHANNEL, {"a": "1", "bad": "x" * 2_000_001, "b": "2"})
        assert shown(store.since(CHANNEL, None)) == {"a": "1", "b": "2"}
        [(key, error)] = refused.items()
        assert (key, type(error)) == ("bad", ValueTooLargeError)
        assert not store.is_unavailable(error)
        assert store.put_each(CHANNEL, {"a": "3", "b": "4"}) == {}
        frames = store.since(CHANNEL, None).frames
        assert len({frame.version for frame in frames}) == 1, "together where nothing is refused"

    def test_concurrent_writers_lose_nothing_and_readers_miss_nothing(
        self, store: BaseStore
    ) -> None:
        """A page shows the newest: no version appears behind a reader's position."""
        writers, puts = 6, 20
        done = threading.Event()

        def write(writer: int) -> list[Position]:
            return [store.put(CHANNEL, {f"key{writer}": str(n)}) for n in range(puts)]

        def read() -> dict[str, str]:
            state: dict[str, str] = {}
            position = None
            while True:
                last_look = done.is_set()
                changes = store.since(CHANNEL, position)
                if position and changes.position:
                    assert changes.position.version >= position.version
                state.update(shown(changes))
                position = changes.position
                if last_look:
                    return state

        with ThreadPoolExecutor(writers + 2) as pool:
            readers = [pool.submit(let_go, read) for _ in range(2)]
            positions = [
                p
                for each in pool.map(lambda writer: let_go(write, writer), range(writers))
                for p in each
            ]
            done.set()
            states = [reader.result() for reader in readers]
        versions = sorted(position.version for position in positions)
        assert versions == list(range(1, writers * puts + 1))
        assert len({position.epoch for position in positions}) == 1
        assert states == [{f"key{writer}": str(puts - 1) for writer in range(writers)}] * 2

    def test_a_claim_has_one_winner_until_it_ends(self, store: BaseStore) -> None:
        """A page shows the newest: computed by one, and after its death by another."""
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda _: let_go(store.acquire_lease, "work", 0.5), range(8)))
        assert len([holder for holder in won if holder]) == 1
        assert store.acquire_lease("other work", 60)
        end = time.monotonic() + 5
        while not store.acquire_lease("work", 60):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert not store.acquire_lease("work", 60)

    def test_a_claim_is_its_holders_until_another_has_it(self, store: BaseStore) -> None:
        """A page shows the newest: who was overtaken does not come last."""
        first = store.acquire_lease("work", 0.05)
        assert store.renew_lease("work", first, 0.05)
        end = time.monotonic() + 5
        while not (second := store.acquire_lease("work", 60)):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert not store.renew_lease("work", first, 60)
        assert store.renew_lease("work", second, 60)
        assert not store.renew_lease("never claimed", first, 60)

    def test_work_that_is_extended_is_not_claimed_by_another(self, store: BaseStore) -> None:
        """Computed by one at a time, however long it takes."""
        holder = store.acquire_lease("work", 0.2)
        for _ in range(10):
            assert store.renew_lease("work", holder, 0.2)
            assert not store.acquire_lease("work", 60)
            time.sleep(0.05)

    def test_work_done_for_one_stamp_is_due_for_another(self, store: BaseStore) -> None:
        """A page shows the newest: what changed makes it due, and only once."""
        holder = store.acquire_lease("work", 60, "state 1")
        assert not store.acquire_lease("work", 60, "state 2"), "it is being done"
        assert store.renew_lease("work", holder, 60, "state 1")
        assert not store.acquire_lease("work", 60, "state 1"), "it is done"
        assert store.acquire_lease("work", 60, "state 2")
        assert not store.acquire_lease("work", 60, "state 3"), "it is being done"

    def test_a_put_of_nothing_is_a_version_all_the_same(self, store: BaseStore) -> None:
        """A page shows the newest: it can be told that something happened."""
        before = store.put(CHANNEL, {"a": "1"})
        after = store.put(CHANNEL, {})
        assert (after.epoch, after.version) == (before.epoch, before.version + 1)
        assert store.since(CHANNEL, before) == Changes(after, (), store.since(CHANNEL, None).put_at)

    def test_what_is_forgotten_is_gone_and_moves_no_reader(self, store: BaseStore) -> None:
        """A page shows what its components are sent: of one that was removed nothing is left."""
        store.put(CHANNEL, {"gone": "1", "kept": "1", "s": Points("base", ["0", "1"], 5)})
        before = store.put(CHANNEL, {"gone": "2", "going": "1", "kept": "2"})
        store.forget(CHANNEL, ["gone", "s", "never"])
        store.forget("shop.nothing", ["gone"])
        changes = store.since(CHANNEL, None)
        assert (changes.position, shown(changes)) == (before, {"going": "1", "kept": "2"})
        assert store.since(CHANNEL, before)[:2] == (before, ())
        assert store.heads([CHANNEL, "shop.nothing"]) == {CHANNEL: before}
        # Should it come back, so does its series, from the first point on.
        after = store.put(CHANNEL, {"gone": "3", "s": Points("base", ["2"], 5)})
        assert (after.epoch, after.version) == (before.epoch, before.version + 1)
        changes = store.since(CHANNEL, before)
        assert points(changes, "gone") == [("3", 0)]
        assert points(changes) == [("base", 0), ("2", 1)]

    def test_concurrent_points_outlive_that_they_are_forgotten(self, store: BaseStore) -> None:
        """An old release pushes while a new one forgets: no point is left without its base."""

        def write() -> None:
            for number in range(100):
                store.put(CHANNEL, {"s": Points("base", [str(number)], 100)})

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(let_go, write)
            while not writer.done():
                store.forget(CHANNEL, ["s"])
                series = points(store.since(CHANNEL, None))
                assert not series or series[0] == ("base", 0), series
            writer.result()

    def test_when_the_last_put_was_made(self, store: BaseStore) -> None:
        """How long news take can be told."""
        before = time.time()
        store.put(CHANNEL, {"a": "1"})
        assert before - 2 <= store.since(CHANNEL, None).put_at <= time.time() + 2

    def test_a_series_keeps_its_newest_points(self, store: BaseStore) -> None:
        """The store stays bounded, and a page shows the newest."""
        for number in range(25):
            store.put(CHANNEL, {"s": Points("base", [str(number)], 10), "other": "x"})
        changes = store.since(CHANNEL, None)
        assert points(changes) == [("base", 0), *((str(n), n + 1) for n in range(15, 25))]
        assert page_html(changes.frames)["s"].count("data-dashboards-point") == 10

    def test_a_reader_of_a_series_gets_the_points_it_missed(self, store: BaseStore) -> None:
        """A page that was away gets what it missed or, past the window, the whole window."""
        store.put(CHANNEL, {"s": Points("base", ["0"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["1"], 5)})
        store.put(CHANNEL, {"s": Points("base", ["2", "3"], 5)})
        assert points(store.since(CHANNEL, position)) == [("2", 3), ("3", 4)]
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(4, 30)], 5)})
        assert points(store.since(CHANNEL, position)) == [(str(n), n + 1) for n in range(25, 30)]

    def test_a_new_base_comes_with_all_points(self, store: BaseStore) -> None:
        """A page shows the newest: what points are appended to is part of the state."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["2"], 5), "a": "x"})
        store.put(CHANNEL, {"s": Points("new base", ["3"], 5)})
        everything = [("new base", 0), ("0", 1), ("1", 2), ("2", 3), ("3", 4)]
        assert points(store.since(CHANNEL, position)) == everything
        assert points(store.since(CHANNEL, None)) == everything

    def test_a_window_that_changed_is_kept_from_then_on(self, store: BaseStore) -> None:
        """The store stays bounded by what the dashboard says now."""
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(8)], 8)})
        store.put(CHANNEL, {"s": Points("base", ["8"], 3)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["base", "6", "7", "8"]
        store.put(CHANNEL, {"s": Points("base", ["9"], 8)})
        assert [data for data, _ in points(store.since(CHANNEL, None))][-1] == "9"
        assert len(points(store.since(CHANNEL, None))) == 5

    def test_a_series_that_becomes_a_whole_state_and_back(self, store: BaseStore) -> None:
        """A page shows the newest: nothing is left of what a component was before."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        store.put(CHANNEL, {"s": "whole"})
        assert points(store.since(CHANNEL, None)) == [("whole", 0)]
        store.put(CHANNEL, {"s": Points("whole", ["2"], 5)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["whole", "2"]

    def test_concurrent_points_are_all_kept_in_order(self, store: BaseStore) -> None:
        """A page shows every point once, whoever pushed it."""

        def write(writer: int) -> None:
            for number in range(10):
                store.put(CHANNEL, {"s": Points("base", [f"{writer}.{number}"], 100)})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda writer: let_go(write, writer), range(4)))
        (base, *rest) = points(store.since(CHANNEL, None))
        assert base == ("base", 0)
        assert [number for _, number in rest] == list(range(1, 41))
        for writer in range(4):
            its = [data for data, _ in rest if data.startswith(f"{writer}.")]
            assert its == [f"{writer}.{number}" for number in range(10)]

    async def test_the_twins_answer_alike(self, store: BaseStore) -> None:
        """Open pages and pages just loaded are told the same."""
        position = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
        changes = await store.asince(CHANNEL, None)
        assert (changes.position, shown(changes)) == (position, {"a": "1"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: position}
        later = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "2"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: later}

    async def test_a_put_is_hinted_in_this_process(self, store: BaseStore) -> None:
        """An open page shows the newest soon: its process hears of it."""
        async with listening(store) as received:
            await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
            assert await asyncio.wait_for(received.get(), 5) == CHANNEL

    def test_a_put_is_announced_in_this_process(self, store: BaseStore) -> None:
        """An open page shows the newest soon, behind a proxy too: it is told of each put."""
        received: list[tuple[str, Position]] = []

        def receive(store: BaseStore, channel: str, position: Position, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
            # Whoever is told can read it.
            assert store.since(channel, None).position == position
            received.append((channel, position))

        stored.connect(receive)
        try:
            put = [store.put(CHANNEL, {"a": "1"}), store.put(CHANNEL, {})]
        finally:
            stored.disconnect(receive)
        assert received == [(CHANNEL, position) for position in put]

    @pytest.mark.parametrize("wire", ["loses", "doubles"])
    async def test_a_stream_shows_the_newest_whatever_becomes_of_hints(
        self, store: BaseStore, monkeypatch: pytest.MonkeyPatch, wire: str
    ) -> None:
        """An open page shows the newest: a hint may be lost, doubled, or about nothing."""
        listen = store.listen

        async def listen_badly(listener: Callable[[str], None]) -> None:
            def notify(channel: str) -> None:
                if wire == "doubles":
                    for each in (channel, "about.nothing", channel):
                        listener(each)

            await listen(notify)

        monkeypatch.setattr(store, "listen", listen_badly)
        # Each that is lost costs one poll.
        monkeypatch.setattr(store, "poll_seconds", min(store.poll_seconds, 0.5))
        hub = Hub(store)
        reader = await hub.open(Subscription(CHANNEL, None))
        try:
            for number in range(1 if wire == "loses" else 3):
                data = f"value {number}"
                await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": data})
                text = ""
                while data not in text:
                    news = await asyncio.wait_for(reader.read(), store.poll_seconds + 5)
                    text = news.decode()
        finally:
            work = asyncio.all_tasks() - {asyncio.current_task()}
            hub.release(reader)
            _, left = await asyncio.wait(work, timeout=5)
            assert not left, [task.get_stack() for task in left]


class SharedStoreContract(StoreContract):
    """The cases of stores that processes share.

    A subclass also provides the fixture ``where``, which tells another process how to reach the
    store: its entry in ``STORES``, and ``DATABASES`` where it needs any; and ``twin``, another
    instance on the same data, which is to the store what another process's is.
    """

    async def test_other_processes_hear_of_a_put(
        self, store: BaseStore, where: dict[str, Any]
    ) -> None:
        """An open page shows the newest soon, whichever process pushed it."""
        async with listening(store) as received:
            await receives_from_others(received, where)

    async def test_other_processes_hear_a_hint(
        self, store: BaseStore, twin: BaseStore, where: dict[str, Any]
    ) -> None:
        """Nobody receives what they may no longer load: every process is told to look again."""
        async with listening(twin) as received:
            await receives_from_others(received, where)
            await asyncio.to_thread(let_go, store.notify, "something")
            while await asyncio.wait_for(received.get(), 5) != "something":
                pass

    def test_writers_in_several_processes_lose_nothing(
        self, store: BaseStore, where: dict[str, Any]
    ) -> None:
        """A page shows the newest: each process's puts have versions of their own, in order."""
        puts = 40
        with contextlib.ExitStack() as stack:
            writers = [stack.enter_context(writing(where, puts, f"key{n}")) for n in range(3)]
            printed = [writer.communicate(timeout=30)[0].split() for writer in writers]
        positions = [Position.parse(token) for tokens in printed for token in tokens]
        assert len({position.epoch for position in positions if position}) == 1
        versions = [position.version for position in positions if position]
        assert sorted(versions) == list(range(1, 3 * puts + 1))
        assert all(
            versions[n * puts : (n + 1) * puts] == sorted(versions[n * puts : (n + 1) * puts])
            for n in range(3)
        )
        assert shown(store.since(CHANNEL, None)) == {f"key{n}": str(puts - 1) for n in range(3)}

    def test_a_put_that_dies_half_way_leaves_nothing(
        self, store: BaseStore, where: dict[str, Any]
    ) -> None:
        """Versions never go backwards, and what was pushed together is shown together."""
        keys = [f"key{n}" for n in range(30)]
        for _ in range(4):
            with writing(where, 100_000, *keys) as writer:
                assert writer.stdout
                last = ""
                # Somewhere in the put that follows these.
                for _ in range(random.randrange(1, 20)):
                    last = writer.stdout.readline()
                time.sleep(random.random() / 200)
            head, frames, _ = store.since(CHANNEL, None)
            acknowledged = Position.parse(last.strip())
            assert head
            assert head.knows(acknowledged)
            assert {frame.key for frame in frames} == set(keys)
            assert {frame.version for frame in frames} == {head.version}
            assert len({frame.data for frame in frames}) == 1
            # Nor does the dead one keep the living from writing.
            assert store.put(CHANNEL, dict.fromkeys(keys, "alive")).version == head.version + 1


@contextlib.contextmanager
def writing(where: dict[str, Any], puts: int, *keys: str) -> Iterator[subprocess.Popen[str]]:
    """Put from another process, which is killed in the end."""
    command = [
        sys.executable,
        "-m",
        "dashboards.testing.store_writer",
        json.dumps(where, default=str),
    ]
    with subprocess.Popen(
        [*command, str(puts), *keys], stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            yield writer
        finally:
            writer.kill()


@contextlib.asynccontextmanager
async def listening(store: BaseStore) -> AsyncIterator[asyncio.Queue[str]]:
    """Hear a store's hints for a while, but for ``ALL_CHANNELS``, which comes when it pleases."""
    received: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def receive(channel: str) -> None:
        if channel != ALL_CHANNELS:
            loop.call_soon_threadsafe(received.put_nowait, channel)

    task = asyncio.create_task(store.listen(receive))
    await asyncio.sleep(0)  # until it has begun
    try:
        yield received
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def receives_from_others(received: asyncio.Queue[str], where: dict[str, Any]) -> None:
    """Wait until the hints of another process arrive; some may be lost meanwhile."""
    with writing(where, 0, "elsewhere") as writer:
        assert writer.stdout
        assert await asyncio.to_thread(writer.stdout.readline), "the writer died"
        # What is still in there came from earlier puts.
        while not received.empty():
            received.get_nowait()
        assert await asyncio.wait_for(received.get(), 20) == CHANNEL
