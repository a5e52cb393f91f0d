"""Cases of leases: a lease has one holder at a time."""

import time
from concurrent.futures import ThreadPoolExecutor

from dashboards.live.stores.base import BaseStore
from dashboards.testing.stores.helpers import (
    call_and_close,
)


class LeaseCases:
    """Cases of leases: a lease has one holder at a time."""

    def test_lease_has_one_holder_until_it_expires(self, store: BaseStore) -> None:
        """One process computes a value; after its death another one does."""
        with ThreadPoolExecutor(8) as pool:
            won = list(
                pool.map(lambda _: call_and_close(store.acquire_lease, "work", 0.5), range(8))
            )
        assert len([holder for holder in won if holder]) == 1
        assert store.acquire_lease("other work", 60)
        end = time.monotonic() + 5
        while not store.acquire_lease("work", 60):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert not store.acquire_lease("work", 60)

    def test_expired_lease_renewable_until_acquired_by_another(self, store: BaseStore) -> None:
        """A process that lost its lease does not store an older value last."""
        first = store.acquire_lease("work", 0.05)
        assert store.renew_lease("work", first, 0.05)
        end = time.monotonic() + 5
        while not (second := store.acquire_lease("work", 60)):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert not store.renew_lease("work", first, 60)
        assert store.renew_lease("work", second, 60)
        assert not store.renew_lease("never acquired", first, 60)

    def test_renewed_lease_not_acquired_by_another(self, store: BaseStore) -> None:
        """One process at a time computes a value, however long that takes."""
        holder = store.acquire_lease("work", 0.5)
        for _ in range(6):
            assert store.renew_lease("work", holder, 0.5)
            assert not store.acquire_lease("work", 60)
            time.sleep(0.1)

    def test_lease_completed_for_input_version_acquired_for_next(self, store: BaseStore) -> None:
        """A value is due again when its input version changes, and once for each version."""
        holder = store.acquire_lease("work", 60, "state 1")
        assert not store.acquire_lease("work", 60, "state 2"), "it is being done"
        assert store.renew_lease("work", holder, 60, "state 1")
        assert not store.acquire_lease("work", 60, "state 1"), "it is done"
        assert store.acquire_lease("work", 60, "state 2")
        assert not store.acquire_lease("work", 60, "state 3"), "it is being done"
