"""What is being computed: rounds of turns, their values, and the batches that threads work on."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dashboards.live.compute.awaiting import Together
from dashboards.live.compute.triggers import Claim, ComputedValue, ComputeGroup
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points

Key = tuple[BaseStore, str, str]
"""Store, channel, and the key of a source or the name of a turn."""

MAX_REMEMBERED = 10_000
"""How many values' paces, and troubles, are remembered."""


@dataclass(eq=False, slots=True)
class TurnLease:
    """A claim on a turn, for as long as any of its values is being computed."""

    turn: ComputeGroup
    claim: Claim
    renewed_at: float
    asked_at: float
    """When a hub or a page last wanted the turn."""
    began_at: float = 0.0
    values: "set[Value]" = field(default_factory=set)
    is_lost: bool = False
    """True if somebody else has taken over: what comes now is old."""
    is_renewed: bool = False

    def is_held(self, store: BaseStore) -> bool:
        """Return True if the claim is still ours, asking the store where that is not sure."""
        elapsed = time.monotonic() - self.renewed_at
        if not self.is_lost and not self.turn.is_surely_held(elapsed):
            self.renew(store)
        return not self.is_lost

    def renew(self, store: BaseStore) -> None:
        """Extend the claim, or note that it is lost."""
        now = time.monotonic()
        if store.hold(self.claim.name, self.claim.holder, self.turn.claim_seconds):
            self.renewed_at, self.is_renewed = now, True
        else:
            self.is_lost = True

    def settle(self, store: BaseStore) -> None:
        """Say that the turn is computed, and for how long."""
        turn, claimed = self.turn, self.claim
        if turn.topics:
            store.hold(claimed.name, claimed.holder, turn.fresh_seconds, claimed.stamp)
        elif self.is_renewed:
            left = self.began_at + turn.seconds - time.monotonic()
            store.hold(claimed.name, claimed.holder, max(left, 0))


@dataclass(eq=False, slots=True)
class Value:
    """A value that is being computed."""

    round: "Round"
    source: ComputedValue
    began_at: float | None = None
    """``None`` while it waits for a thread."""
    is_told_late: bool = False
    is_reported: bool = False

    @property
    def id(self) -> Key:
        """What it is of."""
        return self.round.store, self.round.channel, self.source.key


class Round:
    """One computing of a turn.

    It is over when all values are put, or after half a second: then the next may begin, without
    the values that are not ready.

    Args:
        store: where the turn is claimed and its values are put.
        channel: its channel.
        turn: what is computed.
    """

    def __init__(self, store: BaseStore, channel: str, turn: ComputeGroup) -> None:
        self.store = store
        self.channel = channel
        self.turn = turn
        self.asked_at = time.monotonic()
        self.began_at = 0.0
        self.lease: TurnLease | None = None
        self.waiters = 0
        self.is_kept = False
        """True if it is computed though nobody waits for it: a page has asked."""
        self.claimed: tuple[Claim, float] | None = None
        """A claim, and when it was made, by who has not begun to compute."""
        self.is_told_late = False
        self.unfinished: dict[str, Value] = {}
        self.results: dict[str, str | Points] = {}
        self.errors: dict[str, BaseException] = {}
        self.is_flushed = False
        self.error: Exception | None = None
        self.over = threading.Event()
        self.done = threading.Event()
        """Set when its last value is put, so perhaps long after it was over."""
        self.on_over: list[Callable[[], None]] = []

    @property
    def id(self) -> Key:
        """What it is of."""
        return self.store, self.channel, self.turn.name


class Batch:
    """Values that are computed one after the other in one thread: one hop for all of them.

    Args:
        values: at least one.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        self.channel = values[0].round.channel
        self.pending = deque(values)
        self.current: Value | None = None

    def is_held_up(self, now: float, seconds: float) -> bool:
        """Return True if the present value has taken so long."""
        value = self.current
        return bool(value and value.began_at and now - value.began_at >= seconds)

    @property
    def ids(self) -> list[Key]:
        """What it is going to compute."""
        return [value.id for value in self.pending]


class AwaitedBatch:
    """Values that are awaited together.

    Args:
        values: at least one.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        self.channel = values[0].round.channel
        self.values = {str(number): value for number, value in enumerate(values)}
        self.together: Together | None = None
        self.began_at = 0.0
        self.moved: set[Value] = set()
        """Those that were given threads of their own, for another blocks the event loop."""

    @property
    def ids(self) -> list[Key]:
        """What it computes."""
        return [value.id for value in self.values.values()]


class Paces:
    """Which values were quick the last time, and which were not."""

    def __init__(self) -> None:
        self._paces: OrderedDict[Key, bool] = OrderedDict()

    def note(self, id_: Key, *, is_quick: bool) -> None:
        """Remember how quick a value was."""
        self._paces[id_] = is_quick
        self._paces.move_to_end(id_)
        if len(self._paces) > MAX_REMEMBERED:
            self._paces.popitem(last=False)

    def are_quick(self, ids: Iterable[Key]) -> bool:
        """Return True if all of these are known to be quick."""
        return all(self._paces.get(id_, False) for id_ in ids)

    def plan(self, values: Iterable[Value], *, apart: bool = False) -> list[Batch | AwaitedBatch]:
        """Divide values into batches.

        Args:
            values: the values.
            apart: whether something held them up: what is not known to be quick stays single.
        """
        quick: list[Value] = []
        unknown: list[Value] = []
        awaited: list[Value] = []
        single: list[Batch | AwaitedBatch] = []
        for value in values:
            pace = self._paces.get(value.id)
            is_single = pace is False or (apart and pace is None)
            if is_single:
                single.append((AwaitedBatch if value.source.is_awaited else Batch)([value]))
            elif value.source.is_awaited:
                awaited.append(value)
            else:
                (quick if pace else unknown).append(value)
        first = [AwaitedBatch(awaited)] if awaited else []
        return [*first, *(Batch(group) for group in (quick, unknown) if group), *single]
