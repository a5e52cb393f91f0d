"""Computing live values, for hubs and for pages: one process at a time computes each.

Whoever claims a turn computes it, in the threads of ``pool``. What is ready within half a second
is put in one version. A value that takes longer is put when it is ready; until then the claim is
extended, so that no other process begins the same, and the rest of the turn goes on. A value that
does not return keeps its thread, and is not begun again in this process.

A value that cannot be computed, or is later than it should be, gets a *state* in the store.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from django.db import close_old_connections, connections

from dashboards import conf
from dashboards.live.compute.awaiting import Together
from dashboards.live.compute.failures import Troubles, put_outcome, render
from dashboards.live.compute.inline import must_run_inline, produce_inline
from dashboards.live.compute.pool import POOL, QUICK_SECONDS
from dashboards.live.compute.rounds import AwaitedBatch, Batch, Key, Paces, Round, TurnLease, Value
from dashboards.live.compute.triggers import ComputedValue, ComputeGroup, claim, group_by_interval
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points
from dashboards.live.workers import is_cancelled

logger = logging.getLogger("dashboards.live")

_TICK_SECONDS = 0.05
_IDLE_SECONDS = 5.0
_GRACE_SECONDS = 0.5
"""How long the values of one turn wait for each other."""
_SPLIT_SECONDS = 0.1
"""A value that takes longer is left alone in its thread; those behind it get others."""
_HANG_SECONDS = 10.0
"""Time after which a value that is still being computed is reported."""
_LATE_SECONDS = 2.0
"""A value is late after its interval, but not before this time."""
_CHANGE_SECONDS = 2.0
"""Time between two looks, should the hint of a change be lost."""


class Producer:
    """Computes the live values of this process, for all of its hubs and request threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: in a process that was forked, no thread of it exists."""
        self._lock = threading.RLock()
        self._rounds: dict[Key, Round] = {}
        self._leases: dict[Key, TurnLease] = {}
        # Also of turns that nobody follows any more: a value that hangs is not begun again.
        self._busy: dict[Key, Value] = {}
        self._batches: set[Batch | AwaitedBatch] = set()
        self._paces = Paces()
        self._troubles = Troubles()
        self._supervisor: threading.Thread | None = None
        self._active = threading.Event()
        self._in_trouble = False

    # What hubs and pages ask for.

    async def compute(self, store: BaseStore, channel: str, turn: ComputeGroup) -> None:
        """Compute a turn if it is due, and wait until the round is over.

        Raises:
            Exception: the store cannot be reached.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not over.done():
                over.set_result(None)

        def tell() -> None:
            # The loop may have closed meanwhile: then nobody waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(end)

        with self._lock:
            round_ = self._join(store, channel, turn) or self._open(store, channel, turn)
            if round_ is None or round_.over.is_set():
                return
            round_.waiters += 1
            round_.on_over.append(tell)
        try:
            await over
        finally:
            with self._lock:
                round_.waiters -= 1
        if round_.error is not None:
            raise round_.error

    def compute_due(
        self, store: BaseStore, channel: str, sources: Collection[ComputedValue], seconds: float
    ) -> None:
        """Compute what is due, as far as nobody else does, and wait for it.

        Args:
            store: where claims are made and values are put.
            channel: the channel.
            sources: all that may be due.
            seconds: how long to wait at most; the computing goes on. Whoever comes later waits
                only for what is left of that time.

        Raises:
            StoreUnavailableError: the store cannot be reached.
            Exception: what it refuses.
        """
        if must_run_inline():
            store.reach(lambda: produce_inline(store, channel, sources, self._troubles))
            return
        # A claim within the request's transaction would lock others out until it ends.
        is_claimed_here = not any(
            each.in_atomic_block for each in connections.all(initialized_only=True)
        )
        waited_for: list[Round] = []
        begun: list[Round] = []
        for turn in group_by_interval(sources):
            with self._lock:
                round_ = self._join(store, channel, turn)
                may_open = round_ is None and (store, channel, turn.name) not in self._leases
                if may_open and not is_claimed_here:
                    round_ = self._open(store, channel, turn)
            if may_open and is_claimed_here and self._free_sources(store, channel, turn):
                at = time.monotonic()
                if claimed := store.reach(partial(claim, store, channel, turn)):
                    round_ = Round(store, channel, turn)
                    round_.claimed = claimed, at
                    begun.append(round_)
            if round_ is not None:
                round_.is_kept = True
                waited_for.append(round_)
        for batch in self._start(begun):
            self._submit(batch)
        now = time.monotonic()
        end = now + seconds
        for round_ in waited_for:
            round_.done.wait(max(0, min(end, round_.asked_at + seconds) - time.monotonic()))

    def _join(self, store: BaseStore, channel: str, turn: ComputeGroup) -> Round | None:
        """Return the round of a turn that is not over; begin one where its lease is ours."""
        id_ = (store, channel, turn.name)
        lease = self._leases.get(id_)
        now = time.monotonic()
        if lease is not None:
            lease.asked_at = now
        if (round_ := self._rounds.get(id_)) is not None:
            return round_
        if lease is None or now < lease.began_at + turn.fresh_seconds:
            return None
        return self._open(store, channel, turn, lease)

    def _open(
        self, store: BaseStore, channel: str, turn: ComputeGroup, lease: TurnLease | None = None
    ) -> Round | None:
        """Have a thread claim a turn, unless ours, and compute it."""
        id_ = (store, channel, turn.name)
        sources = self._free_sources(store, channel, turn)
        if not sources or (lease is None and id_ in self._leases):
            return None
        round_ = Round(store, channel, turn)
        round_.lease = lease
        self._rounds[id_] = round_
        self._watch()
        is_trusted = self._paces.are_quick((store, channel, each.key) for each in sources)
        POOL.submit(channel, lambda: self._claim(round_), trusted=is_trusted)
        return round_

    def _free_sources(
        self, store: BaseStore, channel: str, turn: ComputeGroup
    ) -> list[ComputedValue]:
        with self._lock:
            return [each for each in turn.sources if (store, channel, each.key) not in self._busy]

    # What runs in a thread of the pool.

    def _claim(self, round_: Round) -> None:
        """Claim the turn of a round and compute it."""
        if round_.over.is_set():
            return
        if not self._is_wanted(round_):
            self._end(round_)
            return
        with _fresh_connections():
            if round_.lease is None:
                try:
                    is_package_template = self._take_claim(round_)
                except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                    self._trouble(round_, error)
                    self._end(round_, error)
                    return
                if not is_package_template:
                    self._end(round_)
                    return
            batches = self._start([round_])
            for batch in batches[1:]:
                self._submit(batch)
            for batch in batches[:1]:
                self._run(batch)

    def _is_wanted(self, round_: Round) -> bool:
        return bool(round_.waiters or round_.is_kept or round_.lease)

    def _take_claim(self, round_: Round) -> bool:
        store, turn = round_.store, round_.turn
        at = time.monotonic()
        if round_.claimed is not None:
            claimed, since = round_.claimed
            if turn.is_surely_held(at - since) or store.hold(
                claimed.name, claimed.holder, turn.claim_seconds
            ):
                round_.claimed = claimed, at
                return True
        found = claim(store, round_.channel, turn)
        round_.claimed = (found, at) if found else None
        return found is not None

    def _start(self, rounds: Sequence[Round]) -> list[Batch | AwaitedBatch]:
        """Register what is computed, and return it in batches."""
        if not rounds:
            return []
        values: list[Value] = []
        with self._lock:
            now = time.monotonic()
            for round_ in rounds:
                lease = round_.lease
                if lease is None:
                    assert round_.claimed is not None  # noqa: S101 - for the type checker
                    claimed, at = round_.claimed
                    lease = TurnLease(round_.turn, claimed, at, now)
                    self._leases[round_.id] = round_.lease = lease
                lease.began_at = round_.began_at = now
                self._rounds[round_.id] = round_
                for source in round_.turn.sources:
                    value = self._busy.get((round_.store, round_.channel, source.key))
                    if value is not None:
                        # Not ready since a lease that we have lost, and is ours again.
                        if value.round.lease is not None:
                            value.round.lease.values.discard(value)
                        value.round.lease = lease
                    else:
                        value = Value(round_, source)
                        self._busy[value.id] = value
                        round_.unfinished[source.key] = value
                        values.append(value)
                    lease.values.add(value)
            self._watch()
            batches = self._paces.plan(values)
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
            with _fresh_connections():
                if isinstance(batch, Batch):
                    self._drain(batch)
                else:
                    self._await(batch)
        finally:
            with self._lock:
                self._batches.discard(batch)

    def _drain(self, batch: Batch) -> None:
        looked: set[object] = set()
        while True:
            with self._lock:
                if not batch.pending:
                    batch.current = None
                    return
                batch.current = value = batch.pending.popleft()
                value.began_at = time.monotonic()
            self._done(value, *render(value.source, looked))

    def _await(self, batch: AwaitedBatch) -> None:
        coroutines = {}
        looked: set[object] = set()
        batch.began_at = now = time.monotonic()
        for key, value in tuple(batch.values.items()):
            value.began_at = now
            try:
                assert value.source.begin is not None  # noqa: S101 - for the type checker
                coroutine = value.source.begin(looked)
            except BaseException as error:  # noqa: BLE001 - it is of somebody else's code
                self._done(value, None, error)
                continue
            if coroutine is None:
                self._done(value, *render(value.source, None))
            else:
                coroutines[key] = coroutine
        if not coroutines:
            return

        def done(key: str, error: BaseException | None) -> None:
            value = batch.values[key]
            if value in batch.moved:
                return
            if error is not None:
                self._done(value, None, error)
            else:
                self._done(value, *render(value.source, None))

        batch.together = Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS"))
        batch.together.run(done)

    def _done(self, value: Value, result: str | Points | None, error: BaseException | None) -> None:
        """Take in what came of a value."""
        round_, key = value.round, value.source.key
        with self._lock:
            began = value.began_at or 0.0
            self._paces.note(value.id, is_quick=time.monotonic() - began < QUICK_SECONDS)
            round_.unfinished.pop(key, None)
            if error is not None or result is None:
                round_.errors[key] = error or TypeError("It rendered nothing.")
            else:
                round_.results[key] = result
            if round_.unfinished and not round_.is_flushed:
                return
        self._flush(round_)

    def _flush(self, round_: Round) -> None:
        """Put what is ready; from here on the rest of the round is put one by one."""
        with self._lock:
            results, round_.results = round_.results, {}
            errors, round_.errors = round_.errors, {}
            if not round_.is_flushed:
                METRICS.late += len(round_.unfinished)
            round_.is_flushed = True
            is_done = not round_.unfinished
            lease = round_.lease
            # Else the claim goes on, for values of an earlier round.
            is_last = lease is not None and all(
                value.round is round_ and value.source.key in {*results, *errors}
                for value in lease.values
            )
        error: Exception | None = None
        try:
            if (results or errors) and lease and lease.is_held(round_.store):
                put_outcome(round_, results, errors, self._troubles)
            if is_last and lease and not lease.is_lost:
                lease.settle(round_.store)
            self._in_trouble = False
        except Exception as raised:  # noqa: BLE001 - a store may fail in its own ways
            error = raised
            self._trouble(round_, raised)
        finally:
            with self._lock:
                for key in (*results, *errors):
                    value = self._busy.pop((round_.store, round_.channel, key), None)
                    if value is not None and value.round.lease is not None:
                        value.round.lease.values.discard(value)
                if lease and not lease.values and self._leases.get(round_.id) is lease:
                    del self._leases[round_.id]
            self._end(round_, error, is_done=is_done)

    def _end(self, round_: Round, error: Exception | None = None, *, is_done: bool = True) -> None:
        """Tell those who wait for a round that it is over."""
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
        for tell in callbacks:
            tell()

    def _trouble(self, round_: Round, error: Exception) -> None:
        """Report a store that fails, unless a hub waits for the round: it finds out and reports."""
        if round_.on_over:
            return
        if round_.store.is_unavailable(error):
            round_.store.outage.begin(error)
        elif not self._in_trouble:
            self._in_trouble = True
            logger.error(
                "The store of live state refuses what was computed of %r.",
                round_.channel,
                exc_info=error,
                extra={"event": "store_refused", "channel": round_.channel},
            )

    # What has to be seen to in time.

    def _watch(self) -> None:
        self._active.set()
        # A thread that ended with its process's fork is not alive.
        if self._supervisor is None or not self._supervisor.is_alive():
            self._supervisor = threading.Thread(
                target=self._supervise, name="dashboards-supervisor", daemon=True
            )
            self._supervisor.start()

    def _supervise(self) -> None:
        """Look after what is being computed; end after some seconds without any."""
        try:
            while True:
                with self._lock:
                    if not (self._rounds or self._leases or self._batches):
                        self._active.clear()
                if not self._active.wait(_IDLE_SECONDS):
                    with self._lock:
                        if not self._active.is_set():
                            self._supervisor = None
                            return
                time.sleep(_TICK_SECONDS)
                try:
                    self._tick()
                except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                    close_old_connections()
                    logger.debug("Live values could not be looked after: %r", error)
        finally:
            connections.close_all()

    def _tick(self) -> None:
        now = time.monotonic()
        with self._lock:
            rounds = tuple(self._rounds.values())
            leases = tuple(self._leases.items())
            batches = tuple(self._batches)
        for batch in batches:
            self._split(batch, now)
        POOL.report_if_blocked()
        for round_ in rounds:
            grace = min(_GRACE_SECONDS, round_.turn.seconds / 2)
            if round_.began_at and not round_.is_flushed and now - round_.began_at >= grace:
                self._flush(round_)
            elif not round_.began_at and not round_.is_told_late and self._is_late(round_, now):
                self._claim_late(round_)
        for id_, lease in leases:
            self._look_after(id_, lease, now)
        close_old_connections()

    def _is_late(self, round_: Round, now: float) -> bool:
        turn = round_.turn
        interval = turn.seconds if turn.debounce is None else turn.debounce
        return now - round_.asked_at >= max(interval, _LATE_SECONDS)

    def _split(self, batch: Batch | AwaitedBatch, now: float) -> None:
        """Give those that wait behind a slow value threads of their own."""
        blocking: str | None = None
        if isinstance(batch, AwaitedBatch):
            if batch.together is None or batch.moved or now - batch.began_at < _GRACE_SECONDS:
                return
            blocking = batch.together.find_blocking(_TICK_SECONDS)
        moved: list[Value] = []
        with self._lock:
            if blocking is not None and isinstance(batch, AwaitedBatch):
                moved = [
                    value
                    for key, value in batch.values.items()
                    if key != blocking and value.source.key in value.round.unfinished
                ]
                batch.moved.update(moved)
            elif isinstance(batch, Batch) and batch.is_held_up(now, _SPLIT_SECONDS):
                moved = list(batch.pending)
                batch.pending.clear()
            for value in moved:
                value.began_at = None
            batches = self._paces.plan(moved, apart=True)
        for each in batches:
            self._submit(each)

    def _claim_late(self, round_: Round) -> None:
        """Say that values are late, where their round waits for a thread and no process has it."""
        round_.is_told_late = True
        if not self._is_wanted(round_) or round_.lease or not self._take_claim(round_):
            return
        since = time.time() - (time.monotonic() - round_.asked_at)
        for source in round_.turn.sources:
            self._troubles.tell_late(round_.store, round_.channel, source, since)

    def _look_after(self, id_: Key, lease: TurnLease, now: float) -> None:
        """Extend a claim, report what hangs, say what is late, and begin the next round."""
        store, channel, _ = id_
        turn = lease.turn
        with self._lock:
            values = tuple(lease.values)
        for value in values:
            if value.began_at is not None and now - value.began_at > _HANG_SECONDS:
                self._troubles.report_hang(value, now - value.began_at)
        is_wanted = now - lease.asked_at <= max(_HANG_SECONDS, 2 * turn.seconds)
        if is_wanted and now - lease.renewed_at >= turn.claim_seconds / 3:
            lease.renew(store)
        if lease.is_lost or not is_wanted:
            # Let others have it: what hangs here must not keep the rest from being computed.
            with self._lock:
                if self._leases.get(id_) is lease:
                    del self._leases[id_]
            return
        for value in values:
            if not value.is_told_late and self._is_late(value.round, now):
                value.is_told_late = True
                since = time.time() - (now - value.round.asked_at)
                self._troubles.tell_late(store, channel, value.source, since)
        with self._lock:
            is_due = turn.debounce is None and now >= lease.began_at + turn.seconds
            if is_due and id_ not in self._rounds and self._leases.get(id_) is lease:
                self._open(store, channel, turn, lease)


PRODUCER = Producer()
"""This process's."""

os.register_at_fork(after_in_child=PRODUCER.reset)
METRICS.count_waiting = lambda: POOL.waiting
METRICS.count_threads = lambda: POOL.threads


async def follow_turn(
    store: BaseStore,
    channel: str,
    turn: ComputeGroup,
    changed: asyncio.Event,
    trouble: Callable[[Exception], None],
) -> None:
    """Compute a turn whenever it is due, until cancelled.

    Args:
        store: where claims are made and values are put.
        channel: the channel it belongs to.
        turn: what is computed.
        changed: set where a turn that waits for changes shall look.
        trouble: told when the store fails.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not is_cancelled():
        changed.clear()
        due = max(due + turn.seconds, loop.time())
        try:
            await PRODUCER.compute(store, channel, turn)
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            trouble(error)
        if turn.debounce is None:
            METRICS.skipped += max(0, int((loop.time() - due) / turn.seconds))
            await asyncio.sleep(due - loop.time())
        else:
            await asyncio.sleep(turn.debounce)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _CHANGE_SECONDS)


@contextlib.contextmanager
def _fresh_connections() -> Iterator[None]:
    """Treat a thread's database connections as a request treats them."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
