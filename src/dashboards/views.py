"""Page, component and stream, with access in one place."""

import os
import random
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from dashboards import conf
from dashboards.dashboard import Dashboard
from dashboards.dashboard.batch import load_alone, load_together
from dashboards.exceptions import UnknownComponentError
from dashboards.live.frames import encode_frames, encode_retry
from dashboards.live.hold import ACCESS, Hold, identify, offered
from dashboards.live.metrics import METRICS, OPENMETRICS_TYPE, get_metrics, openmetrics
from dashboards.live.positions import Position
from dashboards.live.stores import get_store

_RETRY_MILLISECONDS = 500
"""A held stream that ends is taken up again at once; the page adds jitter."""


class DashboardAccessView(View):
    """Finds the dashboard and lets nobody past who may not open it."""

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it
    dashboard_class: type[Dashboard] = Dashboard
    dashboard: Dashboard

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check access before anything is computed."""
        about = self.dashboard_class.get_object(request, **kwargs)
        self.dashboard = self.dashboard_class(request, about)
        if not self.dashboard.has_permission(request):
            return self.handle_no_permission(request)
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002
        """Answer whoever may not open the dashboard: 403.

        A component or a stream is fetched by script, where a login page would be swapped into
        the box. Only the page sends people to log in.
        """
        raise PermissionDenied


class PageView(DashboardAccessView):
    """The page."""

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:
        """Send those who are not signed in to log in; refuse the others."""
        user = getattr(request, "user", None)
        if user is None or user.is_authenticated:
            raise PermissionDenied
        # Its models need the app; a project without django.contrib.auth has no request.user.
        from django.contrib.auth.views import redirect_to_login  # noqa: PLC0415

        return redirect_to_login(request.get_full_path())

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Render the page, its position read before its values are computed."""
        dashboard = self.dashboard
        dashboard.compute_due(deferred=False)
        context = {"dashboard": dashboard, "stream_url": dashboard.get_stream_url()}
        return render(request, dashboard._meta.template_name, context)  # noqa: SLF001


class ComponentView(DashboardAccessView):
    """What stands in one component's box."""

    def get(self, request: HttpRequest, key: str, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Render the value that the page was sent without, or a newer one."""
        try:
            content = load_alone(self.dashboard, self.dashboard[key].key)
        except UnknownComponentError as error:
            raise Http404(str(error)) from error
        # 204 leaves the box as it is: a live value that has not come yet.
        response = HttpResponse(status=204) if content is None else HttpResponse(content)
        response["Cache-Control"] = "no-store"
        return response


class ComponentsView(DashboardAccessView):
    """What stands in the boxes of several components; how long it waits says ``batch``."""

    def get(self, request: HttpRequest, keys: str = "", **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer by key with a status and HTML, as each would be answered alone."""
        batch = load_together(self.dashboard, keys.split(","))
        if not any(key in self.dashboard.components for key in keys.split(",")):
            raise Http404
        answers = {
            key: {"status": 500}
            if isinstance(content, Exception)
            else {"status": 204}
            if content is None
            else {"status": 200, "html": content}
            for key, content in batch.ready.items()
        }
        response = JsonResponse({"ready": answers, "again": batch.again})
        response["Cache-Control"] = "no-store"
        return response


class StreamView(DashboardAccessView):
    """What changed since the reader's position: a finished answer, and a wish to be held."""

    http_method_names = ["get"]  # noqa: RUF012 - as Django declares it
    _access: Position | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Note who has lost access so far: whoever loses it from here on is not held."""
        if offer := offered(request):
            heads = {} if offer.is_watching else get_store().heads([ACCESS])
            self._access = offer.access if offer.is_watching else heads.get(ACCESS)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Answer at once. An edge, where there is one and it was not declined, holds on."""
        dashboard, store = self.dashboard, get_store()
        if not dashboard.is_live:
            return HttpResponse(status=204)  # To a client of streams this says: do not come back.
        position = Position.parse(
            # On a reconnect the header is newer than the address, which the page printed.
            request.headers.get("Last-Event-ID") or request.GET.get("position")
        )
        offer = offered(request) if request.GET.get("hold") != "0" else None
        if offer is not None and offer.full:
            METRICS.refused += 1
            # Spread, lest all who were refused come back in the same second.
            return HttpResponse(status=503, headers={"Retry-After": random.randint(5, 15)})  # noqa: S311
        if offer is None:
            dashboard.compute_due(deferred=True)
            changes = store.since(dashboard.channel, position)
            content = encode_retry(conf.get("POLL_MILLISECONDS"))
            content += encode_frames(changes.frames, str(changes.position))
        else:
            # What changed since, the edge writes: encoded once for all who come at a time.
            content = encode_retry(_RETRY_MILLISECONDS)
            user = getattr(request, "user", None)
            offer.hold = Hold(
                dashboard.channel,
                position,
                dashboard.get_sources(),
                identity=identify(user.pk) if user and user.is_authenticated else "",
                access=self._access,
                resumed="Last-Event-ID" in request.headers,
            )
        response = HttpResponse(content, content_type="text/event-stream")
        response["Cache-Control"] = "no-store, no-transform"
        response["X-Accel-Buffering"] = "no"
        if offer is not None:
            # Keeps GZipMiddleware from holding frames back; the edge takes it away.
            response["Content-Encoding"] = "identity"
        return response


@method_decorator(never_cache, name="dispatch")
class MetricsView(View):
    """What this process has done for its streams, for staff: JSON, or OpenMetrics text.

    OpenMetrics is answered to ``?format=openmetrics``, and to whoever accepts it: Prometheus.
    """

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer staff."""
        user = getattr(request, "user", None)
        if not (user and user.is_active and user.is_staff):
            raise PermissionDenied
        wanted = request.GET.get("format")
        accepts = "application/openmetrics-text" in request.headers.get("Accept", "")
        if wanted == "openmetrics" or (wanted is None and accepts):
            return HttpResponse(openmetrics(), content_type=OPENMETRICS_TYPE)
        return JsonResponse({"pid": os.getpid(), **get_metrics()})
