"""A thread that calls a function regularly while there is work, and ends when there is none."""

import logging
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connections

logger = logging.getLogger("dashboards.live")

_TICK_SECONDS = 0.05
_IDLE_SECONDS = 5.0
"""The thread ends after this time without work."""


class Supervisor:
    """Calls ``tick`` at short intervals while there is work.

    Args:
        lock: held while ``has_work`` is called.
        has_work: returns True if ``tick`` shall be called.
        tick: may use the database, and may raise.
    """

    def __init__(
        self, lock: threading.RLock, has_work: Callable[[], bool], tick: Callable[[], None]
    ) -> None:
        self._lock = lock
        self._has_work = has_work
        self._tick = tick
        self._thread: threading.Thread | None = None
        self._active = threading.Event()

    def wake(self) -> None:
        """Begin to call ``tick``. The lock must be held, and there must be work."""
        self._active.set()
        # In a process that was forked, the thread of its parent is not alive.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._run, name="dashboards-supervisor", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._has_work():
                        self._active.clear()
                if not self._active.wait(_IDLE_SECONDS):
                    with self._lock:
                        if not self._active.is_set():
                            self._thread = None
                            return
                time.sleep(_TICK_SECONDS)
                try:
                    self._tick()
                except Exception as error:  # noqa: BLE001 - a store may raise anything
                    logger.debug("Live values could not be supervised: %r", error)
                close_old_connections()
        finally:
            connections.close_all()
