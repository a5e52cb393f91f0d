"""Cases of leases: one process at a time does a piece of work."""

import time
from concurrent.futures import ThreadPoolExecutor

from dashboards.live.stores.base import BaseStore
from dashboards.testing.stores.helpers import (
    let_go,
)


class LeaseCases:
    """Cases of leases: one process at a time does a piece of work."""

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
