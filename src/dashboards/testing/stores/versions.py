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
    call_and_close,
    points,
    values_by_key,
)


class VersionCases:
    """Cases of versions, positions and channels."""

    def test_put_increments_version_within_epoch(self, store: BaseStore) -> None:
        """Versions never go backwards: each put has the next one."""
        first, second = store.put(CHANNEL, {"a": "1"}), store.put(CHANNEL, {"b": "2"})
        assert first.epoch == second.epoch
        assert second.version == first.version + 1

    def test_channel_without_puts_has_neither_position_nor_frames(self, store: BaseStore) -> None:
        """A page shows pushed values: a channel without puts has none."""
        assert store.since(CHANNEL, None) == Changes(None, ())
        assert store.since(CHANNEL, Position("gone", 3)).position is None
        assert store.heads([CHANNEL]) == {}

    def test_whole_state_has_newest_value_of_every_key(self, store: BaseStore) -> None:
        """Every page shows the newest value of every component, also one that was put long ago."""
        store.put(CHANNEL, {"a": "old", "b": "kept"})
        position = store.put(CHANNEL, {"a": "new"})
        changes = store.since(CHANNEL, None)
        assert changes.position == position
        assert values_by_key(changes) == {"a": "new", "b": "kept"}

    def test_since_position_returns_later_frames_only(self, store: BaseStore) -> None:
        """A page shows the newest values: it gets every frame that it has not got."""
        position = store.put(CHANNEL, {"a": "1", "b": "1"})
        head = store.put(CHANNEL, {"b": "2"})
        assert values_by_key(store.since(CHANNEL, position)) == {"b": "2"}
        assert store.since(CHANNEL, head)[:2] == (head, ())

    def test_values_put_together_have_one_version(self, store: BaseStore) -> None:
        """A page shows values together that were pushed together."""
        position = store.put(CHANNEL, {"a": "1", "b": "2", "c": "3"})
        frames = store.since(CHANNEL, None).frames
        assert {frame.version for frame in frames} == {position.version}

    def test_frames_ordered_by_version(self, store: BaseStore) -> None:
        """Versions on one connection never go backwards, within a batch either."""
        for key in "abcab":
            store.put(CHANNEL, {key: key})
        versions = [frame.version for frame in store.since(CHANNEL, None).frames]
        assert versions == sorted(versions)

    def test_position_of_other_epoch_gets_whole_state(self, store: BaseStore) -> None:
        """A page that knows an earlier epoch of the store shows the newest value, too."""
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position("another", head.version))
        assert (changes.position, values_by_key(changes)) == (head, {"a": "1"})

    def test_future_position_gets_whole_state(self, store: BaseStore) -> None:
        """A page ahead of a store that was restored from a backup shows the restored values."""
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position(head.epoch, head.version + 5))
        assert (changes.position, values_by_key(changes)) == (head, {"a": "1"})

    def test_store_wiped_starts_new_epoch(self, store: BaseStore, wipe: Callable[[], None]) -> None:
        """After data is lost, every page shows the newest pushed value."""
        before = store.put(CHANNEL, {"a": "1"})
        wipe()
        assert store.since(CHANNEL, before).position is None
        after = store.put(CHANNEL, {"a": "2"})
        assert after.epoch != before.epoch
        assert values_by_key(store.since(CHANNEL, before)) == {"a": "2"}

    def test_channels_are_separate(self, store: BaseStore) -> None:
        """Nobody receives a value of another channel."""
        store.put(CHANNEL, {"a": "1"})
        other = store.put("shop.staff", {"a": "secret"})
        assert values_by_key(store.since(CHANNEL, None)) == {"a": "1"}
        assert store.heads(["shop.staff", "shop.nothing"]) == {"shop.staff": other}

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a", "A"), ("e", "é"), ("ss", "ß"), ("ﬁ", "fi"), ("a:b", "a"), ("%", "_")],
    )
    def test_similar_names_are_separate(self, store: BaseStore, one: str, other: str) -> None:
        """Nobody receives a value of another channel, however similar the names are."""
        for channel in (one, other):
            store.put(channel, {one: f"{channel} {one}", other: f"{channel} {other}"})
            assert store.acquire_lease(channel, 60)
        for channel in (one, other):
            expected = {one: f"{channel} {one}", other: f"{channel} {other}"}
            assert values_by_key(store.since(channel, None)) == expected
        assert set(store.heads([one])) == {one}

    def test_heads_of_300_channels_read_together(self, store: BaseStore) -> None:
        """One read covers every open page, for any number of channels."""
        heads = {f"shop.orders.{n}": store.put(f"shop.orders.{n}", {"a": "1"}) for n in range(300)}
        assert store.heads(list(heads)) == heads
        assert store.heads([*heads, "shop.nothing"]) == heads
        assert store.heads([]) == {}

    def test_concurrent_puts_all_stored_and_read(self, store: BaseStore) -> None:
        """A page shows the newest value: no version appears below a position already read."""
        writers, puts = 6, 20
        done = threading.Event()

        def write(writer: int) -> list[Position]:
            return [store.put(CHANNEL, {f"key{writer}": str(n)}) for n in range(puts)]

        def read() -> dict[str, str]:
            state: dict[str, str] = {}
            position = None
            while True:
                is_last_read = done.is_set()
                changes = store.since(CHANNEL, position)
                if position and changes.position:
                    assert changes.position.version >= position.version
                state.update(values_by_key(changes))
                position = changes.position
                if is_last_read:
                    return state

        with ThreadPoolExecutor(writers + 2) as pool:
            readers = [pool.submit(call_and_close, read) for _ in range(2)]
            positions = [
                p
                for each in pool.map(lambda writer: call_and_close(write, writer), range(writers))
                for p in each
            ]
            done.set()
            states = [reader.result() for reader in readers]
        versions = sorted(position.version for position in positions)
        assert versions == list(range(1, writers * puts + 1))
        assert len({position.epoch for position in positions}) == 1
        assert states == [{f"key{writer}": str(puts - 1) for writer in range(writers)}] * 2

    def test_empty_put_increments_version(self, store: BaseStore) -> None:
        """An empty put shows readers that something happened."""
        before = store.put(CHANNEL, {"a": "1"})
        after = store.put(CHANNEL, {})
        assert (after.epoch, after.version) == (before.epoch, before.version + 1)
        assert store.since(CHANNEL, before) == Changes(after, (), store.since(CHANNEL, None).put_at)

    def test_forgotten_key_deleted_without_new_version(self, store: BaseStore) -> None:
        """No value is left of a component that was removed, and no page gets an update for that."""
        store.put(CHANNEL, {"gone": "1", "kept": "1", "s": Points("base", ["0", "1"], 5)})
        before = store.put(CHANNEL, {"gone": "2", "going": "1", "kept": "2"})
        store.forget(CHANNEL, ["gone", "s", "never"])
        store.forget("shop.nothing", ["gone"])
        changes = store.since(CHANNEL, None)
        assert (changes.position, values_by_key(changes)) == (before, {"going": "1", "kept": "2"})
        assert store.since(CHANNEL, before)[:2] == (before, ())
        assert store.heads([CHANNEL, "shop.nothing"]) == {CHANNEL: before}
        # A key put again starts a new series, from the first point on.
        after = store.put(CHANNEL, {"gone": "3", "s": Points("base", ["2"], 5)})
        assert (after.epoch, after.version) == (before.epoch, before.version + 1)
        changes = store.since(CHANNEL, before)
        assert points(changes, "gone") == [("3", 0)]
        assert points(changes) == [("base", 0), ("2", 1)]

    def test_put_at_is_time_of_last_put(self, store: BaseStore) -> None:
        """The delay of an update can be measured."""
        before = time.time()
        store.put(CHANNEL, {"a": "1"})
        assert before - 2 <= store.since(CHANNEL, None).put_at <= time.time() + 2

    async def test_async_methods_equal_sync_methods(self, store: BaseStore) -> None:
        """Open pages, which read asynchronously, and pages just loaded get the same values."""
        position = await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "1"})
        changes = await store.asince(CHANNEL, None)
        assert (changes.position, values_by_key(changes)) == (position, {"a": "1"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: position}
        later = await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "2"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: later}
