"""The contracts: all cases of a store, and of a store that processes share."""

import asyncio
import contextlib
import random
import time
from typing import Any

from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.positions import Position
from dashboards.testing.stores.helpers import (
    CHANNEL,
    call_and_close,
    listening,
    run_writer,
    values_by_key,
    wait_for_other_process,
)
from dashboards.testing.stores.leases import LeaseCases
from dashboards.testing.stores.notifications import NotificationCases
from dashboards.testing.stores.series import SeriesCases
from dashboards.testing.stores.values import ValueCases
from dashboards.testing.stores.versions import VersionCases


class StoreContract(VersionCases, ValueCases, SeriesCases, LeaseCases, NotificationCases):
    """The cases of every store. A subclass provides the fixtures ``store`` and ``wipe``."""


class SharedStoreContract(StoreContract):
    """The cases of stores that processes share.

    A subclass also provides two fixtures. ``store_settings`` is what another process needs to reach
    the store: its entry in ``STORES``, and ``DATABASES`` if it needs any. ``twin`` is another
    instance on the same data, as another process has one.
    """

    async def test_put_notifies_other_processes(
        self, store: BaseStore, store_settings: dict[str, Any]
    ) -> None:
        """A put of any process is notified to all, so an open page shows the new value soon."""
        async with listening(store) as received:
            await wait_for_other_process(received, store_settings)

    async def test_notify_reaches_other_processes(
        self, store: BaseStore, twin: BaseStore, store_settings: dict[str, Any]
    ) -> None:
        """Every process is notified, so nobody receives values that they may no longer load."""
        async with listening(twin) as received:
            await wait_for_other_process(received, store_settings)
            await asyncio.to_thread(call_and_close, store.notify, "something")
            while await asyncio.wait_for(received.get(), 5) != "something":
                pass

    def test_concurrent_processes_get_distinct_versions_in_order(
        self, store: BaseStore, store_settings: dict[str, Any]
    ) -> None:
        """A page shows the newest value: puts of each process have distinct versions in order."""
        puts = 40
        with contextlib.ExitStack() as stack:
            writers = [
                stack.enter_context(run_writer(store_settings, puts, f"key{n}")) for n in range(3)
            ]
            printed = [writer.communicate(timeout=30)[0].split() for writer in writers]
        positions = [Position.parse(token) for tokens in printed for token in tokens]
        assert len({position.epoch for position in positions if position}) == 1
        versions = [position.version for position in positions if position]
        assert sorted(versions) == list(range(1, 3 * puts + 1))
        assert all(
            versions[n * puts : (n + 1) * puts] == sorted(versions[n * puts : (n + 1) * puts])
            for n in range(3)
        )
        assert values_by_key(store.since(CHANNEL, None)) == {
            f"key{n}": str(puts - 1) for n in range(3)
        }

    def test_process_killed_during_put_stores_nothing_of_it(
        self, store: BaseStore, store_settings: dict[str, Any]
    ) -> None:
        """Versions never go backwards, and values that were pushed together are shown together."""
        keys = [f"key{n}" for n in range(30)]
        for _ in range(4):
            with run_writer(store_settings, 100_000, *keys) as writer:
                assert writer.stdout
                last = ""
                # It is killed during the put that follows these.
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
            # The killed process does not prevent others from writing.
            assert store.put(CHANNEL, dict.fromkeys(keys, "alive")).version == head.version + 1
