"""Functions for the cases."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from django.db import connections

from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.stores.notifications import ALL_CHANNELS
from dashboards.live.wire.frames import Points, encode_frames, page_html
from dashboards.live.wire.positions import Position

P = ParamSpec("P")
T = TypeVar("T")

CHANNEL = "shop.orders"


def values_by_key(changes: Changes) -> dict[str, str]:
    """Return the data of the changed frames, by key."""
    return {frame.key: frame.data for frame in changes.frames}


def points(changes: Changes, key: str = "s") -> list[tuple[str, int]]:
    """Return the data and numbers of a series' base and points."""
    return [(frame.data, frame.number) for frame in changes.frames if frame.key == key]


def assert_damage_repaired(
    store: BaseStore, damage: Callable[[], object], shows: str = "a b s"
) -> None:
    """Damage ``CHANNEL`` in a store, and assert that no more than necessary is lost.

    Args:
        store: the store.
        damage: damages the keys ``a`` or ``s``, or the channel.
        shows: the keys that can still be shown, at least in part.
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
        assert {"a": "2", "b": "2"}.items() <= values_by_key(changes).items()
        assert encode_frames(changes.frames, str(after))
    assert "6" in page_html(store.since(CHANNEL, None).frames)["s"]
    assert store.heads([CHANNEL]) == {CHANNEL: after}
    assert Position.parse(str(after)) == after
    known = (after.epoch, before.version) == (before.epoch, after.version - 3)
    assert known or after.epoch != before.epoch, "a version never stands for another"


def call_and_close(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread of a pool, and close the database connections that it opened."""
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


@contextlib.contextmanager
def run_writer(
    store_settings: dict[str, Any], puts: int, *keys: str
) -> Iterator[subprocess.Popen[str]]:
    """Put from another process, which is killed at the end."""
    command = [
        sys.executable,
        "-m",
        "dashboards.testing.store_writer",
        json.dumps(store_settings, default=str),
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
    """Receive a store's notifications except ``ALL_CHANNELS``, which may come at any time."""
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


async def wait_for_other_process(
    received: asyncio.Queue[str], store_settings: dict[str, Any]
) -> None:
    """Wait until a notification of another process arrives. Some may be lost before."""
    with run_writer(store_settings, 0, "elsewhere") as writer:
        assert writer.stdout
        assert await asyncio.to_thread(writer.stdout.readline), "the writer ended"
        # Notifications of earlier puts.
        while not received.empty():
            received.get_nowait()
        assert await asyncio.wait_for(received.get(), 20) == CHANNEL
