"""Answer requests for streams that came through a GRIP proxy.

The proxy keeps the stream open and requests it again at the *next link* of each answer: once in a
while, and at once if an update is missing. It requests that for itself, without the client's
headers. So each stream has a *ticket*: the user who opened it, the position of ``REVOCATIONS``
then, and when the stream ends. A request with a ticket is checked like any other. If its user may
not stay, the answer has no instruction, and the stream ends; the client then reconnects with its
cookies and gets the reason.

The ticket is the position on a channel that nothing is published to, so it comes back in
``Grip-Last``. Each stream has a ticket of its own, and all streams of a path have the same link.
``docs/internals/pushpin.md`` has the reasons.
"""

import random
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from dashboards import conf
from dashboards.live.access.revocation_channel import read_position, read_revocations
from dashboards.live.access.subjects import get_user_pk
from dashboards.live.grip.proxies import access_channel, channel_name, make_channel
from dashboards.live.stores import get_store
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import HEARTBEAT, encode_event
from dashboards.live.wire.positions import Position

_SALT = "dashboards.live.grip"
_TICKET_CHANNEL = "ticket:"
"""The channel whose position is the ticket. No dashboard's channel has a colon."""
_NEXT = "next"
# Parameters of the client's first request. The proxy has newer values.
_CLIENT_PARAMETERS = (_NEXT, "position", "hold")


class _Ticket(NamedTuple):
    """The facts that the proxy keeps for a stream. They are texts: they travel as signed JSON."""

    path: str
    user: str
    subjects: list[str]
    """The subjects of the stream, as revocations name them."""
    access: str
    ends_at: float
    nonce: str
    """Makes each ticket different."""

    def sign(self) -> str:
        return _signer().sign_object(list(self))

    @classmethod
    def read(cls, text: str, path: str) -> "_Ticket | None":
        """Return the ticket, or None if it is not valid for a stream of this path any more."""
        try:
            ticket = cls(*_signer().unsign_object(text))
            is_valid = ticket.path == path and time.time() < ticket.ends_at
        except (signing.BadSignature, TypeError, ValueError):
            # Another release of this package may have signed other fields.
            return None
        return ticket if is_valid else None


class ProxiedRequest:
    """A request for a stream that came through the proxy.

    Args:
        request: by the client, or by the proxy for itself.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._ticket: _Ticket | None = None
        self.is_next = _NEXT in request.GET
        """True if the proxy made the request for itself."""
        self.access: Position | None = None
        """The position of ``REVOCATIONS`` before access was checked."""

    def answer(self, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Return the view's answer, or one that ends the stream if the view does not hold it.

        The proxy would repeat a request that is refused for seconds, and then write the refusal
        into the stream. A finished answer ends the stream at once.
        """
        if not self.is_next:
            self.access = read_position(get_store())
            return view()
        if not self._resume():
            return _end_stream()
        try:
            response = view()
        except (Http404, PermissionDenied):
            return _end_stream()
        return response if self._request.grip.instruct else _end_stream()  # type: ignore[attr-defined]

    def _resume(self) -> bool:
        """Sign in the ticket's user; return False if access may have been revoked."""
        ticket = self._ticket = _Ticket.read(self._get_last(_TICKET_CHANNEL), self._path)
        if ticket is None:
            return False
        self.access, revoked = read_revocations(get_store(), Position.parse(ticket.access))
        if revoked.concerns(ticket.subjects):
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
        """Return the stream's position, if the proxy made the request for itself."""
        return Position.parse(self._get_last(channel))

    def hold(self, subscription: Subscription) -> bool:
        """Have the proxy hold the answer. Call it after the answer's frames were read.

        Args:
            subscription: the subscription, from the position of the answer.

        Returns:
            False if the stream must end instead, without these frames: access was revoked after it
            was checked, or the store was restored from a copy.
        """
        # A request of the proxy has no session; the ticket has the subjects of the client's.
        subjects = self._ticket.subjects if self._ticket else list(subscription.subjects)
        _, revoked = read_revocations(get_store(), self.access)
        if revoked.concerns(subjects):
            return False
        last = self.position(subscription.channel)
        if self.is_next and _is_set_back(last, subscription.position):
            # Versions on one connection never go backwards.
            return False
        now = time.time()
        # Random for each stream, so that they do not all reconnect in the same second.
        age = conf.get("STREAM_MAX_AGE_SECONDS") * random.uniform(0.8, 1)  # noqa: S311
        ends_at = self._ticket.ends_at if self._ticket else now + min(age, subscription.seconds)
        ticket = _Ticket(
            self._path,
            get_user_pk(subscription.identity),
            subjects,
            str(self.access or ""),
            ends_at,
            secrets.token_hex(6),
        )
        channels = [make_channel(subscription.channel, subscription.position)]
        channels += [make_channel(access_channel(each)) for each in subjects]
        channels.append(make_channel(_TICKET_CHANNEL, ticket.sign()))
        # Random, so that the proxy does not request all streams at once: a stream gets no updates
        # meanwhile. The first pause may be short, to spread streams that were opened together.
        shortest = 0.8 if self.is_next else 0.1
        pause = conf.get("GRIP_POLL_SECONDS") * random.uniform(shortest, 1)  # noqa: S311
        instruct: Any = self._request.grip.start_instruct()  # type: ignore[attr-defined]
        instruct.set_hold_stream()
        instruct.add_channels(channels)
        heartbeat = encode_event(HEARTBEAT, "").decode()
        instruct.set_keep_alive(heartbeat, timeout=max(1, conf.get("HEARTBEAT_SECONDS")))
        instruct.set_next_link(self._link, timeout=max(1, min(pause, ends_at - now)))
        return True

    def _get_last(self, channel: str) -> str:
        """Return the stream's position on a channel, as the proxy sent it."""
        last: str = self._request.grip.last.get(channel_name(channel), "")  # type: ignore[attr-defined]
        return last

    @property
    def _path(self) -> str:
        """The path and query that a ticket is valid for: permissions may depend on both."""
        return f"{self._request.path}{self._link}"

    @property
    def _link(self) -> str:
        """The next link. Relative, because the proxy may serve the site under another path."""
        query = self._request.GET.copy()
        for name in _CLIENT_PARAMETERS:
            query.pop(name, None)
        query[_NEXT] = "1"
        return f"?{query.urlencode()}"


def get_proxied_request(request: HttpRequest) -> ProxiedRequest | None:
    """Return the request as one that came through a GRIP proxy, or None if it did not.

    ``GripMiddleware`` has verified that it did.
    """
    is_proxied = getattr(getattr(request, "grip", None), "proxied", False)
    return ProxiedRequest(request) if is_proxied else None


def _signer() -> signing.Signer:
    # The default separator is a colon, which a position in ``Grip-Last`` may not contain.
    return signing.Signer(salt=_SALT, sep=".")


def _is_set_back(last: Position | None, now: Position | None) -> bool:
    return bool(last and now and last.epoch == now.epoch and last.version > now.version)


def _end_stream() -> HttpResponse:
    response = HttpResponse(content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    return response
