"""Daemon threads for calls that would block an event loop. They never keep a process alive."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """A few daemon threads that share a queue.

    The interpreter joins the threads of a ``ThreadPoolExecutor`` at exit, so one call that hangs
    would keep a server from stopping.

    Args:
        size: the most threads; each is started when there is work for it.
        name: the name of the threads.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._unfinished = 0

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function in one of the threads and return its result.

        Raises:
            RuntimeError: no thread can be started, and none was.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def call() -> None:
            result: Any = None
            error: BaseException | None = None
            try:
                result = function(*args, **kwargs)
            except BaseException as raised:  # noqa: BLE001 - raised again by ``run``
                error = raised
            with self._lock:
                self._unfinished -= 1
            # The loop may have closed meanwhile: then no task waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_set_outcome, future, result, error)

        with self._lock:
            self._unfinished += 1
            self._start_threads()
        self._calls.put(call)
        return await future

    def close(self, *, seconds: float = 0) -> None:
        """End each thread after its present call.

        Args:
            seconds: how long to wait for each.
        """
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(seconds)
        self._threads.clear()

    def _start_threads(self) -> None:
        while len(self._threads) < min(self._unfinished, self._size):
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            if start(thread):
                self._threads.append(thread)
            elif self._threads:
                return  # One of the others takes the call.
            else:
                self._unfinished -= 1
                msg = f"No thread can be started for {self._name}."
                raise RuntimeError(msg)

    def _work(self) -> None:
        try:
            for call in iter(self._calls.get, None):
                call()
        finally:
            connections.close_all()


def start(thread: threading.Thread) -> bool:
    """Start a thread whose work can wait for another occasion.

    Returns:
        False if it cannot be started: the system allows no more, or the process is ending.
    """
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def is_cancelled() -> bool:
    """Return True if this task was cancelled, but a library swallowed the ``CancelledError``.

    Seen with redis-py on Python 3.11, if an answer arrives in the same moment. A loop that calls
    this ends all the same.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _set_outcome(future: "asyncio.Future[R]", result: R, error: BaseException | None) -> None:
    if future.done():
        return  # The task that waited was cancelled.
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
