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
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import close_old_connections, connections

from dashboards import conf
from dashboards.live.awaiting import Together
from dashboards.live.frames import Points
from dashboards.live.metrics import METRICS
from dashboards.live.pool import POOL, QUICK_SECONDS
from dashboards.live.positions import Position
from dashboards.live.states import State, current_states, state_event
from dashboards.live.stores.base import BaseStore
from dashboards.live.triggers import Claim, Source, Turn, claim, turns
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
_MAX_REMEMBERED = 10_000
"""How many values' paces, and troubles, are remembered."""
_MARK = re.compile(r"<!--(late|failed) (\d+)-->\Z")
"""Ends a state's HTML: which state it is and since when, for whoever continues it."""

_Key = tuple[BaseStore, str, str]
"""Store, channel, and the key of a source or the name of a turn."""


@dataclass(eq=False, slots=True)
class _Lease:
    """A claim on a turn, for as long as any of its values is being computed."""

    turn: Turn
    claim: Claim
    renewed_at: float
    asked_at: float
    """When a hub or a page last wanted the turn."""
    began_at: float = 0.0
    values: "set[_Value]" = field(default_factory=set)
    is_lost: bool = False
    """True if somebody else has taken over: what comes now is old."""
    is_renewed: bool = False


@dataclass(eq=False, slots=True)
class _Value:
    """A value that is being computed."""

    round: "Round"
    source: Source
    began_at: float | None = None
    """``None`` while it waits for a thread."""
    is_told_late: bool = False
    is_reported: bool = False

    @property
    def id(self) -> _Key:
        return self.round.store, self.round.channel, self.source.key


class Round:
    """One computing of a turn. It is over when all values are put, or after half a second.

    Args:
        store: where the turn is claimed and its values are put.
        channel: its channel.
        turn: what is computed.
    """

    def __init__(self, store: BaseStore, channel: str, turn: Turn) -> None:
        self.store = store
        self.channel = channel
        self.turn = turn
        self.asked_at = time.monotonic()
        self.began_at = 0.0
        self.lease: _Lease | None = None
        self.waiters = 0
        self.is_kept = False
        """True if it is computed though nobody waits for it: a page has asked."""
        self.claimed: tuple[Claim, float] | None = None
        """A claim, and when it was made, by who has not begun to compute."""
        self.is_told_late = False
        self.unfinished: dict[str, _Value] = {}
        self.results: dict[str, str | Points] = {}
        self.errors: dict[str, BaseException] = {}
        self.is_flushed = False
        self.error: Exception | None = None
        self.over = threading.Event()
        self.on_over: list[Callable[[], None]] = []

    @property
    def id(self) -> _Key:
        """What it is of."""
        return self.store, self.channel, self.turn.name


class _Batch:
    """Values that are computed one after the other in one thread: one hop for all of them."""

    def __init__(self, values: Iterable[_Value]) -> None:
        self.pending = deque(values)
        self.current: _Value | None = None


class _AwaitedBatch:
    """Values that are awaited together."""

    def __init__(self, values: Iterable[_Value]) -> None:
        self.values = {value.source.key + str(id(value)): value for value in values}
        self.together: Together | None = None
        self.began_at = 0.0
        self.moved: set[_Value] = set()
        """Those that were given threads of their own, for another blocks the event loop."""


@dataclass(slots=True)
class _Episode:
    """A value's trouble, from the first failure until the next success."""

    failed_since: float = 0.0
    shown: State = "fresh"
    """Which state this process has put, or found, in the store."""
    at: Position | None = None
    """Up to where the channel was read for it."""
    text: str = ""
    count: int = 0
    is_hung: bool = False


class _Job(NamedTuple):
    run: Callable[[], None]
    channel: str
    trusted: bool


class Producer:
    """Computes the live values of this process, for all of its hubs and request threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: in a process that was forked, no thread of it exists."""
        self._lock = threading.RLock()
        self._rounds: dict[_Key, Round] = {}
        self._leases: dict[_Key, _Lease] = {}
        # Also of turns that nobody follows any more: a value that hangs is not begun again.
        self._busy: dict[_Key, _Value] = {}
        self._batches: set[_Batch | _AwaitedBatch] = set()
        self._paces: OrderedDict[_Key, bool] = OrderedDict()
        self._episodes: OrderedDict[_Key, _Episode] = OrderedDict()
        self._supervisor: threading.Thread | None = None
        self._active = threading.Event()
        self._in_trouble = False

    # What hubs and pages ask for.

    async def compute(self, store: BaseStore, channel: str, turn: Turn) -> None:
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

    def produce_due(
        self, store: BaseStore, channel: str, sources: Collection[Source], seconds: float
    ) -> None:
        """Compute what is due, as far as nobody else does, and wait for it.

        Args:
            store: where claims are made and values are put.
            channel: the channel.
            sources: all that may be due.
            seconds: how long to wait at most; the computing goes on. Whoever comes later waits
                only for what is left of that time.

        Raises:
            Exception: the store cannot be reached.
        """
        if must_run_inline():
            self._produce_inline(store, channel, sources)
            return
        # A claim within the request's transaction would lock others out until it ends.
        is_claimed_here = not any(
            each.in_atomic_block for each in connections.all(initialized_only=True)
        )
        waited_for: list[Round] = []
        begun: list[Round] = []
        for turn in turns(sources):
            with self._lock:
                round_ = self._join(store, channel, turn)
                may_open = round_ is None and (store, channel, turn.name) not in self._leases
                if may_open and not is_claimed_here:
                    round_ = self._open(store, channel, turn)
            if may_open and is_claimed_here and self._free_sources(store, channel, turn):
                at = time.monotonic()
                if claimed := claim(store, channel, turn):
                    round_ = Round(store, channel, turn)
                    round_.claimed = claimed, at
                    begun.append(round_)
            if round_ is not None:
                round_.is_kept = True
                waited_for.append(round_)
        for job in self._start(begun):
            POOL.submit(job.channel, job.run, trusted=job.trusted)
        now = time.monotonic()
        end = now + seconds
        for round_ in waited_for:
            round_.over.wait(max(0, min(end, round_.asked_at + seconds) - time.monotonic()))

    def _join(self, store: BaseStore, channel: str, turn: Turn) -> Round | None:
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
        self, store: BaseStore, channel: str, turn: Turn, lease: _Lease | None = None
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
        is_trusted = all(self._paces.get((store, channel, each.key), False) for each in sources)
        POOL.submit(channel, lambda: self._claim(round_), trusted=is_trusted)
        return round_

    def _free_sources(self, store: BaseStore, channel: str, turn: Turn) -> list[Source]:
        with self._lock:
            return [
                each for each in turn.sources if (store, channel, each.key) not in self._busy
            ]

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
                    is_ours = self._take_claim(round_)
                except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                    self._trouble(round_, error)
                    self._end(round_, error)
                    return
                if not is_ours:
                    self._end(round_)
                    return
            jobs = self._start([round_])
            for job in jobs[1:]:
                POOL.submit(job.channel, job.run, trusted=job.trusted)
            for job in jobs[:1]:
                job.run()

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

    def _start(self, rounds: Sequence[Round]) -> list[_Job]:
        """Register what is computed and plan in which jobs."""
        if not rounds:
            return []
        values: list[_Value] = []
        with self._lock:
            now = time.monotonic()
            for round_ in rounds:
                lease = round_.lease
                if lease is None:
                    assert round_.claimed is not None  # noqa: S101 - for the type checker
                    claimed, at = round_.claimed
                    lease = _Lease(round_.turn, claimed, at, now)
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
                        value = _Value(round_, source)
                        self._busy[value.id] = value
                        round_.unfinished[source.key] = value
                        values.append(value)
                    lease.values.add(value)
            self._watch()
            jobs = self._plan(values)
        for round_ in rounds:
            if not round_.unfinished:
                self._flush(round_)
        return jobs

    def _plan(self, values: Iterable[_Value], *, apart: bool = False) -> list[_Job]:
        """Divide values into jobs.

        Args:
            values: the values.
            apart: whether something held them up: what is not known to be quick stays single.
        """
        quick: list[_Value] = []
        unknown: list[_Value] = []
        awaited: list[_Value] = []
        batches: list[_Batch | _AwaitedBatch] = []
        for value in values:
            pace = self._paces.get(value.id)
            is_single = pace is False or (apart and pace is None)
            if value.source.is_awaited:
                if is_single:
                    batches.append(_AwaitedBatch([value]))
                else:
                    awaited.append(value)
            elif is_single:
                batches.append(_Batch([value]))
            else:
                (quick if pace else unknown).append(value)
        batches[:0] = [_Batch(group) for group in (quick, unknown) if group]
        if awaited:
            batches.insert(0, _AwaitedBatch(awaited))
        jobs = []
        for batch in batches:
            its = batch.pending if isinstance(batch, _Batch) else batch.values.values()
            channel = next(iter(its)).round.channel
            trusted = all(self._paces.get(value.id, False) for value in its)
            jobs.append(_Job(self._runner(batch), channel, trusted))
        return jobs

    def _runner(self, batch: _Batch | _AwaitedBatch) -> Callable[[], None]:
        def run() -> None:
            with self._lock:
                self._batches.add(batch)
            try:
                with _fresh_connections():
                    if isinstance(batch, _Batch):
                        self._drain(batch)
                    else:
                        self._await(batch)
            finally:
                with self._lock:
                    self._batches.discard(batch)

        return run

    def _drain(self, batch: _Batch) -> None:
        looked: set[object] = set()
        while True:
            with self._lock:
                if not batch.pending:
                    batch.current = None
                    return
                batch.current = value = batch.pending.popleft()
                value.began_at = time.monotonic()
            self._done(value, *_render(value.source, looked))

    def _await(self, batch: _AwaitedBatch) -> None:
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
                self._done(value, *_render(value.source, None))
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
                self._done(value, *_render(value.source, None))

        batch.together = Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS"))
        batch.together.run(done)

    def _done(
        self, value: _Value, result: str | Points | None, error: BaseException | None
    ) -> None:
        """Take in what came of a value."""
        round_, key = value.round, value.source.key
        with self._lock:
            began = value.began_at or 0.0
            self._paces[value.id] = time.monotonic() - began < QUICK_SECONDS
            self._paces.move_to_end(value.id)
            if len(self._paces) > _MAX_REMEMBERED:
                self._paces.popitem(last=False)
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
        error: Exception | None = None
        try:
            if (results or errors) and lease and self._is_held(round_.store, lease):
                self._put(round_, results, errors)
            if is_done and lease and not lease.is_lost:
                self._settle(round_.store, lease)
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
            self._end(round_, error)

    def _is_held(self, store: BaseStore, lease: _Lease) -> bool:
        now = time.monotonic()
        if not lease.is_lost and not lease.turn.is_surely_held(now - lease.renewed_at):
            self._renew(store, lease)
        return not lease.is_lost

    def _renew(self, store: BaseStore, lease: _Lease) -> None:
        now, claimed = time.monotonic(), lease.claim
        if store.hold(claimed.name, claimed.holder, lease.turn.claim_seconds):
            lease.renewed_at, lease.is_renewed = now, True
        else:
            lease.is_lost = True

    def _settle(self, store: BaseStore, lease: _Lease) -> None:
        """Say that a turn is computed, and for how long."""
        turn, claimed = lease.turn, lease.claim
        if turn.topics:
            store.hold(claimed.name, claimed.holder, turn.fresh_seconds, claimed.stamp)
        elif lease.is_renewed:
            left = lease.began_at + turn.seconds - time.monotonic()
            store.hold(claimed.name, claimed.holder, max(left, 0))

    def _end(self, round_: Round, error: Exception | None = None) -> None:
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
        """Report once that the store does not answer, where no hub waits that reports it."""
        if not self._in_trouble and not round_.on_over:
            self._in_trouble = True
            logger.error(
                "The store of live state does not take computed values.",
                exc_info=error,
                extra={"event": "store fails", "channel": round_.channel},
            )

    # What is put.

    def _put(
        self,
        round_: Round,
        results: Mapping[str, str | Points],
        errors: Mapping[str, BaseException],
    ) -> None:
        store, channel = round_.store, round_.channel
        refused: Mapping[str, BaseException] = {}
        if results:
            refused = store.put_each(channel, results)
        METRICS.computed += len(results) - len(refused)
        failed = {**errors, **refused}
        METRICS.failed += len(failed)
        sources = {each.key: each for each in round_.turn.sources}
        for key in results:
            if key not in refused and self._episodes:
                self._recover(store, channel, key)
        for key, error in failed.items():
            self._fail(store, channel, sources[key], error)

    def _recover(self, store: BaseStore, channel: str, key: str) -> None:
        """End a value's trouble: its frame is newer than its state."""
        episode = self._episodes.pop((store, channel, key), None)
        if episode is None or not (episode.count or episode.is_hung):
            return
        logger.warning(
            "The live value of %r on %r is computed again, after %d failures.",
            key,
            channel,
            episode.count,
            extra={"event": "value recovered", "channel": channel, "key": key},
        )

    def _fail(
        self, store: BaseStore, channel: str, source: Source, error: BaseException
    ) -> None:
        """Log a failure, unless the last was the same, and show it in the value's box."""
        key = source.key
        episode = self._episode((store, channel, key))
        episode.count += 1
        text = f"{type(error).__name__}: {error}"
        if text != episode.text:
            episode.text = text
            logger.error(
                "The live value of %r on %r failed.",
                key,
                channel,
                exc_info=error,
                extra={"event": "value failed", "channel": channel, "key": key},
            )
        if source.render_state is None:
            return
        self._read_state(store, channel, key, episode)
        episode.failed_since = episode.failed_since or time.time()
        if episode.shown != "failed":
            self._put_state(store, channel, source, episode, "failed", episode.failed_since)

    def _episode(self, id_: _Key) -> _Episode:
        with self._lock:
            episode = self._episodes.setdefault(id_, _Episode())
            if len(self._episodes) > _MAX_REMEMBERED:
                self._episodes.popitem(last=False)
        return episode

    def _read_state(self, store: BaseStore, channel: str, key: str, episode: _Episode) -> None:
        """Take in what other processes put: another state, or a value, which ends a failure."""
        changes = store.since(channel, episode.at)
        is_whole = not (episode.at and changes.position and changes.position.knows(episode.at))
        episode.at = changes.position
        frames = [each for each in changes.frames if each.key in {key, state_event(key)}]
        if not frames and not is_whole:
            return
        html = current_states(frames).get(key)
        if html is None:
            episode.shown, episode.failed_since = "fresh", 0.0
        elif mark := _MARK.search(html):
            episode.shown = "late" if mark[1] == "late" else "failed"
            if episode.shown == "failed":
                episode.failed_since = float(mark[2])

    def _tell_late(self, store: BaseStore, channel: str, source: Source, since: float) -> None:
        """Show in a value's box that it is older than it should be."""
        if source.render_state is None:
            return
        episode = self._episode((store, channel, source.key))
        self._put_state(store, channel, source, episode, "late", since)

    def _put_state(
        self,
        store: BaseStore,
        channel: str,
        source: Source,
        episode: _Episode,
        state: State,
        since: float,
    ) -> None:
        assert source.render_state is not None  # noqa: S101 - for the type checker
        html = f"{source.render_state(state, since)}<!--{state} {since:.0f}-->"
        store.put_each(channel, {state_event(source.key): html})
        episode.shown = state

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
        interval = turn.seconds if turn.window is None else turn.window
        return now - round_.asked_at >= max(interval, _LATE_SECONDS)

    def _split(self, batch: _Batch | _AwaitedBatch, now: float) -> None:
        """Give those that wait behind a slow value threads of their own."""
        blocking: str | None = None
        if isinstance(batch, _AwaitedBatch):
            if batch.together is None or batch.moved or now - batch.began_at < _GRACE_SECONDS:
                return
            blocking = batch.together.find_blocking(_TICK_SECONDS)
        moved: list[_Value] = []
        with self._lock:
            if blocking is not None and isinstance(batch, _AwaitedBatch):
                moved = [
                    value
                    for key, value in batch.values.items()
                    if key != blocking and value.source.key in value.round.unfinished
                ]
                batch.moved.update(moved)
            elif isinstance(batch, _Batch) and (value := batch.current):
                if value.began_at and now - value.began_at >= _SPLIT_SECONDS:
                    moved = list(batch.pending)
                    batch.pending.clear()
            for value in moved:
                value.began_at = None
            jobs = self._plan(moved, apart=True)
        for job in jobs:
            POOL.submit(job.channel, job.run, trusted=job.trusted)

    def _claim_late(self, round_: Round) -> None:
        """Say that values are late, where their round waits for a thread and no process has it."""
        round_.is_told_late = True
        if not self._is_wanted(round_) or round_.lease or not self._take_claim(round_):
            return
        since = time.time() - (time.monotonic() - round_.asked_at)
        for source in round_.turn.sources:
            self._tell_late(round_.store, round_.channel, source, since)

    def _look_after(self, id_: _Key, lease: _Lease, now: float) -> None:
        """Extend a claim, report what hangs, say what is late, and begin the next round."""
        store, channel, _ = id_
        turn = lease.turn
        with self._lock:
            values = tuple(lease.values)
        for value in values:
            self._report(value, now)
        is_wanted = now - lease.asked_at <= max(_HANG_SECONDS, 2 * turn.seconds)
        if is_wanted and now - lease.renewed_at >= turn.claim_seconds / 3:
            self._renew(store, lease)
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
                self._tell_late(store, channel, value.source, since)
        with self._lock:
            if turn.window is None and now >= lease.began_at + turn.seconds:
                if id_ not in self._rounds and self._leases.get(id_) is lease:
                    self._open(store, channel, turn, lease)

    def _report(self, value: _Value, now: float) -> None:
        if value.is_reported or value.began_at is None or now - value.began_at <= _HANG_SECONDS:
            return
        value.is_reported = True
        self._episode(value.id).is_hung = True
        logger.error(
            "The live value of %r on %r has been computed for %.0f s and is not ready; until "
            "then its last value is shown.",
            value.source.key,
            value.round.channel,
            now - value.began_at,
            extra={
                "event": "value hangs",
                "channel": value.round.channel,
                "key": value.source.key,
            },
        )

    # Where other threads would not see what this one does.

    def render_inline(
        self, store: BaseStore, channel: str, source: Source
    ) -> str | Points | None:
        """Compute a value in this thread; ``None`` if it cannot be computed."""
        result, error = _render(source, None)
        if error is not None:
            self._fail(store, channel, source, error)
        return result

    def _produce_inline(
        self, store: BaseStore, channel: str, sources: Collection[Source]
    ) -> None:
        due: list[Round] = []
        for turn in turns(sources):
            at = time.monotonic()
            if claimed := claim(store, channel, turn):
                round_ = Round(store, channel, turn)
                round_.lease = _Lease(turn, claimed, at, at)
                due.append(round_)
        looked: set[object] = set()
        coroutines = {}
        failed: dict[str, BaseException] = {}
        for source in (source for round_ in due for source in round_.turn.sources):
            if source.begin is not None:
                # Begun again where it is rendered: there it costs only its own component.
                with contextlib.suppress(Exception):
                    if coroutine := source.begin(looked):
                        coroutines[source.key] = coroutine
        if coroutines:

            def done(key: str, error: BaseException | None) -> None:
                if error is not None:
                    failed[key] = error

            Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS")).run(done)
        for round_ in due:
            results: dict[str, str | Points] = {}
            errors: dict[str, BaseException] = {}
            for source in round_.turn.sources:
                result, error = None, failed.get(source.key)
                if error is None:
                    result, error = _render(source, None)
                if error is not None or result is None:
                    errors[source.key] = error or TypeError("It rendered nothing.")
                else:
                    results[source.key] = result
            lease = round_.lease
            assert lease is not None  # noqa: S101 - for the type checker
            if self._is_held(store, lease):
                self._put(round_, results, errors)
                self._settle(store, lease)


PRODUCER = Producer()
"""This process's."""

os.register_at_fork(after_in_child=PRODUCER.reset)
METRICS.count_waiting = lambda: POOL.waiting
METRICS.count_threads = lambda: POOL.threads


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


async def follow_turn(
    store: BaseStore,
    channel: str,
    turn: Turn,
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
        if turn.window is None:
            METRICS.skipped += max(0, int((loop.time() - due) / turn.seconds))
            await asyncio.sleep(due - loop.time())
        else:
            await asyncio.sleep(turn.window)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _CHANGE_SECONDS)


def _render(
    source: Source, looked: set[object] | None
) -> tuple[str | Points | None, BaseException | None]:
    """Compute and render a value; return what came of it, or what it raised.

    Args:
        source: the value.
        looked: what was read anew for the values before it; ``None`` where it was begun already.
    """
    try:
        if looked is not None and source.begin is not None:
            source.begin(looked)
        return source.render(), None
    except BaseException as error:  # noqa: BLE001 - it is of somebody else's code
        return None, error


@contextlib.contextmanager
def _fresh_connections() -> Iterator[None]:
    """Treat a thread's database connections as a request treats them."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
