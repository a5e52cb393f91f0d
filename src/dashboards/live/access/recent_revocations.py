"""The revocations that one proxy has to get: new ones once, recent ones again.

The answer that opens a stream may reach a proxy after the revocation of its access was published
there. So a revocation is published again, before each update that follows shortly.
"""

import math
import time
from collections.abc import Collection

from dashboards.live.access.revocation_channel import REVOCATIONS, get_revoked_keys
from dashboards.live.access.subjects import ALL_USERS, first_of, is_personal
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.positions import Position

_REPEAT_SECONDS = 3.0
"""The time during which a revocation is published again before each update."""
_PERSONAL_REPEAT_SECONDS = 15.0
"""The same for one user or session. Their streams are few, and the time covers an answer that a
slow network or a stopped process delays."""
_ALL_USERS_SECONDS = 1.0
"""Time between two publishes to all users."""
_MAX_KEYS = 1000
"""Revocations that are published one by one. More of them count as one of all users."""
_START_SECONDS = 60.0
_START_VERSIONS = 32
"""A process that starts does not know whether others have published the newest revocations. It
publishes as many of them, if the newest is not older than ``_START_SECONDS``."""


class RecentRevocations:
    """The revocations that one proxy has to get. For use in one thread."""

    def __init__(self) -> None:
        self._is_started = False
        self._position: Position | None = None
        # By key, when it was published first; infinite for one that was not published yet.
        self._published_at: dict[str, float] = {}
        self._all_users_at = -math.inf

    def read(self, store: BaseStore) -> list[str]:
        """Return the subjects whose streams must be checked before the next update.

        Raises:
            Exception: the store cannot be read.
        """
        if not self._is_started:
            self._position = _get_start(store)
            self._is_started = True
        changes = store.since(REVOCATIONS, self._position)
        keys = get_revoked_keys(self._position, changes)
        self._position = changes.position
        now = time.monotonic()
        recent = {
            key: at for key, at in self._published_at.items() if at > now - _get_repeat_seconds(key)
        }
        recent.update(dict.fromkeys(keys, math.inf))
        self._published_at = recent
        if ALL_USERS not in recent and len(recent) <= _MAX_KEYS:
            return list(dict.fromkeys(map(first_of, recent)))
        all_users_at = max(recent.values())
        # Streams without user and session are not among those of all users.
        others = {key: at for key, at in recent.items() if not is_personal(key)}
        self._published_at = {**others, ALL_USERS: all_users_at}
        subjects = list(dict.fromkeys(map(first_of, others)))
        is_new = all_users_at == math.inf
        if not is_new and now - self._all_users_at < _ALL_USERS_SECONDS:
            return subjects
        return [ALL_USERS, *subjects]

    def note_published(self, subjects: Collection[str]) -> None:
        """Remember that the revocations were published.

        Args:
            subjects: what ``read`` returned.
        """
        now = time.monotonic()
        self._published_at = {key: min(at, now) for key, at in self._published_at.items()}
        if ALL_USERS in subjects:
            self._all_users_at = now


def _get_repeat_seconds(key: str) -> float:
    return _PERSONAL_REPEAT_SECONDS if is_personal(key) and key != ALL_USERS else _REPEAT_SECONDS


def _get_start(store: BaseStore) -> Position | None:
    """Return the position after the revocations that are too old to be published."""
    head = store.heads([REVOCATIONS]).get(REVOCATIONS)
    if head is None:
        return None
    recent = Position(head.epoch, max(0, head.version - _START_VERSIONS))
    put_at = store.since(REVOCATIONS, head).put_at
    return recent if time.time() - put_at < _START_SECONDS else head
