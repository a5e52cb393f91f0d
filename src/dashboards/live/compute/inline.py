"""Computing live values in the thread that asks, where others would not see its database.

So a test of a page works as it stands: within Django's ``TestCase`` nothing is ever committed.
"""

import contextlib
import time
from collections.abc import Collection

from django.db import connections

from dashboards import conf
from dashboards.live.compute.awaiting import Together
from dashboards.live.compute.failures import Troubles, put_outcome, render
from dashboards.live.compute.rounds import Round, TurnLease
from dashboards.live.compute.triggers import ComputedValue, claim, group_by_interval
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points


def must_run_inline() -> bool:
    """Return True if other threads do not see the database as this one does.

    That is so within Django's ``TestCase``, whose transaction is never committed, and for a SQLite
    database in memory.
    """
    for each in connections.all(initialized_only=True):
        if any(getattr(block, "_from_testcase", False) for block in each.atomic_blocks):
            return True
        if each.vendor == "sqlite" and each.is_in_memory_db():  # type: ignore[attr-defined]
            return True
    return False


def produce_inline(
    store: BaseStore, channel: str, sources: Collection[ComputedValue], troubles: Troubles
) -> None:
    """Compute what is due, as far as nobody else does."""
    rounds: list[Round] = []
    for turn in group_by_interval(sources):
        at = time.monotonic()
        if claimed := claim(store, channel, turn):
            round_ = Round(store, channel, turn)
            round_.lease = TurnLease(turn, claimed, at, at)
            rounds.append(round_)
    failed = _await([source for round_ in rounds for source in round_.turn.sources])
    for round_ in rounds:
        results: dict[str, str | Points] = {}
        errors: dict[str, BaseException] = {}
        for source in round_.turn.sources:
            result, error = None, failed.get(source.key)
            if error is None:
                result, error = render(source)
            if error is None and result is not None:
                results[source.key] = result
            else:
                errors[source.key] = error or TypeError("It rendered nothing.")
        if round_.lease and round_.lease.is_held(store):
            put_outcome(round_, results, errors, troubles)
            round_.lease.settle(store)


def render_inline(store: BaseStore, channel: str, source: ComputedValue) -> str | Points | None:
    """Compute a value in this thread; ``None`` if it cannot be computed, which is logged."""
    result, error = render(source)
    if error is not None:
        # Its state was put when it was claimed: this is only logged.
        Troubles().fail(store, channel, source, error)
    return result


def _await(sources: Collection[ComputedValue]) -> dict[str, BaseException]:
    """Await together what is awaited, and return what it raised by key."""
    looked: set[object] = set()
    failed: dict[str, BaseException] = {}
    coroutines = {}
    for source in sources:
        # What raises here raises again where it is rendered.
        with contextlib.suppress(Exception):
            if source.begin and (coroutine := source.begin(looked)):
                coroutines[source.key] = coroutine

    def done(key: str, error: BaseException | None) -> None:
        if error is not None:
            failed[key] = error

    if coroutines:
        Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS")).run(done)
    return failed
