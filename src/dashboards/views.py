"""The views: page, component, stream and metrics. Access is checked in one place."""

import math
import os
import random
from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import (
    get_conditional_response,
    patch_cache_control,
    patch_vary_headers,
)
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.generic import View

from dashboards import conf
from dashboards.characters import clean_text
from dashboards.component.bound import BoundComponent
from dashboards.component.htmx import entity_tag
from dashboards.component.rendering import Shown
from dashboards.component.states import HEADER as STATE_HEADER
from dashboards.dashboard import Dashboard
from dashboards.dashboard.batch import load_alone, load_together
from dashboards.exceptions import StoreUnavailableError, UnknownComponentError
from dashboards.live.access.channel import REVOCATIONS
from dashboards.live.access.subjects import session_subject, user_subject
from dashboards.live.grip.proxied_request import ProxiedRequest, get_proxied_request
from dashboards.live.metrics import METRICS, OPENMETRICS_TYPE, get_metrics, openmetrics
from dashboards.live.stores import get_store
from dashboards.live.stores.base import Changes
from dashboards.live.subscription import StreamHandoff, Subscription, get_handoff, retry_when_full
from dashboards.live.wire.frames import encode_frames, encode_opening, encode_release
from dashboards.live.wire.positions import Position
from dashboards.live.wire.restricted import visible_frames
from dashboards.permissions import grants
from dashboards.releases import get_release_id
from dashboards.sessions import get_seconds_left, get_session_key, is_automatic, keep_expiry

_RETRY_MILLISECONDS = 500
"""A page reconnects at once when an open stream ends. It adds a random delay of its own."""


def answer_privately(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view so that no cache stores its responses, also its refusals and redirects.

    Caches may store a page that every visitor may see: see ``Dashboard.is_public``.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Answer 400 now if the query string has too many parameters: it would fail in each box.
        _ = request.GET
        response: HttpResponseBase
        try:
            response = view(request, *args, **kwargs)
        except (Http404, PermissionDenied) as error:
            if request.method == "POST":
                # Answer 400 if the body cannot be read. Django's error pages read it as well, and
                # would answer 500.
                _ = request.POST
                # An error raised in a form's save() must undo the transaction of ATOMIC_REQUESTS.
                raise
            response = response_for_exception(request, error)
        if not getattr(response, "is_public", False):
            patch_cache_control(response, no_store=True, private=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    return answer


class DashboardAccessView(View):
    """Finds the dashboard, and refuses requests that may not open it."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view; no cache stores its responses."""
        return answer_privately(super().as_view(**initkwargs))

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it
    dashboard_class: type[Dashboard] = Dashboard
    dashboard: Dashboard

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check access before anything is computed."""
        try:
            instance = self.dashboard_class.get_object(request, **kwargs)
        except Exception as error:
            # A missing object gets the same answer as a forbidden one, so that a viewer without
            # access cannot learn which objects exist. Any other error of a get_queryset() that
            # expects a signed-in user must not become a server error for anonymous requests.
            is_missing = isinstance(error, Http404)
            is_secret = is_missing and self.dashboard_class.has_object_permissions()
            if is_secret or self._is_refused_anyway(request):
                return self.handle_no_permission(request)
            raise
        self.dashboard = self.dashboard_class(request, instance)
        if not grants(self.dashboard.has_permission, request):
            return self.handle_no_permission(request)
        self.find(**kwargs)
        return super().dispatch(request, *args, **kwargs)

    def _is_refused_anyway(self, request: HttpRequest) -> bool:
        """Return True if the request may not open the dashboard of any object."""
        try:
            return not self.dashboard_class.allows(request)
        except Exception:  # noqa: BLE001 - a subclass's methods may need an object
            return False

    def find(self, **kwargs: Any) -> None:
        """Find the component that the URL names. It is called once access has been checked."""

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002
        """Answer 403 to a request that may not open the dashboard.

        Components and streams are requested by scripts, which would put a login page into the box.
        Only the page redirects to the login.
        """
        raise PermissionDenied


@method_decorator(csrf_protect, name="dispatch")
class PageView(DashboardAccessView):
    """Serves the page of a dashboard."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do not renew the session when the page reloads itself."""
        if is_automatic(request):
            keep_expiry(request)
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to the login if nobody is signed in; else answer 403, or 404 for an object.

        A missing object gets the same answer, so that nobody learns which objects exist.
        """
        user = getattr(request, "user", None)
        if user is not None and not user.is_authenticated:
            return _redirect_to_login(request)
        dashboard = self.dashboard_class
        if dashboard.has_object_permissions() and not self._is_refused_anyway(request):
            raise Http404(dashboard.missing_message())
        raise PermissionDenied

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Render the page."""
        dashboard = self.dashboard
        dashboard.compute_due(deferred=False)
        # This reads the position, which must be done before any value is rendered.
        stream_url = dashboard.get_stream_url() if dashboard.is_live else ""
        context = {"dashboard": dashboard, "stream_url": stream_url}
        html = dashboard.templates.render_around(dashboard._meta.template_name, context)  # noqa: SLF001
        response = HttpResponse(clean_text(html))
        response.is_public = dashboard.is_public  # type: ignore[attr-defined]
        return response


class FetchedView(DashboardAccessView):
    """Serves what scripts request; without JavaScript, links and forms lead to it."""

    # LoginRequiredMiddleware would answer a script with a login page, which it puts into the box.
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 403 to a script, where LoginRequiredMiddleware would redirect to the login."""
        if is_automatic(request):
            keep_expiry(request)
        if _must_log_in(request):
            is_scripted = request.headers.get("HX-Request") == "true"
            return (
                self.handle_no_permission(request) if is_scripted else _redirect_to_login(request)
            )
        return super().dispatch(request, *args, **kwargs)


# Also without CsrfViewMiddleware: the page of a form sets the cookie, and its URL checks the token.
@method_decorator(csrf_protect, name="dispatch")
class ComponentView(FetchedView):
    """Serves the content of one component's box, and takes what is posted to the component."""

    component: BoundComponent

    def find(self, **kwargs: Any) -> None:
        """Find the component, and allow POST if its kind accepts it."""
        try:
            self.component = self.dashboard[kwargs["key"]]
        except UnknownComponentError as error:
            raise Http404(str(error)) from error
        if self.component.accepts_post:
            self.http_method_names = [*self.http_method_names, "post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """Pass the request to the component."""
        return self.component.post(request)

    def get(self, request: HttpRequest, key: str, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """Render a value that the page loads later, or a newer one."""
        response = self.component.get_response()
        if response is None:
            shown = load_alone(self.dashboard, key)
            response = self._answer(request, shown.content)
            if shown.state:
                response[STATE_HEADER] = quote(shown.state)
        return response

    def _answer(self, request: HttpRequest, content: str | None) -> HttpResponseBase:
        if content is None:
            # The box keeps its content: the value is not ready, or it failed.
            return HttpResponse(status=204)
        response = HttpResponse(content)
        # A 304 also keeps the content, which may be newer than this one if an event brought it.
        response["ETag"] = etag = entity_tag(content)
        return get_conditional_response(request, etag=etag, response=response) or response


@method_decorator(csrf_protect, name="dispatch")
class ComponentsView(FetchedView):
    """Serves the content of several components' boxes at once: see ``dashboard.batch``."""

    def get(self, request: HttpRequest, keys: str = "", **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer with a status and HTML by key, the same as each component's own URL."""
        requested = keys.split(",")
        if not any(key in self.dashboard.components for key in requested):
            raise Http404
        batch = load_together(self.dashboard, requested)
        answers = {key: _describe(shown) for key, shown in batch.ready.items()}
        return JsonResponse({"ready": answers, "again": batch.again})


def _describe(shown: Shown) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": 204}
    if shown.content is not None:
        answer = {"status": 200, "html": shown.content}
    return {**answer, "state": shown.state} if shown.state else answer


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
        if not (proxy and proxy.is_next) and _must_log_in(request):
            return self.handle_no_permission(request)
        if proxy:
            return proxy.answer(partial(super().dispatch, request, *args, **kwargs))
        if handoff := get_handoff(request):
            # Read before access is checked: a stream is not opened for a user who loses access
            # from here on.
            store = get_store()
            heads = {} if handoff.is_watching else store.reach(lambda: store.heads([REVOCATIONS]))
            self._access = handoff.access if handoff.is_watching else heads.get(REVOCATIONS)
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
        return encode_opening(retry, beat) + release

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


def _redirect_to_login(request: HttpRequest) -> HttpResponse:
    # Imported here: it imports models, and a project may not have django.contrib.auth.
    from django.contrib.auth.views import redirect_to_login  # noqa: PLC0415

    return redirect_to_login(request.get_full_path())


def _must_log_in(request: HttpRequest) -> bool:
    """Return True if LoginRequiredMiddleware would refuse this request."""
    if not apps.is_installed("django.contrib.auth"):
        return False
    return _demands_login(tuple(settings.MIDDLEWARE)) and not request.user.is_authenticated


@cache
def _demands_login(middleware: tuple[str, ...]) -> bool:
    # Imported here: it imports the app's models.
    from django.contrib.auth.middleware import LoginRequiredMiddleware  # noqa: PLC0415

    return any(
        isinstance(each, type) and issubclass(each, LoginRequiredMiddleware)
        for each in map(import_string, middleware)
    )


@method_decorator(never_cache, name="dispatch")
class MetricsView(View):
    """Serves the metrics of this process's streams to staff: as JSON or as OpenMetrics text.

    The answer is OpenMetrics for ``?format=openmetrics``, and for clients that accept it, such as
    Prometheus.
    """

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer 403 unless the user is active and staff."""
        user = getattr(request, "user", None)
        # Compared with True: a project's own user model may have methods of these names.
        if not all(getattr(user, name, False) is True for name in ("is_active", "is_staff")):
            raise PermissionDenied
        wanted = request.GET.get("format")
        accepts = "application/openmetrics-text" in request.headers.get("Accept", "")
        if wanted == "openmetrics" or (wanted is None and accepts):
            return HttpResponse(openmetrics(), content_type=OPENMETRICS_TYPE)
        return JsonResponse({"pid": os.getpid(), **get_metrics()})
