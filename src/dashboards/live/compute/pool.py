"""Bounded daemon threads for code that may hang.

Groups (channels) take turns, so that a group with many jobs does not delay the others. Jobs that
are not known to be quick leave some threads free for those that are.
"""

import logging
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from django.db import close_old_connections, connections

from dashboards import conf

logger = logging.getLogger("dashboards.live")

Job = Callable[[], None]

QUICK_SECONDS = 0.5
"""A job that runs for longer is slow: it no longer counts as trusted."""
_IDLE_SECONDS = 5.0
"""A thread without work ends after this time, and closes its database connections."""
_CROWD = 2
_CROWD_SECONDS = 0.02
"""For jobs that take less than this time, so many threads are enough: more would only wait for each
other, and for the interpreter's lock. One more thread waits in case a job takes longer."""
_SATURATED_SECONDS = 5.0
"""A wait for a thread that lasts longer is reported."""


class _Lane:
    """Waiting jobs by group. The groups take turns, one job at a time."""

    def __init__(self) -> None:
        self._groups: OrderedDict[str, deque[tuple[Job, float]]] = OrderedDict()
        self.size = 0

    def add(self, group: str, job: Job) -> None:
        self._groups.setdefault(group, deque()).append((job, time.monotonic()))
        self.size += 1

    def take(self) -> tuple[Job, float]:
        """Return the next job, and the time since which it has waited."""
        group, jobs = self._groups.popitem(last=False)
        taken = jobs.popleft()
        if jobs:
            self._groups[group] = jobs  # After all other groups.
        self.size -= 1
        return taken


class Pool:
    """At most ``MAX_COMPUTE_THREADS`` daemon threads, each started when there is work for it.

    A quarter of the threads is only for trusted jobs; at least one, unless there is only one.

    Args:
        name: the name of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.executor: Executor | None = None
        """Runs the jobs instead: the thread of a test, which alone sees its transaction."""
        self.reset()

    def reset(self) -> None:
        """Forget all threads and jobs: in a forked process they do not exist."""
        self._changed = threading.Condition()
        self._lanes = {True: _Lane(), False: _Lane()}
        self._running: dict[int, tuple[bool, float]] = {}
        self._threads = self._idle = self._woken = 0
        self._has_standby = False
        self._was_trusted = False
        self._is_saturated = False

    @property
    def threads(self) -> int:
        """The number of threads."""
        return self._threads

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a thread."""
        return sum(lane.size for lane in self._lanes.values())

    def submit(self, group: str, job: Job, *, trusted: bool = False) -> None:
        """Run a job in one of the threads. It must not raise.

        Args:
            group: the group of the job; groups take turns.
            job: the function to call.
            trusted: True if it is known to be quick.
        """
        if self.executor is not None:
            self.executor.submit(job)
            return
        with self._changed:
            self._lanes[trusted].add(group, job)
            self._wake()

    def _wake(self) -> None:
        """Wake one thread for a job. When it has one, it wakes the next thread."""
        if self._has_standby or self._woken or self._may_take() is None:
            return
        if self._idle:
            self._woken += 1
            self._changed.notify()
        elif self._threads < conf.get("MAX_COMPUTE_THREADS"):
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._woken += 1
            self._threads += 1
            try:
                thread.start()
            except RuntimeError:  # The system allows no more. The job waits for another thread.
                self._woken -= 1
                self._threads -= 1

    @property
    def _is_crowded(self) -> bool:
        now = time.monotonic()
        young = sum(now - began < _CROWD_SECONDS for _, began in self._running.values())
        return young >= _CROWD

    def _may_take(self) -> bool | None:
        """Return True if a trusted job may run now, False if another may; ``None`` if none may."""
        trusted, others = self._lanes[True].size, self._lanes[False].size
        if others and (not trusted or self._was_trusted):
            size = conf.get("MAX_COMPUTE_THREADS")
            reserve = max(1, size // 4) if size > 1 else 0
            now = time.monotonic()
            slow = sum(
                not is_trusted or now - began > QUICK_SECONDS
                for is_trusted, began in self._running.values()
            )
            if slow < size - reserve:
                return False
        return True if trusted else None

    def _work(self) -> None:
        me = threading.get_ident()
        with self._changed:
            self._woken = max(0, self._woken - 1)
        try:
            while job := self._take(me):
                try:
                    job()
                except BaseException:  # The thread stays for the other jobs.
                    logger.exception("A job of the pool %s failed.", self._name)
                finally:
                    with self._changed:
                        self._running.pop(me, None)
        finally:
            connections.close_all()

    def _take(self, me: int) -> Job | None:
        """Wait for a job and return it; ``None`` if the thread shall end."""
        with self._changed:
            while (trusted := self._may_take()) is None or self._is_crowded:
                if trusted is None or self._has_standby:
                    self._idle += 1
                    is_woken = self._changed.wait(_IDLE_SECONDS)
                    self._idle -= 1
                    self._woken = max(0, self._woken - is_woken)
                    if not is_woken and self._may_take() is None:
                        self._threads -= 1
                        return None
                else:
                    self._has_standby = True
                    self._changed.wait(_CROWD_SECONDS)
                    self._has_standby = False
            job, since = self._lanes[trusted].take()
            self._was_trusted = trusted
            now = time.monotonic()
            self._running[me] = (trusted, now)
            self._wake()
        self._report(now - since)
        return job

    def _report(self, waited: float) -> None:
        """Log once that jobs wait too long, and once that they no longer do."""
        is_saturated = waited > (_SATURATED_SECONDS if not self._is_saturated else QUICK_SECONDS)
        if is_saturated and not self._is_saturated:
            logger.warning(
                "Live values wait for one of %d threads: a value waited %.1f s and %d more wait. "
                "They are computed less often. Make them quicker, or raise "
                "DASHBOARDS['MAX_COMPUTE_THREADS'].",
                conf.get("MAX_COMPUTE_THREADS"),
                waited,
                self.waiting,
                extra={"event": "values_waiting", "waiting": self.waiting},
            )
        elif self._is_saturated and not is_saturated and not self.waiting:
            logger.warning(
                "Live values are computed again as often as declared.",
                extra={"event": "values_resumed"},
            )
        else:
            return
        self._is_saturated = is_saturated

    def report_if_blocked(self) -> None:
        """Report jobs that wait for long and still have no thread."""
        with self._changed:
            oldest = min(
                (jobs[0][1] for lane in self._lanes.values() for jobs in lane._groups.values()),  # noqa: SLF001
                default=None,
            )
        if oldest is not None:
            waited = time.monotonic() - oldest
            if waited > _SATURATED_SECONDS:
                self._report(waited)


POOL = Pool("dashboards-compute")
"""The threads that compute all live values of this process."""

os.register_at_fork(after_in_child=POOL.reset)


@contextmanager
def fresh_connections() -> Iterator[None]:
    """Treat a thread's database connections as a request treats them."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
