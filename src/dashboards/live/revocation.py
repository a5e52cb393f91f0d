"""Telling the store who may have lost access, again and again until it knows.

A store may take no writes while others read it well: a database that is locked, full or read-only,
this process's network. Hubs that read see no failure then, and would go on showing news to
somebody who has logged out.
"""

import logging
import random
import threading
import time

from django.db import connections

from dashboards import conf
from dashboards.live.hold import ACCESS, EVERYBODY
from dashboards.live.stores import get_store

logger = logging.getLogger("dashboards.live")

_FIRST_PAUSE_SECONDS = 0.2
_MOST_PAUSE_SECONDS = 5.0
_MOST_AT_ONCE = 1000
"""Users that are told singly; were it more, everybody is asked anew."""


class Revocations:
    """What this process has to tell. Without a thread while the store takes what it is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._until = 0.0
        self._thread: threading.Thread | None = None

    @property
    def are_waiting(self) -> bool:
        """Whether there is something that the store has not taken yet."""
        # A fork leaves the thread behind.
        return self._thread is not None and self._thread.is_alive()

    def revoke(self, who: str) -> None:
        """Tell who may have lost access: ``identify(pk)`` or ``EVERYBODY``. Raises nothing.

        Whoever saved is not to blame for a store that does not answer.
        """
        try:
            get_store().put(ACCESS, {who: ""})
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            self._remember(who, error)

    def _remember(self, who: str, error: Exception) -> None:
        with self._lock:
            self._waiting.add(who)
            # By then every stream of this moment is of age, and whoever held it was asked anew.
            self._until = time.monotonic() + conf.get("STREAM_MAX_AGE_SECONDS")
            if self.are_waiting:
                return
            self._thread = threading.Thread(
                target=self._insist, name="dashboards-revocation", daemon=True
            )
            self._thread.start()
        logger.error(
            "The store of live state cannot be told who lost access; it is tried until it can.",
            exc_info=error,
            extra={"event": "revocation waits"},
        )

    def _insist(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._is_needed():
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - not all processes at once
            pause = min(2 * pause, _MOST_PAUSE_SECONDS)
            self._try()

    def _is_needed(self) -> bool:
        with self._lock:
            if time.monotonic() > self._until:
                self._waiting.clear()
            if not self._waiting:
                # Said here, lest somebody who comes now wait for a thread that is ending.
                self._thread = None
            return bool(self._waiting)

    def _try(self) -> None:
        with self._lock:
            # Taken out first: who comes back and leaves once more meanwhile is told of anew.
            waiting, self._waiting = self._waiting, set()
        told = waiting if len(waiting) <= _MOST_AT_ONCE else {EVERYBODY}
        try:
            get_store().put(ACCESS, dict.fromkeys(told, ""))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            logger.debug("The store was not told who lost access: %r", error)
            with self._lock:
                self._waiting |= told
        else:
            logger.warning(
                "The store of live state was told who lost access.",
                extra={"event": "revocation told"},
            )
        finally:
            # It may be the connection that is broken: the next try opens a new one.
            connections.close_all()


revocations = Revocations()
"""What this process has to tell."""
