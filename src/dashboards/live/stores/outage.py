"""What this process knows of whether a store can be reached."""

import logging
import time
from threading import Lock

logger = logging.getLogger("dashboards.live")

_RETRY_SECONDS = 2.0
"""Time after a failure in which requests do not ask the store."""
_TRY_SECONDS = 30.0
"""Time for which one request tries, and the others do not; longer than any try takes."""


class Outage:
    """One store's failure to answer, from the first error until it answers again.

    Requests ask here first: a store that hangs is waited for once, not by each page in turn.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_on = False
        self._retry_at = 0.0

    def may_ask(self) -> bool:
        """Return True unless the store failed a moment ago; then to one caller, who tries again."""
        if not self._is_on:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._retry_at:
                return False
            self._retry_at = now + _TRY_SECONDS
            return True

    def begin(self, error: Exception) -> None:
        """Note that the store cannot be reached; the first time that is logged."""
        with self._lock:
            is_new, self._is_on = not self._is_on, True
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        if is_new:
            logger.error(
                "The store of live state does not answer.",
                exc_info=error,
                extra={"event": "store fails"},
            )

    def end(self) -> None:
        """Note that the store has answered."""
        if not self._is_on:
            return
        with self._lock:
            was_on, self._is_on = self._is_on, False
        if was_on:
            logger.warning(
                "The store of live state answers again.", extra={"event": "store answers"}
            )
