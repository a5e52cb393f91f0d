"""What this process knows of whether a store can be reached."""

import logging
import math
import time
from threading import Lock

from dashboards.logs import one_line

logger = logging.getLogger("dashboards.live")

_RETRY_SECONDS = 2.0
"""Time after a failure in which requests do not ask the store."""
_TRY_SECONDS = 30.0
"""Time for which one request tries, and the others do not; longer than any try takes."""

_FLAP_SECONDS = 5.0
"""An outage that follows another so soon is the same trouble: a store that is read and not written,
say. It is not logged again."""


class Outage:
    """One store's failure to answer, from the first error until it answers again.

    Requests ask here first: a store that hangs is waited for once, not by each page in turn.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_on = False
        self._retry_at = 0.0
        self._ended_at = -math.inf
        self._is_said = False

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
            now = time.monotonic()
            is_new, self._is_on = not self._is_on, True
            self._retry_at = now + _RETRY_SECONDS
            if is_new:
                self._is_said = now > self._ended_at + _FLAP_SECONDS
                is_new = self._is_said
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
            was_said = self._is_said
            self._is_on = self._is_said = False
            self._ended_at = time.monotonic()
        if was_said:
            logger.warning(
                "The store of live state answers again.", extra={"event": "store_recovered"}
            )
