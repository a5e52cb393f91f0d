"""Telling the store who may have lost access, again and again until it knows.

A store may take no writes while others read it well: a database that is locked, full or read-only,
this process's network. Hubs that read see no failure then, and would go on showing news to
somebody who has logged out.
"""

import atexit
import logging
import random
import threading
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from dashboards import conf
from dashboards.live.access.channel import REVOCATIONS
from dashboards.live.access.subjects import (
    ALL_USERS,
    dashboard_subject,
    is_personal,
    join,
    object_subjects,
    session_subject,
    user_subject,
)
from dashboards.live.stores import get_store

logger = logging.getLogger("dashboards.live")

_FIRST_PAUSE_SECONDS = 0.2
_MOST_PAUSE_SECONDS = 5.0
_MOST_AT_ONCE = 1000
"""Users that are told singly; were it more, everybody is asked anew."""

MERGE_SECONDS = 5.0
"""Time in which revocations are put together that may come many times a second."""


class Revocations:
    """What this process has to tell. Without a thread while the store takes what it is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._until = 0.0
        self._thread: threading.Thread | None = None
        self._merged: set[str] = set()
        self._merged_at = -MERGE_SECONDS
        self._timer: threading.Timer | None = None

    @property
    def are_waiting(self) -> bool:
        """Whether there is something that the store has not taken yet."""
        # A fork leaves the thread behind.
        return self._thread is not None and self._thread.is_alive()

    def revoke(self, who: str) -> None:
        """Tell whose streams may have lost access: a key as ``subjects`` makes it. Raises nothing.

        Whoever saved is not to blame for a store that does not answer.
        """
        self.revoke_all({who})

    def revoke_soon(self, keys: Iterable[str]) -> None:
        """Do as ``revoke``, at most once in ``MERGE_SECONDS``: the first time at once.

        For what may happen many times a second, such as the saving of objects.
        """
        with self._lock:
            self._merged.update(keys)
            # A fork leaves the thread behind.
            if self._timer is not None and self._timer.is_alive():
                return
            pause = self._merged_at + MERGE_SECONDS - time.monotonic()
            if pause > 0:
                self._timer = threading.Timer(pause, self._tell_merged_alone)
                self._timer.daemon = True
                self._timer.start()
                return
        self.flush()

    def flush(self) -> None:
        """Tell now what ``revoke_soon`` has put together: a process that ends may not wait."""
        with self._lock:
            merged, self._merged = self._merged, set()
            self._merged_at = time.monotonic()
        if merged:
            self.revoke_all(merged)

    def _tell_merged_alone(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.flush()
        finally:
            # Of this thread.
            connections.close_all()

    def revoke_all(self, keys: set[str]) -> None:
        """Do as ``revoke``, for several keys."""
        try:
            left = sorted(keys)
            while left:
                some, left = left[:_MOST_AT_ONCE], left[_MOST_AT_ONCE:]
                get_store().put(REVOCATIONS, dict.fromkeys(some, ""))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            self._remember(keys, error)

    def _remember(self, keys: set[str], error: Exception) -> None:
        with self._lock:
            self._waiting |= keys
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
            extra={"event": "revocation_waiting"},
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
        told = waiting
        if len(waiting) > _MOST_AT_ONCE:
            told = {ALL_USERS, *(key for key in waiting if not is_personal(key))}
        try:
            get_store().put(REVOCATIONS, dict.fromkeys(told, ""))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            logger.debug("The store was not told who lost access: %r", error)
            with self._lock:
                self._waiting |= told
        else:
            logger.warning(
                "The store of live state was told who lost access.",
                extra={"event": "revocation_stored"},
            )
        finally:
            # It may be the connection that is broken: the next try opens a new one.
            connections.close_all()


revocations = Revocations()
"""What this process has to tell."""

atexit.register(revocations.flush)


class Revocable(Protocol):
    """A dashboard: a class, or an instance of it that is about an object or for a user."""

    @classmethod
    def get_label(cls) -> str:
        """Return what names the class on all servers."""

    def get_subjects(self) -> tuple[str, ...]:
        """Return the subjects of the instance: its class, its object, the user that it is for."""


def revoke(
    *,
    user: Any = None,
    session: Any = None,
    dashboard: Revocable | type[Revocable] | None = None,
    object: Any = None,  # noqa: A002 - users know it by this name
) -> None:
    """Have the streams that are concerned checked for access anew, wherever they are held.

    Call it after a change about access that Django sends no signal for, and that only your project
    knows of: ``QuerySet.update``, SQL, a contract that was ended. Streams that are about all that
    is named end; their pages connect again at once, and the permission classes let them in or
    refuse them. Inside a transaction it takes effect on commit, and not at all on rollback.

    Args:
        user: a user, or a user's primary key.
        session: a session's key, or an object that has one, such as ``request.session``.
        dashboard: a dashboard class, or an instance: that names its object too, and the user that
            it is for.
        object: the object that dashboards are about.

    Raises:
        TypeError: nothing is named.
        ValueError: a user, session or object that has not been saved.
    """
    keys = _get_keys(user, session, dashboard, object)
    tell = partial(revocations.revoke_all, keys)
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        transaction.on_commit(tell)
    else:
        tell()


async def arevoke(
    *,
    user: Any = None,
    session: Any = None,
    dashboard: Revocable | type[Revocable] | None = None,
    object: Any = None,  # noqa: A002 - users know it by this name
) -> None:
    """Do as ``revoke``, from async code."""
    await sync_to_async(revoke)(user=user, session=session, dashboard=dashboard, object=object)


def _get_keys(user: Any, session: Any, dashboard: Any, thing: Any) -> set[str]:
    parts: list[str] = []
    if user is not None:
        parts.append(user_subject(_saved("user", getattr(user, "pk", user))))
    if session is not None:
        key = getattr(session, "session_key", session)
        parts.append(session_subject(str(_saved("session", key))))
    if isinstance(dashboard, type):
        kind: type[Revocable] = dashboard
        parts.append(dashboard_subject(kind.get_label()))
    elif dashboard is not None:
        parts += dashboard.get_subjects()
    # Of several base models each names the object.
    names: tuple[str, ...] = ("",)
    if thing is not None:
        _saved("object", getattr(thing, "pk", thing))
        names = object_subjects(thing)
    if not parts and thing is None:
        msg = "revoke() needs at least one of user, session, dashboard and object."
        raise TypeError(msg)
    return {join(filter(None, (*parts, name))) for name in names}


def _saved(name: str, key: Any) -> Any:
    if key is None or key == "":
        msg = f"revoke({name}=…): the {name} has not been saved."
        raise ValueError(msg)
    return key
