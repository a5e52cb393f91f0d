"""Page, component and stream, with access in one place."""

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
from dashboards.component.bound import BoundComponent, Shown, entity_tag
from dashboards.component.states import HEADER as STATE_HEADER
from dashboards.dashboard import Dashboard
from dashboards.dashboard.batch import load_alone, load_together
from dashboards.exceptions import StoreUnavailableError, UnknownComponentError
from dashboards.live.access.channel import REVOCATIONS
from dashboards.live.access.subjects import session_subject, user_subject
from dashboards.live.grip.proxied_request import ProxiedRequest, get_proxied_request
from dashboards.live.metrics import METRICS, OPENMETRICS_TYPE, get_metrics, openmetrics
from dashboards.live.stores import get_store
from dashboards.live.subscription import Subscription, get_handoff, retry_when_full
from dashboards.live.wire.frames import encode_frames, encode_opening, encode_release
from dashboards.live.wire.positions import Position
from dashboards.live.wire.restricted import audible
from dashboards.permissions import grants
from dashboards.releases import get_release_id
from dashboards.sessions import get_seconds_left, get_session_key, is_automatic, keep_expiry

_RETRY_MILLISECONDS = 500
"""A held stream that ends is taken up again at once; the page adds jitter."""


def answer_privately(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view so that no cache keeps its answers, refusals and redirects among them.

    A page that everybody may see is left to the site's caches: see ``Dashboard.is_public``.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # A query string with too many parameters is a bad request, before any box fails by it.
        _ = request.GET
        response: HttpResponseBase
        try:
            response = view(request, *args, **kwargs)
        except (Http404, PermissionDenied) as error:
            if request.method == "POST":
                # A body that cannot be read is a bad request. The error pages of Django read it,
                # too, and answer 500.
                _ = request.POST
                # What is raised by a form's save() undoes the transaction of ATOMIC_REQUESTS.
                raise
            response = response_for_exception(request, error)
        if not getattr(response, "is_public", False):
            patch_cache_control(response, no_store=True, private=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    return answer


class DashboardAccessView(View):
    """Finds the dashboard and lets nobody past who may not open it."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, whose answers no cache keeps."""
        return answer_privately(super().as_view(**initkwargs))

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it
    dashboard_class: type[Dashboard] = Dashboard
    dashboard: Dashboard

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check access before anything is computed."""
        try:
            about = self.dashboard_class.get_object(request, **kwargs)
        except Exception as error:
            # "There is no such object" and "you may not see it" are one answer to those who may
            # not see it. Nor is a get_queryset of one's own made for those who are not signed in.
            is_missing = isinstance(error, Http404)
            is_secret = is_missing and self.dashboard_class.has_object_permissions()
            if is_secret or self._is_refused_anyway(request):
                return self.handle_no_permission(request)
            raise
        self.dashboard = self.dashboard_class(request, about)
        if not grants(self.dashboard.has_permission, request):
            return self.handle_no_permission(request)
        self.find(**kwargs)
        return super().dispatch(request, *args, **kwargs)

    def _is_refused_anyway(self, request: HttpRequest) -> bool:
        """Return True if the request may not open the dashboard of any object."""
        try:
            return not self.dashboard_class.allows(request)
        except Exception:  # noqa: BLE001 - methods of one's own may count on an object
            return False

    def find(self, **kwargs: Any) -> None:
        """Find what else the address names, for whoever may open the dashboard."""

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002
        """Answer whoever may not open the dashboard: 403.

        A component or a stream is fetched by script, where a login page would be swapped into
        the box. Only the page sends people to log in.
        """
        raise PermissionDenied


@method_decorator(csrf_protect, name="dispatch")
class PageView(DashboardAccessView):
    """The page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Leave the session's expiry alone where the page loads itself anew."""
        if is_automatic(request):
            keep_expiry(request)
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:
        """Send those who are not signed in to log in; refuse the others: 403, or 404 of an object.

        A missing object has the same answer, so that nobody learns which objects there are.
        """
        user = getattr(request, "user", None)
        if user is not None and not user.is_authenticated:
            return _lead_to_login(request)
        dashboard = self.dashboard_class
        if dashboard.has_object_permissions() and not self._is_refused_anyway(request):
            raise Http404(dashboard.missing_message())
        raise PermissionDenied

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Render the page, its position read before its values are computed."""
        dashboard = self.dashboard
        dashboard.compute_due(deferred=False)
        stream_url = dashboard.get_stream_url() if dashboard.is_live else ""
        context = {"dashboard": dashboard, "stream_url": stream_url}
        html = dashboard.templates.render_around(dashboard._meta.template_name, context)  # noqa: SLF001
        response = HttpResponse(clean_text(html))
        response.is_public = dashboard.is_public  # type: ignore[attr-defined]
        return response


class FetchedView(DashboardAccessView):
    """What scripts fetch, and links and forms lead to where there are none."""

    # The middleware would answer a script with a login page, to be swapped into the box.
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse a script what LoginRequiredMiddleware would send to log in."""
        if is_automatic(request):
            keep_expiry(request)
        if _must_log_in(request):
            is_scripted = request.headers.get("HX-Request") == "true"
            return self.handle_no_permission(request) if is_scripted else _lead_to_login(request)
        return super().dispatch(request, *args, **kwargs)


# Whatever middleware there is: a form's page sets the cookie, and its address asks for the token.
@method_decorator(csrf_protect, name="dispatch")
class ComponentView(FetchedView):
    """What stands in one component's box, and what is posted to it."""

    component: BoundComponent

    def find(self, **kwargs: Any) -> None:
        """Find the component; what is posted is for those whose kind takes it."""
        try:
            self.component = self.dashboard[kwargs["key"]]
        except UnknownComponentError as error:
            raise Http404(str(error)) from error
        if self.component.accepts_post:
            self.http_method_names = [*self.http_method_names, "post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """Let it have what is posted."""
        return self.component.post(request)

    def get(self, request: HttpRequest, key: str, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """Render the value that the page was sent without, or a newer one."""
        response = self.component.get_response()
        if response is None:
            shown = load_alone(self.dashboard, key)
            response = self._answer(request, shown.content)
            if shown.state:
                response[STATE_HEADER] = quote(shown.state)
        return response

    def _answer(self, request: HttpRequest, content: str | None) -> HttpResponseBase:
        if content is None:
            # Leaves the content as it is: a value that has not come yet, or that failed.
            return HttpResponse(status=204)
        response = HttpResponse(content)
        # So does 304: what the server has to say is not new, but an event may have been.
        response["ETag"] = etag = entity_tag(content)
        return get_conditional_response(request, etag=etag, response=response) or response


@method_decorator(csrf_protect, name="dispatch")
class ComponentsView(FetchedView):
    """What stands in the boxes of several components; how long it waits says ``batch``."""

    def get(self, request: HttpRequest, keys: str = "", **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer by key with a status and HTML, as each would be answered alone."""
        asked = keys.split(",")
        if not any(key in self.dashboard.components for key in asked):
            raise Http404
        batch = load_together(self.dashboard, asked)
        answers = {key: _describe(shown) for key, shown in batch.ready.items()}
        return JsonResponse({"ready": answers, "again": batch.again})


def _describe(shown: Shown) -> dict[str, Any]:
    answer: dict[str, Any] = {"status": 204}
    if shown.content is not None:
        answer = {"status": 200, "html": shown.content}
    return {**answer, "state": shown.state} if shown.state else answer


class StreamView(DashboardAccessView):
    """What changed since the reader's position: a finished answer, and a wish to be held."""

    http_method_names = ["get"]  # noqa: RUF012 - as Django declares it
    _access: Position | None = None
    _proxied: ProxiedRequest | None = None

    # A proxy that asks for itself has no session to show; its ticket is looked at here.
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Note who has lost access so far: whoever loses it from here on is not held."""
        keep_expiry(request)
        try:
            return self._dispatch(request, *args, **kwargs)
        except StoreUnavailableError:
            # The page comes back with its position; not all pages in the same second.
            return HttpResponse(status=503, headers={"Retry-After": random.randint(1, 5)})  # noqa: S311

    def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        through = self._proxied = get_proxied_request(request)
        if not (through and through.is_next) and _must_log_in(request):
            return self.handle_no_permission(request)
        if through:
            return through.answer(partial(super().dispatch, request, *args, **kwargs))
        if offer := get_handoff(request):
            store = get_store()
            heads = {} if offer.is_watching else store.reach(lambda: store.heads([REVOCATIONS]))
            self._access = offer.access if offer.is_watching else heads.get(REVOCATIONS)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer at once. A proxy or edge, where there is one and it was not declined, holds on."""
        dashboard = self.dashboard
        if not dashboard.is_live:
            return HttpResponse(status=204)  # To a client of streams this says: do not come back.
        declined = request.GET.get("hold") == "0"
        through = None if declined else self._proxied
        offer = None if declined or through else get_handoff(request)
        retry = _RETRY_MILLISECONDS if through or offer else conf.get("POLL_MILLISECONDS")
        if offer is not None and not offer.has_slot(self._identity or offer.network):
            METRICS.refused += 1
            offer, retry = None, retry_when_full()
        beat = conf.get("HEARTBEAT_SECONDS") if through or offer else retry / 1000
        # What a proxy asks for itself goes on a stream, too: that may outlive a deploy.
        content = encode_release(get_release_id())
        if through is None or not through.is_next:
            content = encode_opening(retry, beat) + content
        if offer is not None:
            # What changed since, the edge writes: encoded once for all who come at a time.
            offer.subscription = self._hold(self._position(), self._access)
        else:
            # Behind an edge all streams of a process are opened in one thread, which waits for
            # nobody's value. What is not ready comes with the next poll, or by the proxy.
            seconds = None if get_handoff(request) is None else 0
            dashboard.compute_due(deferred=True, seconds=seconds)
            store, since = get_store(), self._position()
            changes = store.reach(lambda: store.since(dashboard.channel, since))
            frames = audible(changes.frames, dashboard.heard)
            if through is None or through.hold(self._hold(changes.position, through.access)):
                content += encode_frames(frames, str(changes.position))
        response = HttpResponse(content, content_type="text/event-stream")
        response["Cache-Control"] = "no-transform"
        response["X-Accel-Buffering"] = "no"
        if offer is not None or through is not None:
            # Keeps GZipMiddleware from holding frames back; the edge takes it away.
            response["Content-Encoding"] = "identity"
        return response

    def _position(self) -> Position | None:
        """Return how far the reader is, by who knows it best."""
        request = self.request
        if self._proxied is not None and self._proxied.is_next:
            return self._proxied.position(self.dashboard.channel)
        # On a reconnect the header is newer than the address, which the page printed.
        token = request.headers.get("Last-Event-ID") or request.GET.get("position")
        return Position.parse(token)

    @property
    def _identity(self) -> str:
        user = getattr(self.request, "user", None)
        return user_subject(user.pk) if user and user.is_authenticated else ""

    def _hold(self, position: Position | None, access: Position | None) -> Subscription:
        request, dashboard = self.request, self.dashboard
        offer = get_handoff(request)
        session = get_session_key(request)
        return Subscription(
            dashboard.channel,
            position,
            dashboard.get_sources(),
            identity=self._identity,
            owner=self._identity or (offer.network if offer else ""),
            session=session_subject(session) if session else "",
            content_subjects=dashboard.get_subjects(),
            visible_events=dashboard.heard,
            seconds=get_seconds_left(request) if session else math.inf,
            access=access,
            resumed="Last-Event-ID" in request.headers,
        )


def _lead_to_login(request: HttpRequest) -> HttpResponse:
    # Its models need the app; a project without django.contrib.auth has no request.user.
    from django.contrib.auth.views import redirect_to_login  # noqa: PLC0415

    return redirect_to_login(request.get_full_path())


def _must_log_in(request: HttpRequest) -> bool:
    """Whether LoginRequiredMiddleware would turn this request away."""
    if not apps.is_installed("django.contrib.auth"):
        return False
    return _demands_login(tuple(settings.MIDDLEWARE)) and not request.user.is_authenticated


@cache
def _demands_login(middleware: tuple[str, ...]) -> bool:
    # It brings the app's models.
    from django.contrib.auth.middleware import LoginRequiredMiddleware  # noqa: PLC0415

    return any(
        isinstance(each, type) and issubclass(each, LoginRequiredMiddleware)
        for each in map(import_string, middleware)
    )


@method_decorator(never_cache, name="dispatch")
class MetricsView(View):
    """What this process has done for its streams, for staff: JSON, or OpenMetrics text.

    OpenMetrics is answered to ``?format=openmetrics``, and to whoever accepts it: Prometheus.
    """

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer staff."""
        user = getattr(request, "user", None)
        # Not their truth: a user model of the project's own may have methods of these names.
        if not all(getattr(user, name, False) is True for name in ("is_active", "is_staff")):
            raise PermissionDenied
        wanted = request.GET.get("format")
        accepts = "application/openmetrics-text" in request.headers.get("Accept", "")
        if wanted == "openmetrics" or (wanted is None and accepts):
            return HttpResponse(openmetrics(), content_type=OPENMETRICS_TYPE)
        return JsonResponse({"pid": os.getpid(), **get_metrics()})
