"""Compares the values that readers show with the pushes and with their permissions."""

from dataclasses import dataclass, field
from time import monotonic

_LATE_SECONDS = 10.0


class PromiseBrokenError(AssertionError):
    """A reader showed a value that it may not show, or did not show one that it must."""


@dataclass
class User:
    """A user who is staff at times."""

    name: str
    cookie: str = ""
    revoked_by: str = ""
    revoked_at: float | None = None
    """Since when it is certain that nothing may be shown to them; ``None`` while it is not."""


@dataclass
class Checker:
    """Records pushes by number, and compares with them the values that readers show."""

    connects: int = 0
    silences: int = 0
    events: int = 0
    dropped: int = 0
    """Events that came late or again on a connection."""
    pushes: int = 0
    excused: int = 0
    """Values shown to a user because of a lost notification, during a fault of the store."""
    expected: dict[str, int] = field(default_factory=dict)
    """The newest acknowledged push of each component."""
    unacknowledged: set[int] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    _started: dict[int, float] = field(default_factory=dict)
    _faults: list[list[float]] = field(default_factory=list)

    def next_push(self) -> int:
        number = len(self._started) + 1
        self._started[number] = monotonic()
        self.unacknowledged.add(number)
        return number

    def acknowledged(self, number: int, keys: list[str]) -> None:
        self.pushes += 1
        self.unacknowledged.remove(number)
        for key in keys:
            self.expected[key] = number

    def forget(self) -> None:
        """Note that the store has lost its data: earlier pushes must not be shown again."""
        self.expected.clear()

    def violated(self, message: str) -> None:
        self.violations.append(message)

    def check(self) -> None:
        if self.violations:
            raise PromiseBrokenError("\n".join(self.violations[:20]))

    def store_fails(self) -> None:
        self._faults.append([monotonic(), float("inf")])

    def store_healed(self) -> None:
        self._faults[-1][1] = monotonic()

    def received(
        self, number: int, user: User | None, connected_at: float, *, answered: bool
    ) -> None:
        """Note that a user shows a pushed value, on a connection requested at this time.

        They may, if they had not lost access before it was pushed. An answer that was under way
        when they lost it was still allowed, as a page is; what came after the answer was not.
        """
        if user is None or user.revoked_at is None:
            return
        started = self._started[number]
        if started <= user.revoked_at or (not answered and connected_at <= user.revoked_at):
            return
        if any(
            began <= started <= ended + _LATE_SECONDS and user.revoked_at <= ended + 1
            for began, ended in self._faults
        ):
            self.excused += 1
            return
        late, since = started - user.revoked_at, connected_at - user.revoked_at
        self.violated(
            f"{user.name} received push {number}, {late:.2f} s after losing access by "
            f"{user.revoked_by}, on a connection asked for {since:+.2f} s after"
        )
