"""A limited number of slots, shared fairly among their owners.

Pure: standard library only.
"""

import threading
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address


class Slot:
    """A slot that is taken. Made by ``Slots.acquire``.

    Args:
        owner: the user or network that it counts for.
        evict: called when the slot is needed for another owner.
    """

    __slots__ = ("evict", "owner")

    def __init__(self, owner: str, evict: Callable[[], None]) -> None:
        self.owner = owner
        self.evict = evict


class Slots:
    """The slots of one process, by owner.

    While there are free slots, every owner gets as many as it wants. When all are taken, a
    newcomer gets the newest slot of the owner with the most slots, if that owner has at least two
    more than the newcomer. So one owner cannot shut out the others, and if all clients have one
    address, such as that of a reverse proxy, the last to come are refused.

    ``is_available`` may be called from any thread, the other methods from one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, dict[Slot, None]] = {}
        self._taken = 0
        self.is_full = False
        """True if all were taken at the last call of ``is_available`` or ``acquire``; False again
        once a tenth is free."""

    @property
    def taken(self) -> int:
        """The number of slots that are taken."""
        return self._taken

    def is_available(self, owner: str, limit: int) -> bool:
        """Return True if ``acquire`` would return a slot.

        Args:
            owner: a user, or what ``network_of`` returns.
            limit: the number of slots.
        """
        with self._lock:
            if self._taken < limit:
                self.is_full = self.is_full and self._taken > limit * 0.9
                return True
            self.is_full = True
            return self._find_owner_to_evict(owner) is not None

    def acquire(self, owner: str, limit: int, evict: Callable[[], None]) -> Slot | None:
        """Take a slot; if none is free, evict one of an owner that has more.

        Args:
            owner: a user, or what ``network_of`` returns.
            limit: the number of slots.
            evict: called when the slot is taken away. It may call ``release``.

        Returns:
            The slot, for ``release``, or ``None`` if there is none for this owner.
        """
        if not self.is_available(owner, limit):
            return None
        with self._lock:
            other = self._find_owner_to_evict(owner) if self._taken >= limit else None
            if other is None and self._taken >= limit:
                return None
            slot = Slot(owner, evict)
            self._slots.setdefault(owner, {})[slot] = None
            self._taken += 1
            evicted = next(reversed(self._slots[other])) if other is not None else None
        if evicted is not None:
            self.release(evicted)
            evicted.evict()
        return slot

    def release(self, slot: Slot) -> None:
        """Free a slot; a second call does nothing."""
        with self._lock:
            slots = self._slots.get(slot.owner, {})
            if slot in slots:
                del slots[slot]
                self._taken -= 1
                if not slots:
                    del self._slots[slot.owner]

    def _find_owner_to_evict(self, owner: str) -> str | None:
        """Return the owner that has to free a slot for this one, or None."""
        if not self._slots:
            return None
        largest = max(self._slots, key=lambda each: len(self._slots[each]))
        own = len(self._slots.get(owner, ()))
        return largest if len(self._slots[largest]) > own + 1 else None


def network_of(address: str) -> str:
    """Return the network that a client's address counts for.

    For IPv6 it is the first 64 bits: one customer gets at least that much, so one address of it
    means all of them.
    """
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]  # Some proxies add the port.
    try:
        ip = ip_address(text)
    except ValueError:
        return text[:64]
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return f"{ip.exploded[:19]}::/64"
    return str(ip)
