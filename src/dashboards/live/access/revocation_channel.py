"""The channel of revocations: which streams may have lost access, as state of the store."""

from dashboards.live.access.subjects import ALL_USERS, Revoked
from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.wire.positions import Position

REVOCATIONS = "access:"
"""Each of its keys names streams that may have lost access (``access/subjects.py``). No dashboard's
channel has a colon."""


def get_revoked_keys(since: Position | None, changes: Changes) -> set[str]:
    """Return the keys that were revoked after a position.

    Args:
        since: the position up to which the channel was read before.
        changes: what the store returned for it. If the store has forgotten that position, the
            result is ``ALL_USERS``.
    """
    if since and not (changes.position and changes.position.knows(since)):
        return {ALL_USERS}
    return {frame.key for frame in changes.frames}


def read_position(store: BaseStore) -> Position | None:
    """Return the channel's position. Read it before access is checked.

    Raises:
        StoreUnavailableError: the store cannot be reached.
    """
    return store.reach(lambda: store.heads([REVOCATIONS])).get(REVOCATIONS)


def read_revocations(store: BaseStore, since: Position | None) -> tuple[Position | None, Revoked]:
    """Return the channel's position, and what was revoked after an earlier one.

    Args:
        store: the store with the channel.
        since: the earlier position.

    Raises:
        StoreUnavailableError: the store cannot be reached.
    """
    changes = store.reach(lambda: store.since(REVOCATIONS, since))
    return changes.position, Revoked(get_revoked_keys(since, changes))
