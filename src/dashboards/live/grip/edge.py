"""Answering what came through a GRIP proxy: hold this, and ask here for what it missed.

The proxy asks at the *next link* which each answer names: once in a while, and at once where an
update is missing. It asks for itself, without the client's headers. So each stream carries a
ticket: who the client was when it was let in, how far the list of lost access had been read then,
and when the stream is of age. Whoever comes with a ticket is checked anew like any other; who may
not stay is answered without an instruction, and the stream ends. The client then comes by itself,
with its cookies, and is told why.

The ticket is the position on a channel that nobody publishes to, so it comes back in ``Grip-Last``.
In the link's query it would do harm: Pushpin asks once for all streams of one path and one
``Grip-Last`` that want to know at a time, whatever their queries, and gives all of them the one
answer. Nor may readers who are alike share a ticket: Pushpin 1.36 forgets to answer who joins a
request in the moment in which it fails, and that stream would be stuck for good. And it asks at
ten links a second, each for a hundred streams at most, while the others wait for their news: all
streams of a path have one link.
"""

import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from dashboards import conf
from dashboards.live.access.channel import REVOCATIONS, get_revoked_keys
from dashboards.live.access.subjects import Revoked, get_user_pk
from dashboards.live.grip.proxies import access_channel, channel_name, make_channel
from dashboards.live.stores import get_store
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import HEARTBEAT, encode_event
from dashboards.live.wire.positions import Position

_SALT = "dashboards.live.grip"
_TICKET_CHANNEL = "ticket:"
"""The channel whose position is the ticket. No dashboard's has a colon."""
_NEXT = "next"
# What a client says once, and the proxy knows better from then on.
_OF_THE_CLIENT = (_NEXT, "position", "hold")


def is_proxied(request: HttpRequest) -> bool:
    """Whether a GRIP proxy stands between the client and us: ``GripMiddleware`` has verified it."""
    return bool(getattr(getattr(request, "grip", None), "proxied", False))


class _Ticket(NamedTuple):
    """What the proxy keeps for us. Tokens instead of objects: it travels as JSON, signed."""

    address: str
    user: str
    subjects: list[str]
    """What the stream is about, as revocations name it."""
    access: str
    ends_at: float
    nonce: str
    """Makes it the only one of its kind."""

    def sign(self) -> str:
        return _signer().sign_object(list(self))

    @classmethod
    def read(cls, text: str, address: str) -> "_Ticket | None":
        """Return a ticket of ours for this stream that is still good."""
        try:
            ticket = cls(*_signer().unsign_object(text))
            is_good = ticket.address == address and time.time() < ticket.ends_at
        except (signing.BadSignature, TypeError, ValueError):
            # Another release of ours may have signed something else.
            return None
        return ticket if is_good else None


class Proxied:
    """A request for a stream that came through the proxy.

    Args:
        request: by the client, or by the proxy for itself.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._ticket: _Ticket | None = None
        self.is_next = _NEXT in request.GET
        """Whether the proxy asks for itself."""
        self.access: Position | None = None
        """Where ``REVOCATIONS`` stood before it is checked whether they may."""

    def answer(self, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Have the view answer, or end the stream where the view does not want it held on.

        A refusal would be repeated for seconds and then written into the stream; a finished answer
        ends it at once.
        """
        store = get_store()
        if not self.is_next:
            self.access = store.reach(lambda: store.heads([REVOCATIONS])).get(REVOCATIONS)
            return view()
        if not self._resume():
            return _ending()
        try:
            response = view()
        except (Http404, PermissionDenied):
            return _ending()
        return response if self._request.grip.instruct else _ending()  # type: ignore[attr-defined]

    def _resume(self) -> bool:
        """Be who the client was when it was let in, unless that may have changed."""
        ticket = self._ticket = _Ticket.read(self._last(_TICKET_CHANNEL), self._address)
        if ticket is None:
            return False
        since = Position.parse(ticket.access)
        store = get_store()
        changes = store.reach(lambda: store.since(REVOCATIONS, since))
        self.access = changes.position
        if Revoked(get_revoked_keys(since, changes)).concerns(ticket.subjects):
            return False
        if not ticket.user:
            return True
        users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented way
        try:
            user = users.filter(pk=ticket.user).first()
        except (TypeError, ValueError, ValidationError):
            return False
        if user is None or not user.is_active:
            return False
        self._request.user = user
        return True

    def position(self, channel: str) -> Position | None:
        """Return how far the stream is, where the proxy asks for itself."""
        return Position.parse(self._last(channel))

    def hold(self, hold: Subscription) -> bool:
        """Have the proxy hold the answer. Call it after the answer's frames were read.

        Args:
            hold: the subscription, from the position of the answer.

        Returns:
            False if the stream must end instead, without these frames: access was revoked after it
            was checked, or the store was restored from a copy.
        """
        # What the proxy asks for itself bears no session: what the client's was, the ticket says.
        subjects = self._ticket.subjects if self._ticket else list(hold.subjects)
        if self._is_revoked(subjects):
            return False
        if self.is_next and _is_set_back(self.position(hold.channel), hold.position):
            # Versions on one connection never go backwards.
            return False
        now = time.time()
        # Drawn for each stream, lest all of them come back in the same second.
        age = conf.get("STREAM_MAX_AGE_SECONDS") * random.uniform(0.8, 1)  # noqa: S311
        ends_at = self._ticket.ends_at if self._ticket else now + min(age, hold.seconds)
        ticket = _Ticket(
            self._address,
            get_user_pk(hold.identity),
            subjects,
            str(self.access or ""),
            ends_at,
            secrets.token_hex(6),
        )
        channels = [make_channel(hold.channel, hold.position)]
        channels += [make_channel(access_channel(each)) for each in subjects]
        channels.append(make_channel(_TICKET_CHANNEL, ticket.sign()))
        # Drawn each time, lest the proxy ask for all streams at once: a stream that it asks for has
        # no news meanwhile. At first from all of the time, for streams that are opened together (a
        # server was restarted) would stay together for long.
        soonest = 0.8 if self.is_next else 0.1
        pause = conf.get("GRIP_POLL_SECONDS") * random.uniform(soonest, 1)  # noqa: S311
        instruct: Any = self._request.grip.start_instruct()  # type: ignore[attr-defined]
        instruct.set_hold_stream()
        instruct.add_channels(channels)
        heartbeat = encode_event(HEARTBEAT, "").decode()
        instruct.set_keep_alive(heartbeat, timeout=max(1, conf.get("HEARTBEAT_SECONDS")))
        instruct.set_next_link(self._link(), timeout=max(1, min(pause, ends_at - now)))
        return True

    def _is_revoked(self, subjects: Sequence[str]) -> bool:
        """Return True if access of one of these was revoked since it was checked."""
        store = get_store()
        changes = store.reach(lambda: store.since(REVOCATIONS, self.access))
        return Revoked(get_revoked_keys(self.access, changes)).concerns(subjects)

    def _last(self, channel: str) -> str:
        """Return the position on a channel that the proxy says the stream has."""
        last: str = self._request.grip.last.get(channel_name(channel), "")  # type: ignore[attr-defined]
        return last

    @property
    def _address(self) -> str:
        """What a ticket is for: the stream, and what its permissions may look at."""
        return f"{self._request.path}{self._link()}"

    def _link(self) -> str:
        """Return the next link: relative, for the proxy may know us by another path than we."""
        query = self._request.GET.copy()
        for name in _OF_THE_CLIENT:
            query.pop(name, None)
        query[_NEXT] = "1"
        return f"?{query.urlencode()}"


def proxied(request: HttpRequest) -> Proxied | None:
    """Return what is to know of a request that came through a GRIP proxy."""
    return Proxied(request) if is_proxied(request) else None


def _signer() -> signing.Signer:
    # Not with a colon, which a position may not hold on its way.
    return signing.Signer(salt=_SALT, sep=".")


def _is_set_back(was: Position | None, now: Position | None) -> bool:
    return bool(was and now and was.epoch == now.epoch and was.version > now.version)


def _ending() -> HttpResponse:
    response = HttpResponse(content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    return response
