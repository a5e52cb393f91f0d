"""Finds the dashboard of a URL, and refuses requests that may not open it."""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import (
    patch_cache_control,
    patch_vary_headers,
)
from django.utils.module_loading import import_string
from django.views.generic import View

from dashboards.dashboard import Dashboard
from dashboards.permissions import grants


def answer_privately(
    view: Callable[..., HttpResponseBase], vary: Sequence[str]
) -> Callable[..., HttpResponseBase]:
    """Decorate a view so that no cache stores its responses, also its refusals and redirects.

    Caches may store a page that every visitor may see: see ``Dashboard.is_public``.

    Args:
        view: the view.
        vary: the request headers that its responses depend on.
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
        patch_vary_headers(response, vary)
        return response

    return answer


class PrivateView(View):
    """A view whose responses no cache stores, except for pages that every visitor may see."""

    vary: ClassVar[Sequence[str]] = ("Cookie",)
    """The request headers that its responses depend on."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view; no cache stores its responses."""
        return answer_privately(super().as_view(**initkwargs), cls.vary)

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it


class DashboardAccessView(PrivateView):
    """Finds the dashboard, and refuses requests that may not open it."""

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
            if is_secret or self.dashboard_class.is_refused_anyway(request):
                return self.handle_no_permission(request)
            raise
        self.dashboard = self.dashboard_class(request, instance)
        if not grants(self.dashboard.has_permission, request):
            return self.handle_no_permission(request)
        self.find(**kwargs)
        return super().dispatch(request, *args, **kwargs)

    def find(self, **kwargs: Any) -> None:
        """Find the component that the URL names. It is called once access has been checked."""

    def handle_no_permission(self, request: HttpRequest) -> HttpResponseBase:  # noqa: ARG002
        """Answer 403 to a request that may not open the dashboard.

        Components and streams are requested by scripts, which would put a login page into the box.
        Only the page redirects to the login.
        """
        raise PermissionDenied


def must_log_in(request: HttpRequest) -> bool:
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
