"""Computing live values for the readers of one event loop: one process at a time does each.

Whoever claims a turn computes it. What is not ready in time comes alone when it is; until then
the claim is extended, so that nobody else begins the same, and the rest of the turn goes on.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections

from dashboards.live.frames import Points
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.triggers import Claim, Source, Turn, claim, render, succeeded
from dashboards.live.workers import Workers, is_cancelled

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("dashboards.live")

_WORKERS = 3
_GRACE_SECONDS = 0.5
"""How long the values of one turn wait for each other."""
_HANG_SECONDS = 10.0
"""Time after which a value that is still being computed is reported."""
_CHANGE_SECONDS = 2.0
"""Time between two looks, should the hint of a change be lost."""


class _Batch:
    """Values of a turn, computed one after the other in one thread: one hop for all of them."""

    def __init__(self, channel: str, sources: Iterable[Source]) -> None:
        self._channel = channel
        self._pending = deque(sources)
        self.keys = {source.key for source in self._pending}
        self.values: dict[str, str | Points | None] = {}
        self.current = ""

    def drain(self) -> None:
        """Compute what is pending."""
        with contextlib.suppress(IndexError):
            while True:
                source = self._pending.popleft()
                self.current = source.key
                self.values[source.key] = render(source, self._channel)

    def take_rest(self) -> list[Source]:
        """Take away what has not been begun."""
        rest: list[Source] = []
        with contextlib.suppress(IndexError):
            while True:
                rest.append(self._pending.popleft())
        self.keys -= {source.key for source in rest}
        return rest


class _Work:
    """A value that is not ready in time, and the task that waits for it."""

    def __init__(self, key: str, computing: Coroutine[Any, Any, str | Points | None]) -> None:
        loop = asyncio.get_running_loop()
        self.key = key
        self.began = loop.time()
        self.task = loop.create_task(computing)
        self.is_reported = False


class Producer:
    """The workers of one hub, and what they are at.

    Args:
        store: where claims are made and values are put.
        trouble: told when the store fails.
    """

    def __init__(self, store: BaseStore, trouble: Callable[[Exception], None]) -> None:
        self._store = store
        self._trouble = trouble
        self._workers = Workers(_WORKERS, "dashboards-live")
        # Also of turns that nobody follows any more: a value that hangs is not begun again.
        self._busy: set[tuple[str, str]] = set()

    def close(self) -> None:
        """Let each thread end after its present call. It can be used again."""
        self._workers.close()

    async def follow(self, channel: str, turn: Turn, changed: asyncio.Event) -> None:
        """Compute a turn whenever it is due, until cancelled.

        Args:
            channel: the channel it belongs to.
            turn: what is computed.
            changed: set where a turn that waits for changes shall look.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        claimed: Claim | None = None
        late: list[_Work] = []
        while not is_cancelled():
            changed.clear()
            due = max(due + turn.seconds, loop.time())
            try:
                claimed = claimed or await self._workers.run(_open_turn, self._store, channel, turn)
                if claimed:
                    late = await self._compute(channel, turn, claimed, late)
                    late = await self._await_late(channel, turn, claimed, late, due)
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                self._trouble(error)
                late = []
            if not late:
                claimed = None
            if turn.window is None:
                await asyncio.sleep(due - loop.time())
            else:
                await asyncio.sleep(turn.window)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _CHANGE_SECONDS)

    async def _compute(
        self, channel: str, turn: Turn, claimed: Claim, late: list[_Work]
    ) -> list[_Work]:
        """Compute what is not being computed already, and return what is not ready in time."""
        sources = [each for each in turn.sources if (channel, each.key) not in self._busy]
        if not sources:
            return late
        loop = asyncio.get_running_loop()
        began = loop.time()
        grace = min(_GRACE_SECONDS, turn.seconds / 2)
        batch = _Batch(channel, sources)
        computing = self._begin(channel, batch, batch.drain)
        await asyncio.wait([computing], timeout=grace)
        works: list[_Work] = []
        if not computing.done():
            # One of them holds up the others: each gets a thread of its own.
            rest = [self._set_apart(channel, source) for source in batch.take_rest()]
            if current := batch.current:
                works.append(_Work(current, _value(computing, batch, current)))
            works += rest
            if rest:
                # Short, for the claim goes on meanwhile.
                await asyncio.wait([work.task for work in works], timeout=grace / 4)
        elapsed = loop.time() - began
        slow = [work for work in works if not work.task.done()]
        for work in slow:
            METRICS.late += 1
            # It keeps its thread. What follows here shall not have to wait for that.
            self._workers.make_room(1)
            work.task.add_done_callback(lambda _: self._workers.make_room(-1))
        ready = {work.key: work.task.result() for work in works if work.task.done()}
        if turn.is_surely_held(elapsed) or await self._hold(claimed, turn.claim_seconds):
            await self._put(channel, {**batch.values, **ready})
        if not slow and not late and turn.topics:
            await self._settle(turn, claimed)
        return late + slow

    async def _await_late(
        self, channel: str, turn: Turn, claimed: Claim, late: list[_Work], due: float
    ) -> list[_Work]:
        """Extend the claim while something is late, and put what becomes ready.

        Returns:
            What is still late when the rest of the turn is due.
        """
        loop = asyncio.get_running_loop()
        pause = turn.claim_seconds / 3
        while late:
            left = due - loop.time() if turn.window is None else pause
            if left <= 0:
                return late
            tasks = [work.task for work in late]
            await asyncio.wait(tasks, timeout=min(left, pause), return_when=asyncio.FIRST_COMPLETED)
            if not await self._hold(claimed, turn.claim_seconds):
                return []  # Somebody took over: what comes now is old.
            ready = {work.key: work.task.result() for work in late if work.task.done()}
            await self._put(channel, ready)
            late = [work for work in late if not work.task.done()]
            for work in late:
                self._report(channel, work)
            if not late:
                await self._settle(turn, claimed, due - loop.time())
        return []

    def _set_apart(self, channel: str, source: Source) -> _Work:
        """Compute a value in a thread of its own, whose database connection ends with it."""
        batch = _Batch(channel, [source])
        computing = self._begin(channel, batch, partial(_calmly, batch.drain))
        return _Work(source.key, _value(computing, batch, source.key))

    def _begin(self, channel: str, batch: _Batch, drain: Callable[[], None]) -> asyncio.Task[None]:
        self._busy |= {(channel, key) for key in batch.keys}
        task = asyncio.get_running_loop().create_task(self._workers.run(drain))

        def end(_: object) -> None:
            self._busy -= {(channel, key) for key in batch.keys}

        task.add_done_callback(end)
        return task

    def _report(self, channel: str, work: _Work) -> None:
        seconds = asyncio.get_running_loop().time() - work.began
        if seconds > _HANG_SECONDS and not work.is_reported:
            work.is_reported = True
            logger.error(
                "The live value of %r on %r has been computed for %.0f s and is not ready; until "
                "then its last value is shown.",
                work.key,
                channel,
                seconds,
                extra={"event": "value hangs", "channel": channel, "key": work.key},
            )

    async def _put(self, channel: str, values: Mapping[str, str | Points | None]) -> None:
        frames = succeeded(values)
        METRICS.computed += len(frames)
        METRICS.failed += len(values) - len(frames)
        if frames:
            await self._workers.run(_calmly, self._store.put, channel, frames)

    async def _settle(self, turn: Turn, claimed: Claim, seconds: float = 0) -> None:
        """Say that a turn is computed, and for how long."""
        if turn.topics:
            seconds = turn.fresh_seconds
        await self._hold(claimed, max(seconds, 0), claimed.stamp)

    async def _hold(self, claimed: Claim, seconds: float, stamp: str = "") -> bool:
        hold = self._store.hold
        return await self._workers.run(_calmly, hold, claimed.name, claimed.holder, seconds, stamp)


async def _value(computing: asyncio.Task[None], batch: _Batch, key: str) -> str | Points | None:
    await computing
    return batch.values[key]


def _open_turn(store: BaseStore, channel: str, turn: Turn) -> Claim | None:
    """Claim a turn. Its database connection stays open for the computing, until the put."""
    close_old_connections()
    claimed = claim(store, channel, turn)
    if claimed is None:
        close_old_connections()
    return claimed


def _calmly(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Treat a worker's database connections as a request's end treats them."""
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
