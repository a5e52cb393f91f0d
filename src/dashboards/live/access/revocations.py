"""Write revocations to the store, and retry until it has taken them.

A store may refuse writes while it can be read: a database that is locked, full or read-only, or a
network failure of this process only. Hubs that read get no error then, and would send updates to a
user who has logged out.
"""

import atexit
import logging
import random
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.db import connections

from dashboards import conf
from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.subjects import (
    ALL_USERS,
    dashboard_subject,
    is_personal,
    join,
    object_subjects,
    session_subject,
    user_subject,
)
from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.commits import on_commit
from dashboards.live.stores import get_store
from dashboards.live.workers import start

logger = logging.getLogger("dashboards.live")

_FIRST_PAUSE_SECONDS = 0.2
_MAX_PAUSE_SECONDS = 5.0
_MAX_AT_ONCE = 1000
"""Revocations in one write. A retry with more users and sessions revokes all users instead."""

MERGE_SECONDS = 5.0
"""Time in which ``revoke_soon`` merges revocations."""


class Revocations:
    """The revocations of one process. It has a thread only while the store refuses them.

    Args:
        clock: the time by which it merges and retries.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._timer: threading.Timer | None = None
        self.reset()

    def reset(self) -> None:
        """Forget all that is not written yet: a test begins."""
        if self._timer is not None:
            self._timer.cancel()
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._until = 0.0
        self._thread: threading.Thread | None = None
        self._merged: set[str] = set()
        self._merged_at = -MERGE_SECONDS
        self._timer = None

    @property
    def are_waiting(self) -> bool:
        """True if the store has not taken all revocations yet."""
        # After a fork the thread does not exist any more.
        return self._thread is not None and self._thread.is_alive()

    def revoke(self, key: str) -> None:
        """Revoke the access of streams.

        It raises nothing: code that saves a user must not fail because the store is down.

        Args:
            key: a subject, or subjects that were joined (``access/subjects.py``).
        """
        self.revoke_all({key})

    def revoke_soon(self, keys: Iterable[str]) -> None:
        """Do as ``revoke_all``, at most once in ``MERGE_SECONDS``: the first time at once.

        For revocations that may come many times a second, such as those of saved objects.
        """
        with self._lock:
            self._merged.update(keys)
            # After a fork the timer's thread does not exist any more.
            if self._timer is not None and self._timer.is_alive():
                return
            pause = self._merged_at + MERGE_SECONDS - self._clock.monotonic()
            if pause > 0:
                self._timer = threading.Timer(pause, self._flush_in_thread)
                self._timer.daemon = True
                if start(self._timer):
                    return
        self.flush()

    def flush(self) -> None:
        """Write now what ``revoke_soon`` has merged: the process may be about to end."""
        with self._lock:
            merged, self._merged = self._merged, set()
            self._merged_at = self._clock.monotonic()
        if merged:
            self.revoke_all(merged)

    def _flush_in_thread(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.flush()
        finally:
            # The connections of this thread.
            connections.close_all()

    def revoke_all(self, keys: set[str]) -> None:
        """Do as ``revoke``, for any number of keys."""
        try:
            left = sorted(keys)
            while left:
                some, left = left[:_MAX_AT_ONCE], left[_MAX_AT_ONCE:]
                get_store().put(REVOCATIONS, dict.fromkeys(some, ""))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            self._retry(keys, error)

    def _retry(self, keys: set[str], error: Exception) -> None:
        with self._lock:
            self._waiting |= keys
            # By then every stream that is open now has ended by age, and was checked on reconnect.
            age = conf.get("STREAM_MAX_AGE_SECONDS")
            self._until = self._clock.monotonic() + age
            if self.are_waiting:
                return
            self._thread = threading.Thread(
                target=self._run, name="dashboards-revocation", daemon=True
            )
            # If it cannot be started, the next revocation that is refused tries again.
            start(self._thread)
        logger.error(
            "Revoked access cannot be written to the store of live state; it is tried again.",
            exc_info=error,
            extra={"event": "revocation_waiting"},
        )

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._is_needed():
            # Random, so that not all processes retry at once.
            self._clock.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(2 * pause, _MAX_PAUSE_SECONDS)
            self._write()

    def _is_needed(self) -> bool:
        with self._lock:
            if self._clock.monotonic() > self._until:
                self._waiting.clear()
            if not self._waiting:
                # With the lock held: a revocation that comes now must start a new thread.
                self._thread = None
            return bool(self._waiting)

    def _write(self) -> None:
        with self._lock:
            # Swap the set before writing: a user revoked again during the write must be queued
            # again.
            waiting, self._waiting = self._waiting, set()
        keys = waiting
        if len(waiting) > _MAX_AT_ONCE:
            keys = {ALL_USERS, *(key for key in waiting if not is_personal(key))}
        try:
            get_store().put(REVOCATIONS, dict.fromkeys(keys, ""))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            logger.debug("Revoked access was not written to the store: %r", error)
            with self._lock:
                self._waiting |= keys
        else:
            logger.warning(
                "Revoked access was written to the store of live state.",
                extra={"event": "revocation_stored"},
            )
        finally:
            # The connection may be broken. The next write opens a new one.
            connections.close_all()


revocations = Revocations()
"""Those of this process."""

atexit.register(revocations.flush)


class Revocable(Protocol):
    """A dashboard class, or an instance of it that is about an object or for a user."""

    @classmethod
    def get_label(cls) -> str:
        """Return the label of the class, the same on all servers."""

    def get_subjects(self) -> tuple[str, ...]:
        """Return the subjects of the instance: its class, its object and its user."""


def revoke(
    *,
    user: Any = None,
    session: Any = None,
    dashboard: Revocable | type[Revocable] | None = None,
    object: Any = None,  # noqa: A002 - users know it by this name
) -> None:
    """Check the access of streams anew, on all servers.

    Call it after a change of access for which Django sends no signal: ``QuerySet.update``, SQL, a
    contract that has ended. It concerns the streams that match all arguments. Those of a user or
    session end; their pages reconnect at once, and the permission classes let them in or refuse
    them. Others get no updates until permissions were checked, and end if they are refused. Inside
    a transaction it takes effect on commit, and not at all on rollback. While autocommit is turned
    off, Django does not tell of commits, and it takes effect at once: call it after the commit.

    Args:
        user: a user, or a user's primary key.
        session: a session's key, or an object that has one, such as ``request.session``.
        dashboard: a dashboard class, or an instance, which includes its object and its user.
        object: the object that dashboards are about.

    Raises:
        TypeError: no argument is given.
        ValueError: a user, session or object that has not been saved.
    """
    keys = _get_keys(user, session, dashboard, object)
    on_commit(partial(revocations.revoke_all, keys))


async def arevoke(
    *,
    user: Any = None,
    session: Any = None,
    dashboard: Revocable | type[Revocable] | None = None,
    object: Any = None,  # noqa: A002 - users know it by this name
) -> None:
    """Do as ``revoke``, from async code."""
    await sync_to_async(revoke)(user=user, session=session, dashboard=dashboard, object=object)


def _get_keys(user: Any, session: Any, dashboard: Any, obj: Any) -> set[str]:
    parts: list[str] = []
    if user is not None:
        parts.append(user_subject(_require_saved("user", getattr(user, "pk", user))))
    if session is not None:
        key = getattr(session, "session_key", session)
        parts.append(session_subject(str(_require_saved("session", key))))
    if isinstance(dashboard, type):
        kind: type[Revocable] = dashboard
        parts.append(dashboard_subject(kind.get_label()))
    elif dashboard is not None:
        parts += dashboard.get_subjects()
    # An object with several base models has one subject for each.
    names: tuple[str, ...] = ("",)
    if obj is not None:
        _require_saved("object", getattr(obj, "pk", obj))
        names = object_subjects(obj)
    if not parts and obj is None:
        msg = "revoke() needs at least one of user, session, dashboard and object."
        raise TypeError(msg)
    return {join(filter(None, (*parts, name))) for name in names}


def _require_saved(name: str, key: Any) -> Any:
    if key is None or key == "":
        msg = f"revoke({name}=…): the {name} has not been saved."
        raise ValueError(msg)
    return key
