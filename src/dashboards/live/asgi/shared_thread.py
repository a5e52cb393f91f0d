"""The thread in which Django answers requests for streams, where it would start one for each.

Code of the project (permissions, middleware) runs in it, and may hang. If it has made no progress
for a second, the requests that come after that get another thread.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

from asgiref.sync import ThreadSensitiveContext

_STUCK_SECONDS = 1.0
_MAX_THREADS = 8


class SharedThread:
    """One thread for all requests of an event loop, and a few more while requests hang."""

    def __init__(self) -> None:
        self._thread = ThreadSensitiveContext()
        self._pending: Counter[ThreadSensitiveContext] = Counter()
        self._progress_at = 0.0

    @contextlib.contextmanager
    def use(self) -> Iterator[ThreadSensitiveContext]:
        """Yield the thread for one request, as the context by which asgiref finds it."""
        now = asyncio.get_running_loop().time
        if self._thread not in self._pending:
            self._progress_at = now()
        elif now() - self._progress_at > _STUCK_SECONDS and len(self._pending) < _MAX_THREADS:
            self._thread, self._progress_at = ThreadSensitiveContext(), now()
        thread = self._thread
        self._pending[thread] += 1
        try:
            yield thread
        finally:
            self._pending[thread] -= 1
            if not self._pending[thread]:
                del self._pending[thread]
            if thread is self._thread:
                self._progress_at = now()
