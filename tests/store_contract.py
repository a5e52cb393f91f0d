"""What every store promises, as tests: subclass it and give it a ``store``.

Each case guards a sentence of the promise: after any fault ends, every open page shows the newest
pushed value of every live component it may see; versions on one connection never go backwards.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import pytest
from django.db import connections

from dashboards.live.positions import Position
from dashboards.live.stores.base import BaseStore, Changes

P = ParamSpec("P")
T = TypeVar("T")

CHANNEL = "shop.orders"


def shown(changes: Changes) -> dict[str, str]:
    return {frame.key: frame.data for frame in changes.frames}


def let_go(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a thread of a pool, and close what database connections that opened."""
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


class StoreContract:
    """The cases. A subclass provides the fixtures ``store`` and ``wipe``."""

    def test_versions_grow_within_one_epoch(self, store: BaseStore):
        first, second = store.put(CHANNEL, {"a": "1"}), store.put(CHANNEL, {"b": "2"})
        assert first.epoch == second.epoch
        assert second.version == first.version + 1

    def test_a_channel_nobody_pushed_to_has_neither_position_nor_frames(self, store: BaseStore):
        assert store.since(CHANNEL, None) == Changes(None, ())
        assert store.since(CHANNEL, Position("gone", 3)).position is None
        assert store.heads([CHANNEL]) == {}

    def test_the_whole_state_is_the_newest_of_every_key(self, store: BaseStore):
        store.put(CHANNEL, {"a": "old", "b": "kept"})
        position = store.put(CHANNEL, {"a": "new"})
        changes = store.since(CHANNEL, None)
        assert changes.position == position
        assert shown(changes) == {"a": "new", "b": "kept"}

    def test_a_reader_gets_what_changed_after_it_and_nothing_else(self, store: BaseStore):
        position = store.put(CHANNEL, {"a": "1", "b": "1"})
        head = store.put(CHANNEL, {"b": "2"})
        assert shown(store.since(CHANNEL, position)) == {"b": "2"}
        assert store.since(CHANNEL, head) == Changes(head, ())

    def test_what_is_put_together_has_one_version(self, store: BaseStore):
        position = store.put(CHANNEL, {"a": "1", "b": "2", "c": "3"})
        frames = store.since(CHANNEL, None).frames
        assert {frame.version for frame in frames} == {position.version}

    def test_frames_come_oldest_first(self, store: BaseStore):
        for key in "abcab":
            store.put(CHANNEL, {key: key})
        versions = [frame.version for frame in store.since(CHANNEL, None).frames]
        assert versions == sorted(versions)

    def test_a_position_of_another_epoch_is_answered_with_the_whole(self, store: BaseStore):
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position("another", head.version))
        assert (changes.position, shown(changes)) == (head, {"a": "1"})

    def test_a_position_from_the_future_is_answered_with_the_whole(self, store: BaseStore):
        head = store.put(CHANNEL, {"a": "1"})
        changes = store.since(CHANNEL, Position(head.epoch, head.version + 5))
        assert (changes.position, shown(changes)) == (head, {"a": "1"})

    def test_a_wiped_store_begins_a_new_epoch(self, store: BaseStore, wipe: Callable[[], None]):
        before = store.put(CHANNEL, {"a": "1"})
        wipe()
        assert store.since(CHANNEL, before).position is None
        after = store.put(CHANNEL, {"a": "2"})
        assert after.epoch != before.epoch
        assert shown(store.since(CHANNEL, before)) == {"a": "2"}

    def test_channels_are_apart(self, store: BaseStore):
        store.put(CHANNEL, {"a": "1"})
        other = store.put("shop.staff", {"a": "secret"})
        assert shown(store.since(CHANNEL, None)) == {"a": "1"}
        assert store.heads(["shop.staff", "shop.nothing"]) == {"shop.staff": other}

    @pytest.mark.parametrize("data", ["", "\n", "a\r\nb\rc\n", "ünïcødé ☃ 😀", "x" * 300_000])
    def test_any_text_is_kept_as_it_is(self, store: BaseStore, data: str):
        store.put(CHANNEL, {"a": data})
        assert shown(store.since(CHANNEL, None)) == {"a": data}

    def test_concurrent_writers_lose_nothing_and_readers_miss_nothing(self, store: BaseStore):
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

    def test_a_claim_has_one_winner_until_it_ends(self, store: BaseStore):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda _: let_go(store.claim, "work", 0.5), range(8)))
        assert won.count(True) == 1
        assert store.claim("other work", 60)
        end = time.monotonic() + 5
        while not store.claim("work", 60):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert not store.claim("work", 60)

    async def test_the_twins_answer_alike(self, store: BaseStore):
        position = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
        changes = await store.asince(CHANNEL, None)
        assert (changes.position, shown(changes)) == (position, {"a": "1"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: position}
        later = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "2"})
        assert await store.aheads([CHANNEL]) == {CHANNEL: later}

    async def test_a_put_is_hinted_in_this_process(self, store: BaseStore):
        async with hearing(store) as heard:
            await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
            assert await asyncio.wait_for(heard.get(), 5) == CHANNEL


@contextlib.asynccontextmanager
async def hearing(store: BaseStore):
    """Hear a store's hints for a while."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(channel: str) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, channel)

    task = asyncio.create_task(store.hear(hear))
    await asyncio.sleep(0.1)  # until its sockets are bound
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
