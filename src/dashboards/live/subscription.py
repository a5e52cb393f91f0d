"""The instruction beside a finished answer: hold this, for this channel, from this position.

The view leaves it; whatever holds the connection reads it. Where nobody does, the answer simply
ends and the client comes back with its position.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from dashboards.live.access.subjects import ALL_USERS
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.wire.positions import Position

EXTENSION = "dashboards.hold"
"""The edge's place in the ASGI scope's ``extensions``, which copies of a scope still share."""


STREAM_PATH = "/@stream/"
"""How the address of every stream ends."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to hold, and from where."""

    channel: str
    position: Position | None
    computed_values: Sequence[ComputedValue] = ()
    identity: str = ""
    """The user who opened it, as ``user_subject`` says; empty if nobody is signed in."""
    holder: str = ""
    """The user who counts as holding it, if signed in; else the client's address."""
    resumed: bool = False
    """Whether the client was here before."""
    access: Position | None = None
    """Where ``REVOCATIONS`` stood before it was checked whether they may."""
    session: str = ""
    """The session that opened it, as ``session_subject`` says; empty for none."""
    about: tuple[str, ...] = ()
    """The subjects of its dashboard and of its object."""
    visible_events: frozenset[str] = frozenset()
    """The guarded events that it may be sent (``live/wire/restricted.py``)."""
    seconds: float = math.inf
    """The time after which its session expires, and with it the stream."""

    @property
    def is_personal(self) -> bool:
        """Whether it belongs to somebody: to a user who is signed in, or to a session."""
        return bool(self.identity or self.session)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects whose revocation concerns it."""
        if not self.is_personal:
            return self.about
        whose = (self.identity, ALL_USERS, self.session)
        return (*filter(None, whose), *self.about)


def _has_place(holder: str) -> bool:  # noqa: ARG001 - the default
    return True


def retry_when_full() -> int:
    """Return the milliseconds after which a page asks again whose stream there is no room for.

    Drawn, so that not all of them come back in the same second.
    """
    return random.randint(5000, 15_000)  # noqa: S311


class StreamHandoff:
    """An edge's offer to hold one request's connection after its answer."""

    __slots__ = ("access", "client", "has_place", "hold", "is_watching")

    def __init__(self) -> None:
        self.hold: Subscription | None = None
        self.client = ""
        """What names the client by its network address."""
        self.has_place: Callable[[str], bool] = _has_place
        """Returns True if the edge would hold one more stream for a ``Subscription.holder``."""
        self.is_watching = False
        """Whether the edge follows the store already, and so knows where ``REVOCATIONS`` stands."""
        self.access: Position | None = None
        """How far the edge has read ``REVOCATIONS``, where it follows the store."""


def get_handoff(request: HttpRequest) -> StreamHandoff | None:
    """Return the edge's offer for this request, if an edge stands before us and can hold."""
    scope = getattr(request, "scope", None)
    offer = scope.get("extensions", {}).get(EXTENSION) if scope else None
    return offer if isinstance(offer, StreamHandoff) else None
