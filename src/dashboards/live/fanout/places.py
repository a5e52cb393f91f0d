"""Places that are too few for all: who holds most makes room for who holds less.

Pure: standard library only.
"""

import threading
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address


class Place:
    """What somebody holds. Made by ``Places.take``."""

    __slots__ = ("holder", "leave")

    def __init__(self, holder: str, leave: Callable[[], None]) -> None:
        self.holder = holder
        self.leave = leave


class Places:
    """The places of one process, by who holds them.

    While there is room, everybody is let in, however many places they hold. When all are taken,
    a newcomer gets the newest place of whoever holds most, if that is at least two more than the
    newcomer holds. So no one can keep out the others, and where all come from one address, such as
    that of a reverse proxy, the last to come are refused.

    ``may_take`` may be called from any thread, the others from one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, dict[Place, None]] = {}
        self._taken = 0
        self.is_full = False
        """True if all were taken when somebody asked last; false again when a tenth is free."""

    @property
    def taken(self) -> int:
        """How many are held."""
        return self._taken

    def may_take(self, holder: str, most: int) -> bool:
        """Return True if a newcomer would get a place.

        Args:
            holder: who asks: a user, or what ``network_of`` returns.
            most: how many places there are.
        """
        with self._lock:
            if self._taken < most:
                self.is_full = self.is_full and self._taken > most * 0.9
                return True
            self.is_full = True
            return self._richest(holder) is not None

    def take(self, holder: str, most: int, leave: Callable[[], None]) -> Place | None:
        """Take a place, and have somebody leave who holds more where all are taken.

        Args:
            holder: who asks.
            most: how many places there are.
            leave: called when the place has to be left. It may call ``give_back``.

        Returns:
            The place, for ``give_back``, or ``None`` where there is none.
        """
        if not self.may_take(holder, most):
            return None
        with self._lock:
            richest = self._richest(holder) if self._taken >= most else None
            if richest is None and self._taken >= most:
                return None
            place = Place(holder, leave)
            self._places.setdefault(holder, {})[place] = None
            self._taken += 1
            leaving = next(reversed(self._places[richest])) if richest is not None else None
        if leaving is not None:
            self.give_back(leaving)
            leaving.leave()
        return place

    def give_back(self, place: Place) -> None:
        """Give a place back; a second time does nothing."""
        with self._lock:
            theirs = self._places.get(place.holder, {})
            if place in theirs:
                del theirs[place]
                self._taken -= 1
                if not theirs:
                    del self._places[place.holder]

    def _richest(self, holder: str) -> str | None:
        """Return who has to make room for a newcomer, if anybody."""
        held = len(self._places.get(holder, ()))
        if not self._places:
            return None
        richest = max(self._places, key=lambda each: len(self._places[each]))
        return richest if len(self._places[richest]) > held + 1 else None


def network_of(address: str) -> str:
    """Return what names a client by its network address.

    An IPv6 address counts as its network of 64 bits, which is what one customer is given at least:
    whoever has one address there has all of them.
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
