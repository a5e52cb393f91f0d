"""One computing of a group of values, its lease, and each value while it is computed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from dashboards.live.compute.groups import ComputedValue, ComputeGroup
from dashboards.live.compute.leases import Lease, acquire_lease
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points

Key = tuple[BaseStore, str, str]
"""Store, channel, and the key of a value or the name of a group."""

_RETRY_SECONDS = 2.0
"""After a failure, a page or a viewer who tries again may have the group computed so soon."""
_LATE_SECONDS = 2.0
"""A value is late after its interval, but not before this time."""


@dataclass(eq=False, slots=True)
class GroupLease:
    """A lease of a group, for as long as any of its values is being computed."""

    group: ComputeGroup
    lease: Lease
    renewed_at: float
    requested_at: float
    """When a hub or a page last requested the group."""
    began_at: float = 0.0
    runs: "set[ValueRun]" = field(default_factory=set)
    is_lost: bool = False
    """True if another process has acquired the lease: a result that comes now is old."""
    is_renewed: bool = False
    has_failed: bool = False
    """True if one of its values failed: the group is then due again soon."""

    def check(self, store: BaseStore) -> bool:
        """Return True if the lease is still ours. Renew it first if it is no longer safe."""
        elapsed = store.clock.monotonic() - self.renewed_at
        if not self.is_lost and not self.group.lease_is_safe(elapsed):
            self.renew(store)
        return not self.is_lost

    def renew(self, store: BaseStore) -> None:
        """Renew the lease, or note that it is lost."""
        now = store.clock.monotonic()
        if store.renew_lease(self.lease.name, self.lease.holder, self.group.lease_seconds):
            self.renewed_at, self.is_renewed = now, True
        else:
            self.is_lost = True

    def complete(self, store: BaseStore) -> None:
        """Store that the group is computed, and until when."""
        group, lease = self.group, self.lease
        longest = _RETRY_SECONDS if self.has_failed else group.seconds
        if group.topics:
            seconds = min(group.fresh_seconds, longest)
            store.renew_lease(lease.name, lease.holder, seconds, lease.input_version)
        elif self.is_renewed or self.has_failed:
            left = self.began_at + group.seconds - store.clock.monotonic()
            store.renew_lease(lease.name, lease.holder, max(min(left, longest), 0))


@dataclass(eq=False, slots=True)
class ValueRun:
    """One computing of a value."""

    round: "Round"
    value: ComputedValue
    began_at: float | None = None
    """``None`` while it waits for a thread."""
    is_shown_late: bool = False
    is_reported: bool = False

    @property
    def id(self) -> Key:
        """The store, the channel and the value's key."""
        return self.round.store, self.round.channel, self.value.key


class Round:
    """One computing of a group.

    It is over when all values are put, or after half a second. Then the next round may begin,
    without the values that are not ready.

    Args:
        store: where the group is leased and its values are put.
        channel: its channel.
        group: what is computed.
    """

    def __init__(self, store: BaseStore, channel: str, group: ComputeGroup) -> None:
        self.store = store
        self.channel = channel
        self.group = group
        self.requested_at = store.clock.monotonic()
        self.began_at = 0.0
        self.lease: GroupLease | None = None
        self.waiters = 0
        self.is_kept = False
        """True if it is computed although nobody waits for it: a page has requested it."""
        self.acquired: tuple[Lease, float] | None = None
        """A lease, and the time when it was acquired, before the computing begins."""
        self.is_shown_late = False
        self.unfinished: dict[str, ValueRun] = {}
        self.results: dict[str, str | Points] = {}
        self.errors: dict[str, BaseException] = {}
        self.is_flushed = False
        self.error: Exception | None = None
        self.over = threading.Event()
        self.done = threading.Event()
        """Set when its last value is put, which may be long after it is over."""
        self.on_over: list[Callable[[], None]] = []

    @property
    def id(self) -> Key:
        """The store, the channel and the group's name."""
        return self.store, self.channel, self.group.name

    @property
    def is_wanted(self) -> bool:
        """True if anybody waits for it, a page has requested it, or its lease is ours."""
        return bool(self.waiters or self.is_kept or self.lease)

    @property
    def waited(self) -> float:
        """The seconds since it was requested."""
        return self.store.clock.monotonic() - self.requested_at

    @property
    def is_late(self) -> bool:
        """True if it was requested longer ago than its interval, and than two seconds."""
        group = self.group
        interval = group.seconds if group.debounce is None else group.debounce
        return self.waited >= max(interval, _LATE_SECONDS)

    def ensure_lease(self) -> bool:
        """Return True if the group is leased to this process now.

        Raises:
            Exception: the store cannot be reached.
        """
        store, group = self.store, self.group
        now = store.clock.monotonic()
        if self.acquired is not None:
            lease, since = self.acquired
            if group.lease_is_safe(now - since) or store.renew_lease(
                lease.name, lease.holder, group.lease_seconds
            ):
                self.acquired = lease, now
                return True
        new = acquire_lease(store, self.channel, group)
        self.acquired = (new, now) if new else None
        return new is not None
