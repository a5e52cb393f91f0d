"""Remembers for this process if a store can be reached."""

import logging
import math
import time
from threading import Lock

from dashboards.loggers import one_line

logger = logging.getLogger("dashboards.live")

_RETRY_SECONDS = 2.0
"""Time after a failure in which web requests do not call the store."""
_TRY_SECONDS = 30.0
"""Time for which one request tries and the others do not; longer than any try takes."""

_FLAP_SECONDS = 5.0
"""An outage that follows another within this time is not logged again: the store may accept reads
and refuse writes, for example."""


class Outage:
    """The time in which a store does not answer, from the first error until it answers again.

    Web requests call ``may_try`` first, so that one of them waits for a store that hangs, not all.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_on = False
        self._retry_at = 0.0
        self._ended_at = -math.inf
        self._is_logged = False

    def may_try(self) -> bool:
        """Return True unless the store failed a moment ago; then for one caller, which tries."""
        if not self._is_on:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._retry_at:
                return False
            self._retry_at = now + _TRY_SECONDS
            return True

    def begin(self, error: Exception) -> None:
        """Note that the store cannot be reached. The first time, log it."""
        with self._lock:
            now = time.monotonic()
            is_new, self._is_on = not self._is_on, True
            self._retry_at = now + _RETRY_SECONDS
            if is_new:
                self._is_logged = now > self._ended_at + _FLAP_SECONDS
                is_new = self._is_logged
        if is_new:
            logger.error(
                "The store of live state does not answer (%s). Pages are served and their live "
                "values wait; it is tried again until it answers.",
                one_line(error),
                extra={"event": "store_unavailable"},
            )

    def end(self) -> None:
        """Note that the store has answered."""
        if not self._is_on:
            return
        with self._lock:
            was_logged = self._is_logged
            self._is_on = self._is_logged = False
            self._ended_at = time.monotonic()
        if was_logged:
            logger.warning(
                "The store of live state answers again.", extra={"event": "store_recovered"}
            )
