"""Awaits values together, called from a thread that has no event loop.

The event loop has a daemon thread of its own. Code that Django calls thread-sensitive (the ORM)
runs in the calling thread, so with its database connection. ``async_to_sync`` does the same, but
the interpreter waits for its threads at exit: a value that never ends would keep a server from
stopping.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import thread as concurrent_thread
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

R = TypeVar("R")

_Calls = SimpleQueue[Callable[[], None] | None]


class _CallingThread(Executor):
    """Runs calls in the thread that waits."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> "Future[R]":
        """Run one call there."""
        future: Future[R] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                future.set_exception(error)

        self._calls.put(call)
        return future


class _DaemonThreads(ThreadPoolExecutor):
    """Threads for which the interpreter does not wait: started by a daemon, they are daemons."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> "Future[R]":
        """Run one call in a thread."""
        future = super().submit(fn, *args, **kwargs)
        for thread in tuple(self._threads):
            concurrent_thread._threads_queues.pop(thread, None)  # type: ignore[attr-defined] # noqa: SLF001
        return future


class Together:
    """Coroutines that are awaited in one event loop.

    Args:
        coroutines: the coroutines by key.
        seconds: a coroutine that takes longer is cancelled, and ends with a ``TimeoutError``.
    """

    def __init__(self, coroutines: Mapping[str, Coroutine[Any, Any, None]], seconds: float) -> None:
        self._coroutines = coroutines
        self._seconds = seconds
        self._calls: _Calls = SimpleQueue()
        self._keys: dict[asyncio.Task[None], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answered = threading.Event()

    def run(self, done: Callable[[str, BaseException | None], None]) -> None:
        """Wait for all of them.

        Args:
            done: called in this thread when one ends, with its key and its error or ``None``.
        """
        thread = threading.Thread(
            target=self._run, args=(done,), name=threading.current_thread().name, daemon=True
        )
        thread.start()
        for call in iter(self._calls.get, None):
            call()

    def find_blocking(self, seconds: float) -> str | None:
        """Return the key of the coroutine that blocks the event loop by sync code, if there is one.

        Args:
            seconds: how long the loop may take to answer.
        """
        loop = self._loop
        if loop is None:
            return None
        self._answered.clear()
        # A loop that has just closed is not blocked.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._answered.set)
            if not self._answered.wait(seconds) and (task := asyncio.current_task(loop)):
                return self._keys.get(task)
        return None

    def _run(self, done: Callable[[str, BaseException | None], None]) -> None:
        context = ThreadSensitiveContext()
        SyncToAsync.context_to_thread_executor[context] = _CallingThread(self._calls)
        SyncToAsync.thread_sensitive_context.set(context)
        try:
            with asyncio.Runner() as runner:
                runner.get_loop().set_default_executor(_DaemonThreads())
                runner.run(self._await(done))
        finally:
            self._calls.put(None)

    async def _await(self, done: Callable[[str, BaseException | None], None]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        keys = self._keys
        keys.update((loop.create_task(each), key) for key, each in self._coroutines.items())
        pending, end = set(keys), loop.time() + self._seconds
        is_timed_out = False
        while pending:
            left = None if is_timed_out else max(0, end - loop.time())
            ready, pending = await asyncio.wait(
                pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            if not ready:
                is_timed_out = True
                for task in pending:
                    task.cancel()
            for task in ready:
                self._calls.put(
                    partial(done, keys[task], self._error_of(task, is_timed_out=is_timed_out))
                )

    def _error_of(self, task: "asyncio.Task[None]", *, is_timed_out: bool) -> BaseException | None:
        if not task.cancelled():
            return task.exception()
        if is_timed_out:
            return TimeoutError(f"It was awaited for {self._seconds:g} s and then given up.")
        return RuntimeError("It was cancelled by what it awaited.")
