"""Computes live values, for hubs and for pages: one process at a time computes each.

The process that acquires the lease of a group computes it, in the threads of ``pool``. The results
that are ready within half a second are put in one version. A value that takes longer is put when it
is ready. Until then the lease is renewed, so that no other process begins the same value, and the
rest of the group is computed as usual. A value that does not return keeps its thread, and is not
begun again in this process.

A value that cannot be computed, or is later than it should be, gets a *state* in the store.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Collection, Sequence
from functools import partial

from django.db import connections

from dashboards.live.compute.batches import AwaitedBatch, Batch, Paces
from dashboards.live.compute.failures import Failures
from dashboards.live.compute.groups import ComputedValue, ComputeGroup, group_by_interval
from dashboards.live.compute.inline import compute_inline, must_run_inline
from dashboards.live.compute.leases import acquire_lease
from dashboards.live.compute.pool import POOL, QUICK_SECONDS, fresh_connections
from dashboards.live.compute.rounds import GroupLease, Key, Round, ValueRun
from dashboards.live.compute.supervisor import Supervisor
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points

_GRACE_SECONDS = 0.5
"""The seconds for which the values of one group wait for each other."""
_HANG_SECONDS = 10.0
"""Time after which a value that is still being computed is reported."""


class Producer:
    """Computes the live values of this process, for all of its hubs and request threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: in a process that was forked, the threads do not exist."""
        self._lock = threading.RLock()
        self._rounds: dict[Key, Round] = {}
        self._leases: dict[Key, GroupLease] = {}
        # Also of groups that nobody requests any more: a value that hangs is not begun again.
        self._busy: dict[Key, ValueRun] = {}
        self._batches: set[Batch | AwaitedBatch] = set()
        self._paces = Paces()
        self._failures = Failures()
        self._supervisor = Supervisor(self._lock, self._has_work, self._tick)

    # Called by hubs and pages.

    async def compute(self, store: BaseStore, channel: str, group: ComputeGroup) -> None:
        """Compute a group if it is due, and wait until the round is over.

        Raises:
            Exception: the store cannot be reached.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not over.done():
                over.set_result(None)

        def on_over() -> None:
            # The loop may have been closed: then nobody waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(end)

        with self._lock:
            round_ = self._join(store, channel, group) or self._open(store, channel, group)
            if round_ is None or round_.over.is_set():
                return
            round_.waiters += 1
            round_.on_over.append(on_over)
        try:
            await over
        finally:
            with self._lock:
                round_.waiters -= 1
        if round_.error is not None:
            raise round_.error

    def compute_due(
        self, store: BaseStore, channel: str, values: Collection[ComputedValue], seconds: float
    ) -> None:
        """Compute the values that are due and that no other process computes. Wait for them.

        Args:
            store: where leases are acquired and values are put.
            channel: the channel.
            values: all that may be due.
            seconds: how long to wait at most; the computing goes on. A later caller waits only for
                the rest of that time.

        Raises:
            StoreUnavailableError: the store cannot be reached.
            Exception: the store refuses a request.
        """
        if must_run_inline():
            store.reach(lambda: compute_inline(store, channel, values, self._failures))
            return
        # A lease that is acquired within the request's transaction blocks others until that ends.
        acquires_here = not any(
            each.in_atomic_block for each in connections.all(initialized_only=True)
        )
        waited_for: list[Round] = []
        begun: list[Round] = []
        for group in group_by_interval(values):
            with self._lock:
                round_ = self._join(store, channel, group)
                may_open = round_ is None and (store, channel, group.name) not in self._leases
                if may_open and not acquires_here:
                    round_ = self._open(store, channel, group)
            if may_open and acquires_here and self._idle_values(store, channel, group):
                now = store.clock.monotonic()
                if lease := store.reach(partial(acquire_lease, store, channel, group)):
                    round_ = Round(store, channel, group)
                    round_.acquired = lease, now
                    begun.append(round_)
            if round_ is not None:
                round_.is_kept = True
                waited_for.append(round_)
        for batch in self._start(begun):
            self._submit(batch)
        clock = store.clock
        end = clock.monotonic() + seconds
        for round_ in waited_for:
            until = min(end, round_.requested_at + seconds)
            round_.done.wait(max(0, until - clock.monotonic()))

    def _join(self, store: BaseStore, channel: str, group: ComputeGroup) -> Round | None:
        """Return the round of a group that is not over; begin one if our lease of it is due."""
        id_ = (store, channel, group.name)
        lease = self._leases.get(id_)
        now = store.clock.monotonic()
        if lease is not None:
            lease.requested_at = now
        if (round_ := self._rounds.get(id_)) is not None:
            return round_
        if lease is None or now < lease.began_at + group.fresh_seconds:
            return None
        return self._open(store, channel, group, lease)

    def _open(
        self, store: BaseStore, channel: str, group: ComputeGroup, lease: GroupLease | None = None
    ) -> Round | None:
        """Have a thread compute a group, which acquires a lease first unless there is one."""
        id_ = (store, channel, group.name)
        values = self._idle_values(store, channel, group)
        if not values or (lease is None and id_ in self._leases):
            return None
        round_ = Round(store, channel, group)
        round_.lease = lease
        self._rounds[id_] = round_
        self._supervisor.wake()
        is_trusted = self._paces.are_quick((store, channel, each.key) for each in values)
        POOL.submit(channel, lambda: self._acquire_and_run(round_), trusted=is_trusted)
        return round_

    def _idle_values(
        self, store: BaseStore, channel: str, group: ComputeGroup
    ) -> list[ComputedValue]:
        with self._lock:
            return [each for each in group.values if (store, channel, each.key) not in self._busy]

    # Runs in a thread of the pool.

    def _acquire_and_run(self, round_: Round) -> None:
        """Acquire the lease of a round unless there is one, and compute the round."""
        if round_.over.is_set():
            return
        if not round_.is_wanted:
            self._end(round_)
            return
        with fresh_connections():
            if round_.lease is None:
                try:
                    has_lease = round_.ensure_lease()
                except Exception as error:  # noqa: BLE001 - a store may raise anything
                    self._failures.report_store_error(round_, error)
                    self._end(round_, error)
                    return
                if not has_lease:
                    self._end(round_)
                    return
            batches = self._start([round_])
            for batch in batches[1:]:
                self._submit(batch)
            if batches:
                self._run(batches[0])

    def _start(self, rounds: Sequence[Round]) -> list[Batch | AwaitedBatch]:
        """Register what is computed, and return it in batches."""
        if not rounds:
            return []
        runs: list[ValueRun] = []
        with self._lock:
            for round_ in rounds:
                now = round_.store.clock.monotonic()
                lease = round_.lease
                if lease is None:
                    assert round_.acquired is not None  # noqa: S101 - for the type checker
                    lease = GroupLease(round_.group, *round_.acquired, now)
                    self._leases[round_.id] = round_.lease = lease
                lease.began_at = round_.began_at = now
                self._rounds[round_.id] = round_
                for value in round_.group.values:
                    run = self._busy.get((round_.store, round_.channel, value.key))
                    if run is not None:
                        # It began under a lease that was lost, and is not ready.
                        if run.round.lease is not None:
                            run.round.lease.runs.discard(run)
                        run.round.lease = lease
                    else:
                        run = ValueRun(round_, value)
                        self._busy[run.id] = run
                        round_.unfinished[value.key] = run
                        runs.append(run)
                    lease.runs.add(run)
            self._supervisor.wake()
            batches = self._paces.plan(runs)
        for round_ in rounds:
            if not round_.unfinished:
                self._flush(round_)
        return batches

    def _submit(self, batch: Batch | AwaitedBatch) -> None:
        is_quick = self._paces.are_quick(batch.ids)
        POOL.submit(batch.channel, lambda: self._run(batch), trusted=is_quick)

    def _run(self, batch: Batch | AwaitedBatch) -> None:
        with self._lock:
            self._batches.add(batch)
        try:
            with fresh_connections():
                batch.compute(self._done)
        finally:
            with self._lock:
                self._batches.discard(batch)

    def _done(
        self, run: ValueRun, result: str | Points | None, error: BaseException | None
    ) -> None:
        """Receive the result or the error of a value. Put it if the rest of its round is ready."""
        round_, key = run.round, run.value.key
        with self._lock:
            seconds = round_.store.clock.monotonic() - (run.began_at or 0.0)
            self._paces.note(run.id, is_quick=seconds < QUICK_SECONDS)
            round_.unfinished.pop(key, None)
            if error is not None or result is None:
                round_.errors[key] = error or TypeError("It rendered nothing.")
            else:
                round_.results[key] = result
            if round_.unfinished and not round_.is_flushed:
                return
        self._flush(round_)

    def _flush(self, round_: Round) -> None:
        """Put what is ready. From now on the rest of the round is put one by one."""
        with self._lock:
            results, round_.results = round_.results, {}
            errors, round_.errors = round_.errors, {}
            if not round_.is_flushed:
                METRICS.late += len(round_.unfinished)
            round_.is_flushed = True
            is_done = not round_.unfinished
            lease = round_.lease
            # Otherwise values of an earlier round still need the lease.
            is_last = lease is not None and all(
                run.round is round_ and run.value.key in {*results, *errors} for run in lease.runs
            )
        error: Exception | None = None
        try:
            if (results or errors) and lease and lease.check(round_.store):
                self._failures.put_outcome(round_, results, errors)
            if lease and errors:
                lease.has_failed = True
            if is_last and lease and not lease.is_lost:
                lease.complete(round_.store)
            self._failures.is_refusal_logged = False
        except Exception as raised:  # noqa: BLE001 - a store may raise anything
            error = raised
            self._failures.report_store_error(round_, raised)
        finally:
            with self._lock:
                for key in (*results, *errors):
                    run = self._busy.pop((round_.store, round_.channel, key), None)
                    if run is not None and run.round.lease is not None:
                        run.round.lease.runs.discard(run)
                if lease and not lease.runs and self._leases.get(round_.id) is lease:
                    del self._leases[round_.id]
            self._end(round_, error, is_done=is_done)

    def _end(self, round_: Round, error: Exception | None = None, *, is_done: bool = True) -> None:
        """Wake those who wait for a round: it is over."""
        if is_done:
            round_.done.set()
        with self._lock:
            if self._rounds.get(round_.id) is round_:
                del self._rounds[round_.id]
            if round_.over.is_set():
                return
            round_.error = error
            round_.over.set()
            callbacks, round_.on_over = round_.on_over, []
        for on_over in callbacks:
            on_over()

    # Called by the supervisor.

    def _has_work(self) -> bool:
        return bool(self._rounds or self._leases or self._batches)

    def _tick(self) -> None:
        with self._lock:
            rounds = tuple(self._rounds.values())
            leases = tuple(self._leases.items())
            batches = tuple(self._batches)
        for batch in batches:
            self._split(batch)
        POOL.report_if_blocked()
        for round_ in rounds:
            if round_.began_at and not round_.is_flushed:
                grace = min(_GRACE_SECONDS, round_.group.seconds / 2)
                if round_.store.clock.monotonic() - round_.began_at >= grace:
                    self._flush(round_)
            elif not round_.began_at and not round_.is_shown_late and round_.is_late:
                self._put_late_round(round_)
        for id_, lease in leases:
            self._supervise(id_, lease)

    def _split(self, batch: Batch | AwaitedBatch) -> None:
        """Give those that wait behind a slow value threads of their own."""
        blocked = batch.remove_blocked()
        if not blocked:
            return
        with self._lock:
            for run in blocked:
                run.began_at = None
            batches = self._paces.plan(blocked, apart=True)
        for each in batches:
            self._submit(each)

    def _put_late_round(self, round_: Round) -> None:
        """Show that values are late, if their round waits for a thread and no process has it."""
        round_.is_shown_late = True
        if not round_.is_wanted or round_.lease or not round_.ensure_lease():
            return
        since = round_.store.clock.time() - round_.waited
        for value in round_.group.values:
            self._failures.put_late(round_.store, round_.channel, value, since)

    def _supervise(self, id_: Key, lease: GroupLease) -> None:
        """Renew a lease, report values that hang, show which are late, and open the next round."""
        store, channel, _ = id_
        group, now = lease.group, store.clock.monotonic()
        with self._lock:
            runs = tuple(lease.runs)
        for run in runs:
            if run.began_at is not None and now - run.began_at > _HANG_SECONDS:
                self._failures.report_hang(run, now - run.began_at)
        is_wanted = now - lease.requested_at <= max(_HANG_SECONDS, 2 * group.seconds)
        if is_wanted and now - lease.renewed_at >= group.lease_seconds / 3:
            lease.renew(store)
        if lease.is_lost or not is_wanted:
            # Leave it to other processes: a value that hangs here must not stop the others.
            with self._lock:
                if self._leases.get(id_) is lease:
                    del self._leases[id_]
            return
        for run in runs:
            if not run.is_shown_late and run.round.is_late:
                run.is_shown_late = True
                since = store.clock.time() - run.round.waited
                self._failures.put_late(store, channel, run.value, since)
        with self._lock:
            is_due = group.debounce is None and now >= lease.began_at + group.seconds
            if is_due and id_ not in self._rounds and self._leases.get(id_) is lease:
                self._open(store, channel, group, lease)


PRODUCER = Producer()
"""The producer of this process."""

os.register_at_fork(after_in_child=PRODUCER.reset)
METRICS.count_waiting = lambda: POOL.waiting
METRICS.count_threads = lambda: POOL.threads
