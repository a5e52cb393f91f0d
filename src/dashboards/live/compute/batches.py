"""Batches: the values that one thread computes, one after the other or awaited together."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence

from dashboards import conf
from dashboards.live.compute.awaiting import Together
from dashboards.live.compute.rounds import Key, ValueRun
from dashboards.live.wire.frames import Points

Done = Callable[[ValueRun, str | Points | None, BaseException | None], None]
"""Called with a value's run and its result or its error, as soon as there is one."""

MAX_REMEMBERED = 10_000
"""The number of values whose pace, and whose failures, a process remembers."""

_SPLIT_SECONDS = 0.1
"""A value that takes longer stays alone in its thread; those behind it get other threads."""
_BLOCKED_SECONDS = 0.5
"""Time after which an event loop is tested for code that blocks it."""
_TEST_SECONDS = 0.05
"""Time in which an event loop that is not blocked answers that test."""


class Batch:
    """Values that are computed one after the other in one thread: one handover for all of them.

    Args:
        runs: at least one.
    """

    def __init__(self, runs: Sequence[ValueRun]) -> None:
        self.channel = runs[0].round.channel
        self._clock = runs[0].round.store.clock
        self._waiting = deque(runs)
        self._current: ValueRun | None = None
        self._lock = threading.Lock()

    @property
    def ids(self) -> list[Key]:
        """The ids of the values that wait in it."""
        return [run.id for run in self._waiting]

    def compute(self, done: Done) -> None:
        """Compute the values in this thread."""
        reloaded: set[object] = set()
        while run := self._next():
            done(run, *run.value.try_render(reloaded))

    def _next(self) -> ValueRun | None:
        with self._lock:
            self._current = self._waiting.popleft() if self._waiting else None
            if self._current:
                self._current.began_at = self._clock.monotonic()
            return self._current

    def remove_blocked(self) -> list[ValueRun]:
        """Remove and return the values that wait behind one that takes long."""
        now = self._clock.monotonic()
        with self._lock:
            run = self._current
            if not (run and run.began_at and now - run.began_at >= _SPLIT_SECONDS):
                return []
            blocked = list(self._waiting)
            self._waiting.clear()
        return blocked


class AwaitedBatch:
    """Values that are awaited together in one event loop.

    Args:
        runs: at least one.
    """

    def __init__(self, runs: Sequence[ValueRun]) -> None:
        self.channel = runs[0].round.channel
        self._clock = runs[0].round.store.clock
        self._runs = {str(number): run for number, run in enumerate(runs)}
        self._together: Together | None = None
        self._began_at = 0.0
        self._removed: set[ValueRun] = set()
        """Those that got threads of their own, because another one blocks the event loop."""

    @property
    def ids(self) -> list[Key]:
        """The ids of its values."""
        return [run.id for run in self._runs.values()]

    def compute(self, done: Done) -> None:
        """Await the values, and render them in this thread."""
        coroutines = {}
        reloaded: set[object] = set()
        self._began_at = now = self._clock.monotonic()
        for key, run in tuple(self._runs.items()):
            run.began_at = now
            try:
                assert run.value.begin is not None  # noqa: S101 - for the type checker
                coroutine = run.value.begin(reloaded)
            except BaseException as error:  # noqa: BLE001 - a project's code may raise anything
                done(run, None, error)
                continue
            if coroutine is None:
                done(run, *run.value.try_render())
            else:
                coroutines[key] = coroutine
        if not coroutines:
            return

        def done_awaiting(key: str, error: BaseException | None) -> None:
            run = self._runs[key]
            if run in self._removed:
                return
            if error is not None:
                done(run, None, error)
            else:
                done(run, *run.value.try_render())

        self._together = Together(coroutines, conf.get("COMPUTE_TIMEOUT_SECONDS"))
        self._together.run(done_awaiting)

    def remove_blocked(self) -> list[ValueRun]:
        """Remove and return the values that wait because another one blocks the event loop."""
        is_tested = self._together is None or self._removed
        if is_tested or self._clock.monotonic() - self._began_at < _BLOCKED_SECONDS:
            return []
        assert self._together is not None  # noqa: S101 - for the type checker
        blocking = self._together.find_blocking(_TEST_SECONDS)
        if blocking is None:
            return []
        blocked = [
            run
            for key, run in self._runs.items()
            if key != blocking and run.value.key in run.round.unfinished
        ]
        self._removed.update(blocked)
        return blocked


class Paces:
    """Remembers which values were quick the last time, and which were not."""

    def __init__(self) -> None:
        self._paces: OrderedDict[Key, bool] = OrderedDict()

    def note(self, id_: Key, *, is_quick: bool) -> None:
        """Remember if a value was quick."""
        self._paces[id_] = is_quick
        self._paces.move_to_end(id_)
        if len(self._paces) > MAX_REMEMBERED:
            self._paces.popitem(last=False)

    def are_quick(self, ids: Iterable[Key]) -> bool:
        """Return True if all of these are known to be quick."""
        return all(self._paces.get(id_, False) for id_ in ids)

    def plan(self, runs: Iterable[ValueRun], *, apart: bool = False) -> list[Batch | AwaitedBatch]:
        """Divide values into batches.

        Args:
            runs: the values.
            apart: True if another value delayed them: each that is not known to be quick gets a
                batch of its own.
        """
        quick: list[ValueRun] = []
        unknown: list[ValueRun] = []
        awaited: list[ValueRun] = []
        single: list[Batch | AwaitedBatch] = []
        for run in runs:
            pace = self._paces.get(run.id)
            if pace is False or (apart and pace is None):
                single.append((AwaitedBatch if run.value.is_awaited else Batch)([run]))
            elif run.value.is_awaited:
                awaited.append(run)
            else:
                (quick if pace else unknown).append(run)
        first = [AwaitedBatch(awaited)] if awaited else []
        return [*first, *(Batch(group) for group in (quick, unknown) if group), *single]
