"""Bounded daemon threads for code that may hang.

Groups (channels) take turns, so that a group with many jobs does not delay the others. Jobs that
nobody has seen finish quickly leave some threads free for those that did.
"""

import logging
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from django.db import connections

from dashboards import conf

logger = logging.getLogger("dashboards.live")

Job = Callable[[], None]

QUICK_SECONDS = 0.5
"""A job that runs for longer is slow: it no longer counts as trusted."""
_IDLE_SECONDS = 5.0
"""A thread without work ends after this time, and closes its database connections."""
_CROWD = 2
_CROWD_SECONDS = 0.02
"""So many threads are enough for jobs that take less than this: more of them would only wait for
each other, and for the interpreter's lock. One thread more stands by."""
_SATURATED_SECONDS = 5.0
"""A wait for a thread that lasts longer is reported."""


class _Lane:
    """Waiting jobs by group; each group gives one job in its group."""

    def __init__(self) -> None:
        self._groups: OrderedDict[str, deque[tuple[Job, float]]] = OrderedDict()
        self.size = 0

    def add(self, group: str, job: Job) -> None:
        self._groups.setdefault(group, deque()).append((job, time.monotonic()))
        self.size += 1

    def take(self) -> tuple[Job, float]:
        """Return the next job, and since when it has waited."""
        group, jobs = self._groups.popitem(last=False)
        taken = jobs.popleft()
        if jobs:
            self._groups[group] = jobs  # Behind all others.
        self.size -= 1
        return taken


class Pool:
    """At most ``MAX_COMPUTE_THREADS`` daemon threads, each started when there is work for it.

    A quarter of the threads, at least one where there are two, is only for trusted jobs.

    Args:
        name: the name of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.reset()

    def reset(self) -> None:
        """Forget all threads and jobs: in a process that was forked, they do not exist."""
        self._changed = threading.Condition()
        self._lanes = {True: _Lane(), False: _Lane()}
        self._running: dict[int, tuple[bool, float]] = {}
        self._threads = self._idle = self._woken = 0
        self._has_standby = False
        self._was_trusted = False
        self._is_saturated = False

    @property
    def threads(self) -> int:
        """How many threads there are."""
        return self._threads

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return sum(lane.size for lane in self._lanes.values())

    def submit(self, group: str, job: Job, *, trusted: bool = False) -> None:
        """Run a job in one of the threads. It must not raise.

        Args:
            group: what it belongs to; groups take turns.
            job: what is run.
            trusted: True if it is known to be quick.
        """
        with self._changed:
            self._lanes[trusted].add(group, job)
            self._wake()

    def _wake(self) -> None:
        """Have one thread more look for a job, which wakes the next when it has one."""
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
            except RuntimeError:  # The system has no more. The job waits for a thread that is.
                self._woken -= 1
                self._threads -= 1

    @property
    def _is_crowded(self) -> bool:
        now = time.monotonic()
        young = sum(now - began < _CROWD_SECONDS for _, began in self._running.values())
        return young >= _CROWD

    def _may_take(self) -> bool | None:
        """Return which kind of job may run now, trusted or not; ``None`` for no job."""
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
                    logger.exception("A job of %s failed.", self._name)
                finally:
                    with self._changed:
                        self._running.pop(me, None)
        finally:
            connections.close_all()

    def _take(self, me: int) -> Job | None:
        """Wait for a job; ``None`` when the thread shall end."""
        with self._changed:
            while (trusted := self._may_take()) is None or self._is_crowded:
                if trusted is None or self._has_standby:
                    self._idle += 1
                    is_told = self._changed.wait(_IDLE_SECONDS)
                    self._idle -= 1
                    self._woken = max(0, self._woken - is_told)
                    if not is_told and self._may_take() is None:
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
        """Log once that jobs wait for long, and once that they do not any more."""
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
                "Live values are computed as often as declared again.",
                extra={"event": "values_on_time"},
            )
        else:
            return
        self._is_saturated = is_saturated

    def report_if_blocked(self) -> None:
        """Report jobs that wait although no thread becomes free to take them."""
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
"""Where all live values of this process are computed."""

os.register_at_fork(after_in_child=POOL.reset)
