"""Cases of versions, positions and channels."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.testing.stores.helpers import (
    CHANNEL,
    let_go,
    points,
    shown,
)


class VersionCases:
    """Cases of versions, positions and channels."""

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
        """A page shows the newest: it gets all that it has not seen."""
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

    def test_the_heads_of_many_channels(self, store: BaseStore) -> None:
        """Every open page: one read covers them all, for any number of channels."""
        heads = {f"shop.orders.{n}": store.put(f"shop.orders.{n}", {"a": "1"}) for n in range(300)}
        assert store.heads(list(heads)) == heads
        assert store.heads([*heads, "shop.nothing"]) == heads
        assert store.heads([]) == {}

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

    def test_a_put_of_nothing_is_a_version_all_the_same(self, store: BaseStore) -> None:
        """A page shows the newest: a put can show that something happened."""
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

    def test_when_the_last_put_was_made(self, store: BaseStore) -> None:
        """The delay of an update can be measured."""
        before = time.time()
        store.put(CHANNEL, {"a": "1"})
        assert before - 2 <= store.since(CHANNEL, None).put_at <= time.time() + 2

    async def test_the_twins_answer_alike(self, store: BaseStore) -> None:
        """Open pages and pages just loaded get the same."""
        position = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
        changes = await store.asince(CHANNEL, None)
        assert (changes.position, shown(changes)) == (position, {"a": "1"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: position}
        later = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "2"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: later}
