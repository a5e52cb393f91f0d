"""The instruction that a view leaves beside its finished answer: keep this stream open.

A view creates a ``Subscription``; the stream transport that has the connection opens it. Without
a transport the answer simply ends, and the client comes back with its position.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from dashboards.live.access.subjects import ALL_USERS
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.wire.positions import Position

EXTENSION = "dashboards.stream_handoff"
"""The key of a ``StreamHandoff`` in the ASGI scope's ``extensions``, which copies of a scope
share."""

STREAM_PATH = "/@stream/"
"""The end of the path of every stream."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which channel to stream, from which position, and for whom."""

    channel: str
    position: Position | None
    computed_values: Sequence[ComputedValue] = ()
    """The values that are computed while somebody subscribes."""
    identity: str = ""
    """The user who opened it, as ``user_subject`` returns it; empty if nobody is signed in."""
    owner: str = ""
    """Whose stream it is where streams are counted: the signed-in user, else the client's
    network."""
    resumed: bool = False
    """True if the client reconnects."""
    access: Position | None = None
    """The position of ``REVOCATIONS`` before access was checked."""
    session: str = ""
    """The session that opened it, as ``session_subject`` returns it; empty without a session."""
    content_subjects: tuple[str, ...] = ()
    """The subjects of its dashboard and of the dashboard's object."""
    visible_events: frozenset[str] = frozenset()
    """The restricted events that it may get (``live/wire/restricted.py``)."""
    seconds: float = math.inf
    """The time after which its session expires, and the stream ends."""

    @property
    def is_personal(self) -> bool:
        """True if it belongs to a signed-in user or to a session."""
        return bool(self.identity or self.session)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects whose revocation concerns it."""
        if not self.is_personal:
            return self.content_subjects
        personal = (self.identity, ALL_USERS, self.session)
        return (*filter(None, personal), *self.content_subjects)

    def has_access_of(self, other: "Subscription") -> bool:
        """Return True if both are for the same viewer, who may get the same."""
        return (self.channel, self.identity, self.session, self.visible_events) == (
            *(other.channel, other.identity, other.session, other.visible_events),
        )


def _has_slot(owner: str) -> bool:  # noqa: ARG001 - the default
    return True


def retry_when_full() -> int:
    """Return the milliseconds after which a page retries if there is no slot for its stream.

    Random, so that pages do not all retry in the same second.
    """
    return random.randint(5000, 15_000)  # noqa: S311


class StreamHandoff:
    """A transport's offer to keep one request's connection open after the answer."""

    __slots__ = ("access", "has_slot", "is_watching", "network", "subscription")

    def __init__(self) -> None:
        self.subscription: Subscription | None = None
        """The subscription that the view wants to be streamed, or None."""
        self.network = ""
        """The client's network address, as ``network_of`` returns it."""
        self.has_slot: Callable[[str], bool] = _has_slot
        """Returns True if the transport has a slot for a stream of this ``Subscription.owner``."""
        self.is_watching = False
        """True if the transport already follows the store, so that ``access`` is up to date."""
        self.access: Position | None = None
        """The position of ``REVOCATIONS`` up to which the transport applied revocations."""


def get_handoff(request: HttpRequest) -> StreamHandoff | None:
    """Return the handoff for this request, or None if no in-process transport serves it."""
    scope = getattr(request, "scope", None)
    handoff = scope.get("extensions", {}).get(EXTENSION) if scope else None
    return handoff if isinstance(handoff, StreamHandoff) else None
