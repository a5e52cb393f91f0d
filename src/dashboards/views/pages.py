"""The page of a dashboard, and the content of its components."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import (
    get_conditional_response,
)
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from dashboards.component.age import HEADER as TIME_HEADER
from dashboards.component.bound import BoundComponent
from dashboards.component.htmx import entity_tag
from dashboards.component.rendering import Shown
from dashboards.component.states import HEADER as STATE_HEADER
from dashboards.dashboard.batch import load_alone, load_together
from dashboards.exceptions import UnknownComponentError
from dashboards.permissions import redirect_to_login
from dashboards.session_expiry import is_automatic, keep_expiry
from dashboards.storable_text import clean_text
from dashboards.views.access import DashboardAccessView, must_log_in
from dashboards.views.kiosk import read_kiosk

_PARTIAL_HEADERS = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "HX-Request-Type")


@method_decorator(csrf_protect, name="dispatch")
class PageView(DashboardAccessView):
    """Serves the page of a dashboard; to a request of htmx, the dashboard without a page around it.

    So ``hx-get`` puts a dashboard into an element of any page.
    """

    vary: ClassVar[Sequence[str]] = (*DashboardAccessView.vary, *_PARTIAL_HEADERS)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do not renew the session when the page reloads itself."""
        if is_automatic(request):
            keep_expiry(request)
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect to the login if nobody is signed in; else answer 403, or 404 for an object.

        A missing object gets the same answer, so that nobody learns which objects exist. A
        permission class may give another answer, if it refuses whatever the object is.
        """
        if _is_partial(request):
            raise PermissionDenied  # A login page would be put into an element of the page.
        answer = self.dashboard_class.answer_refused(request)
        if answer is not None:
            return answer
        user = getattr(request, "user", None)
        if user is not None and not user.is_authenticated:
            return redirect_to_login(request)
        dashboard = self.dashboard_class
        if dashboard.has_object_permissions() and not dashboard.is_refused_anyway(request):
            raise Http404(dashboard.missing_message())
        raise PermissionDenied

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Render the page."""
        dashboard = self.dashboard
        dashboard.compute_due(deferred=False)
        # This reads the position, which must be done before any value is rendered.
        stream_url = dashboard.get_stream_url() if dashboard.is_live else ""
        is_partial = _is_partial(request)
        kiosk = None if is_partial else read_kiosk(request, dashboard)
        dashboard.is_on_wall = kiosk is not None
        query = dashboard.query
        kiosk_url = f"?{query}&kiosk" if query else "?kiosk"
        context = {
            "dashboard": dashboard,
            "stream_url": stream_url,
            "kiosk": kiosk,
            "kiosk_url": None if is_partial or kiosk is not None else kiosk_url,
        }
        template = "dashboards/embedded.html" if is_partial else dashboard._meta.template_name  # noqa: SLF001
        response = HttpResponse(clean_text(dashboard.templates.render_around(template, context)))
        # A cache that ignores Vary, or a browser that goes back, would show a part as a page. What
        # a wall links to depends on its viewer.
        is_same_for_all = dashboard.is_public and not is_partial and kiosk is None
        response.is_public = is_same_for_all  # type: ignore[attr-defined]
        return response


def _is_partial(request: HttpRequest) -> bool:
    """Return True if a script puts the answer into an element of a page.

    It is not if htmx replaces the whole page: for a link with ``hx-boost``, a step back in the
    history, or a request that selects its part of the page itself (``HX-Request-Type``, of htmx 4).
    """
    asked = request.headers
    return (
        asked.get("HX-Request") == "true"
        and asked.get("HX-Boosted") != "true"
        and asked.get("HX-History-Restore-Request") != "true"
        and asked.get("HX-Request-Type") != "full"
    )


class FetchedView(DashboardAccessView):
    """Serves what scripts request; without JavaScript, links and forms lead to it."""

    # LoginRequiredMiddleware would answer a script with a login page, which it puts into the box.
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer 403 to a script, where LoginRequiredMiddleware would redirect to the login."""
        if is_automatic(request):
            keep_expiry(request)
        if must_log_in(request):
            is_scripted = request.headers.get("HX-Request") == "true"
            return self.handle_no_permission(request) if is_scripted else redirect_to_login(request)
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
        return self.component.declaration.post(self.component, request)

    def get(self, request: HttpRequest, key: str, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """Render a value that the page loads later, or a newer one."""
        response = self.component.get_response()
        if response is None:
            shown = load_alone(self.dashboard, key)
            response = self._answer(request, shown.content)
            if shown.at is not None:
                response[TIME_HEADER] = f"{shown.at:.1f}"
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
    if shown.at is not None:
        answer["at"] = f"{shown.at:.1f}"
    if shown.state:
        answer["state"] = shown.state
    return answer
