"""An event loop beside a test, whose blocking code runs in the test's own thread.

Only that thread sees the database as the test does: within Django's ``TestCase`` nothing is ever
committed. So views, permissions and values run in it, while it waits for the loop.
"""

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from asgiref.sync import AsyncToSync
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")

_ROUNDS = 100
"""Turns of the loop that a chain of callbacks takes at most, from a push to its delivery."""
_PAUSE_SECONDS = 0.001
_STOP_SECONDS = 5.0
"""The time that the event loop has to end. After it a daemon thread is left."""


class _Jobs:
    """Counts the jobs of all threads, so that a test can wait for the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.submitted = 0
        self.unfinished = 0

    def make(self, function: Callable[[], R]) -> tuple[Future[R], Callable[[], None]]:
        """Return a future, and the job that calls a function for it."""
        future: Future[R] = Future()

        def run() -> None:
            try:
                if future.set_running_or_notify_cancel():
                    future.set_result(function())
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - for who awaits it
                future.set_exception(error)
            except BaseException as error:
                # It ends the test, such as KeyboardInterrupt. A task that got it would end the
                # event loop.
                future.set_exception(RuntimeError(f"The test was ended: {error!r}"))
                raise
            finally:
                # After the callbacks of the future, which tell the loop.
                with self._lock:
                    self.unfinished -= 1

        with self._lock:
            self.submitted += 1
            self.unfinished += 1
        return future, run


class TestThread(Executor):
    """Runs what is submitted in the thread that calls ``run_until``.

    Args:
        jobs: counts them.
    """

    __test__ = False  # It is no test.

    def __init__(self, jobs: _Jobs) -> None:
        self._jobs = jobs
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Call a function when the test's thread next waits."""
        future, job = self._jobs.make(partial(fn, *args, **kwargs))
        self._waiting.put(job)
        return future

    def run_until(self, future: "Future[R]") -> R:
        """Run jobs until a future is done, and return its result."""
        future.add_done_callback(lambda _: self._waiting.put(None))
        with _keep_connections():
            # None wakes it. It may come from an earlier future, if a timeout ended that wait.
            while not future.done():
                job = self._waiting.get()
                if job is not None:
                    job()
        return future.result()


class _OtherThreads(ThreadPoolExecutor):
    """The threads for code that may run in any. Django makes its error pages in them.

    Args:
        jobs: counts them.
    """

    def __init__(self, jobs: _Jobs) -> None:
        super().__init__(thread_name_prefix="dashboards-testing")
        self._jobs = jobs

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Call a function in one of the threads."""
        future, job = self._jobs.make(partial(fn, *args, **kwargs))
        super().submit(job)
        return future


@contextlib.contextmanager
def _keep_connections() -> Iterator[None]:
    """Do not close this thread's database connections after a request, as Django does.

    With its connection the transaction of a test would end. Django's test client does the same.
    """
    with contextlib.ExitStack() as stack:
        for each in connections.all(initialized_only=True):
            stack.enter_context(patch.object(each, "close_if_unusable_or_obsolete"))
        yield


class Portal:
    """An event loop in a daemon thread, for the time of one test."""

    def __init__(self) -> None:
        self._jobs = _Jobs()
        self.test_thread = TestThread(self._jobs)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(_OtherThreads(self._jobs))
        self._context = contextvars.Context()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dashboards-testing", daemon=True)
        self._thread.start()
        self._is_ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # asgiref finds by this where to run the blocking code of the loop's tasks.
        self._context.run(setattr, AsyncToSync.executors, "current", self.test_thread)
        self._is_ready.set()
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def call(self, function: Callable[P, Coroutine[Any, Any, R]], *args: Any) -> R:
        """Run a coroutine function in the loop and return its result.

        Args:
            function: the function.
            *args: its arguments.
        """
        future: Future[R] = Future()

        def start() -> None:
            task = self._loop.create_task(function(*args))  # type: ignore[call-arg]
            task.add_done_callback(pass_on)

        def pass_on(task: "asyncio.Task[R]") -> None:
            if task.cancelled():
                future.cancel()
            elif error := task.exception():
                future.set_exception(error)
            else:
                future.set_result(task.result())

        self._loop.call_soon_threadsafe(start, context=self._context.copy())
        return self.test_thread.run_until(future)

    def run_until_idle(self) -> None:
        """Wait until nothing is left to do but to wait for time to pass."""
        self.call(self._run_until_idle)

    async def _run_until_idle(self) -> None:
        jobs, idle = self._jobs, 0
        while idle < _ROUNDS:
            submitted = jobs.submitted
            await asyncio.sleep(_PAUSE_SECONDS if jobs.unfinished else 0)
            # The loop may only now get the result of a job that was unfinished before this turn.
            idle = 0 if jobs.unfinished or jobs.submitted != submitted else idle + 1

    def stop(self) -> None:
        """Let jobs that wait run, cancel all tasks, and end the thread."""
        try:
            # A request that is cancelled leaves files open.
            self.run_until_idle()
            self.call(self._cancel)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_SECONDS)

    async def _cancel(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()
