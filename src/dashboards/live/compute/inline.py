"""Computes live values in the requesting thread, if other threads would not see its database.

So a test of a page needs no special setup: nothing is ever committed within Django's ``TestCase``.
"""

import contextlib
from collections.abc import Collection

from django.db import connections

from dashboards import conf
from dashboards.live.compute.awaiting import Together
from dashboards.live.compute.failures import Failures
from dashboards.live.compute.groups import ComputedValue, group_by_interval
from dashboards.live.compute.leases import acquire_lease
from dashboards.live.compute.pool import POOL
from dashboards.live.compute.rounds import GroupLease, Round
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points


def must_run_inline() -> bool:
    """Return True if other threads do not see the database as this one does.

    That is so within Django's ``TestCase``, whose transaction is never committed, and with a SQLite
    database in memory. A test that runs the pool's jobs in its own thread must not wait for them.
    """
    if POOL.executor is not None:
        return True
    for each in connections.all(initialized_only=True):
        if any(getattr(block, "_from_testcase", False) for block in each.atomic_blocks):
            return True
        if each.vendor == "sqlite" and each.is_in_memory_db():  # type: ignore[attr-defined]
            return True
    return False


def compute_inline(
    store: BaseStore, channel: str, values: Collection[ComputedValue], failures: Failures
) -> None:
    """Compute the values that are due and that no other process computes."""
    rounds: list[Round] = []
    for group in group_by_interval(values):
        now = store.clock.monotonic()
        if lease := acquire_lease(store, channel, group):
            round_ = Round(store, channel, group)
            round_.lease = GroupLease(group, lease, now, now)
            rounds.append(round_)
    failed = _await([value for round_ in rounds for value in round_.group.values])
    for round_ in rounds:
        results: dict[str, str | Points] = {}
        errors: dict[str, BaseException] = {}
        for value in round_.group.values:
            result, error = None, failed.get(value.key)
            if error is None:
                result, error = value.try_render()
            if error is None and result is not None:
                results[value.key] = result
            else:
                errors[value.key] = error or TypeError("It rendered nothing.")
        if round_.lease and round_.lease.check(store):
            failures.put_outcome(round_, results, errors)
            round_.lease.has_failed = bool(errors)
            round_.lease.complete(store)


def render_inline(store: BaseStore, channel: str, value: ComputedValue) -> str | Points | None:
    """Compute a value in this thread; ``None`` if it cannot be computed, which is logged."""
    result, error = value.try_render()
    if error is not None:
        # Only logged: its state was put when its lease was acquired.
        Failures().begin(store, channel, value, error)
    return result


def _await(values: Collection[ComputedValue]) -> dict[str, BaseException]:
    """Await together the values that are awaited. Return the errors by key."""
    reloaded: set[object] = set()
    failed: dict[str, BaseException] = {}
    coroutines = {}
    for value in values:
        # An error here is raised again when the value is rendered.
        with contextlib.suppress(Exception):
            if value.begin and (coroutine := value.begin(reloaded)):
                coroutines[value.key] = coroutine

    def done(key: str, error: BaseException | None) -> None:
        if error is not None:
            failed[key] = error

    if coroutines:
        Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS")).run(done)
    return failed
