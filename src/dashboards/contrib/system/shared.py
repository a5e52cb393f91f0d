"""Reads that several values of a dashboard share."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SECONDS = 1.0


class SharedRead(Generic[T]):
    """Reads something at most once a second: values of one interval are computed together.

    Args:
        read: reads it. If it raises, the next call reads again.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._lock = threading.Lock()
        self._read = read
        self._last: tuple[float, T] | None = None

    def get(self) -> T:
        """Return what was read within the last second, or read it now."""
        with self._lock:
            if self._last is None or time.monotonic() >= self._last[0] + _SECONDS:
                value = self._read()
                self._last = time.monotonic(), value
            return self._last[1]
