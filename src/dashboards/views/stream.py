"""The stream of a dashboard: what changed since a position, and a subscription for a transport."""

import math
import random
from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator

from dashboards import conf
from dashboards.exceptions import StoreUnavailableError
from dashboards.live.access.revocation_channel import read_position
from dashboards.live.access.subjects import session_subject, user_subject
from dashboards.live.grip.proxied_request import ProxiedRequest, get_proxied_request
from dashboards.live.metrics import METRICS
from dashboards.live.stores import get_store
from dashboards.live.stores.base import Changes
from dashboards.live.subscription import StreamHandoff, Subscription, get_handoff, retry_when_full
from dashboards.live.wire.frames import encode_frames, encode_opening, encode_release
from dashboards.live.wire.positions import Position
from dashboards.live.wire.restricted import visible_frames
from dashboards.releases import get_release_id
from dashboards.session_expiry import get_seconds_left, get_session_key, keep_expiry
from dashboards.views.access import DashboardAccessView, must_log_in

_RETRY_MILLISECONDS = 500
"""A page reconnects at once when an open stream ends. It adds a random delay of its own."""


class StreamView(DashboardAccessView):
    """Sends what changed since the client's position, and hands the stream to a transport.

    The response itself is finished at once. The transport that keeps the connection open is a GRIP
    proxy or ``LiveStreamMiddleware``. Without one, the page reconnects after ``retry:``.
    """

    http_method_names = ["get"]  # noqa: RUF012 - as Django declares it
    _access: Position | None = None
    _proxied: ProxiedRequest | None = None

    # A GRIP proxy that reconnects has no session; its ticket is checked in _dispatch().
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check access; answer 503 if the store cannot be reached."""
        keep_expiry(request)
        try:
            return self._dispatch(request, *args, **kwargs)
        except StoreUnavailableError:
            # The page reconnects with its position. A random time spreads the pages' requests.
            return HttpResponse(status=503, headers={"Retry-After": random.randint(1, 5)})  # noqa: S311

    def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        proxy = self._proxied = get_proxied_request(request)
        if not (proxy and proxy.is_next) and must_log_in(request):
            return self.handle_no_permission(request)
        if proxy:
            return proxy.answer(partial(super().dispatch, request, *args, **kwargs))
        if handoff := get_handoff(request):
            # Read before access is checked: a stream is not opened for a user who loses access
            # from here on.
            is_known = handoff.is_watching
            self._access = handoff.access if is_known else read_position(get_store())
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer with what changed, and with a subscription for the transport, if there is one."""
        if not self.dashboard.is_live:
            return HttpResponse(status=204)  # An EventSource does not reconnect after 204.
        proxy, handoff, retry = self._negotiate()
        content = self._encode_opening(proxy, handoff, retry)
        if handoff is not None:
            # The middleware sends what changed: it encodes it once for many new streams.
            handoff.subscription = self._subscribe(self._get_position(), self._access)
        else:
            changes = self._read_changes()
            frames = visible_frames(changes.frames, self.dashboard.visible_events)
            if proxy is None or proxy.hold(self._subscribe(changes.position, proxy.access)):
                content += encode_frames(frames, str(changes.position))
        response = HttpResponse(content, content_type="text/event-stream")
        response["Cache-Control"] = "no-transform"
        response["X-Accel-Buffering"] = "no"
        if handoff is not None or proxy is not None:
            # GZipMiddleware would buffer frames. The transport removes this header.
            response["Content-Encoding"] = "identity"
        return response

    def _negotiate(self) -> tuple[ProxiedRequest | None, StreamHandoff | None, int]:
        """Return the transport that keeps the stream open, and the ``retry:`` milliseconds.

        The transport is a proxy, a handoff to the middleware, or neither: there is none, the page
        declined it, or this client or process has too many streams.
        """
        poll: int = conf.get("POLL_MILLISECONDS")
        if self.request.GET.get("hold") == "0":
            return None, None, poll
        if self._proxied is not None:
            return self._proxied, None, _RETRY_MILLISECONDS
        handoff = get_handoff(self.request)
        if handoff is None:
            return None, None, poll
        if not handoff.has_slot(self._identity or handoff.network):
            METRICS.refused += 1
            return None, None, retry_when_full()
        return None, handoff, _RETRY_MILLISECONDS

    def _encode_opening(
        self, proxy: ProxiedRequest | None, handoff: StreamHandoff | None, retry: int
    ) -> bytes:
        """Return the first events: ``retry:``, the interval of heartbeats, and the release."""
        # A proxy that reconnects continues a stream, which may have begun before a deploy.
        release = encode_release(get_release_id())
        if proxy is not None and proxy.is_next:
            return release
        beat = conf.get("HEARTBEAT_SECONDS") if proxy or handoff else retry / 1000
        return encode_opening(retry, beat, get_store().clock.time()) + release

    def _read_changes(self) -> Changes:
        """Compute what is due, and return what changed since the client's position."""
        # Under the middleware one thread of a process opens all streams, so it must not wait for
        # values. Those that are not ready are sent by the next request, or through the proxy.
        seconds = None if get_handoff(self.request) is None else 0
        self.dashboard.compute_due(deferred=True, seconds=seconds)
        store, position = get_store(), self._get_position()
        return store.reach(lambda: store.since(self.dashboard.channel, position))

    def _get_position(self) -> Position | None:
        """Return the position of the client."""
        request = self.request
        if self._proxied is not None and self._proxied.is_next:
            return self._proxied.position(self.dashboard.channel)
        # On a reconnect the header is newer than the URL, which the page contains.
        token = request.headers.get("Last-Event-ID") or request.GET.get("position")
        return Position.parse(token)

    @property
    def _identity(self) -> str:
        user = getattr(self.request, "user", None)
        return user_subject(user.pk) if user and user.is_authenticated else ""

    def _subscribe(self, position: Position | None, access: Position | None) -> Subscription:
        request, dashboard = self.request, self.dashboard
        handoff = get_handoff(request)
        session = get_session_key(request)
        return Subscription(
            dashboard.channel,
            position,
            dashboard.get_computed_values(),
            identity=self._identity,
            owner=self._identity or (handoff.network if handoff else ""),
            session=session_subject(session) if session else "",
            content_subjects=dashboard.get_subjects(),
            visible_events=dashboard.visible_events,
            seconds=get_seconds_left(request) if session else math.inf,
            access=access,
            resumed="Last-Event-ID" in request.headers,
        )
