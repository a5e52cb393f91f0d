"""The index: the dashboards that a request may open."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from dashboards.component.errors import Failure, catch_errors
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.menus.menu import (
    BoundItem,
    MenuItem,
    bind,
    get_default_menus,
    make_dashboard_item,
    name_of,
)
from dashboards.permissions import redirect_to_login
from dashboards.registry import registry
from dashboards.views.access import PrivateView

_MAX_OBJECTS = 20
"""Objects of a ``ModelDashboard`` that are listed."""


class IndexView(PrivateView):
    """Lists the dashboards that the request may open, by app.

    A ``ModelDashboard`` is listed with the first objects that its ``get_queryset()`` returns, below
    its ``Meta.name`` or the plural of its model. A
    dashboard with ``Meta.include_in_menu = False`` is left out. An anonymous request that may open
    none is redirected to the login.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """Render the list."""
        sections = dict(_get_sections(request))
        user = getattr(request, "user", None)
        if not sections and len(registry) and user is not None and not user.is_authenticated:
            return redirect_to_login(request)
        return render(request, "dashboards/index.html", {"listed": sections})


def _get_sections(request: HttpRequest) -> Iterator[tuple[str, Sequence[BoundItem]]]:
    """Yield the name of each app, and the entries that lead to its dashboards."""
    for menu in get_default_menus():
        entries = [entry for each in menu.get_dashboards() for entry in _get_entries(each, request)]
        if entries:
            yield name_of(menu), entries


def _get_entries(dashboard: type[Dashboard], request: HttpRequest) -> Sequence[BoundItem]:
    """Return the entries of a dashboard that the request may see: none if its code raises."""

    def make() -> Sequence[MenuItem]:
        if not issubclass(dashboard, ModelDashboard):
            return [make_dashboard_item(dashboard)]
        try:
            objects = list(dashboard.get_queryset(request)[:_MAX_OBJECTS])
        except Exception:
            if dashboard.is_refused_anyway(request):
                return []  # It expects a user who is signed in, for example.
            raise
        plural = capfirst(dashboard.get_model()._meta.verbose_name_plural)  # noqa: SLF001 - public by custom
        title = dashboard._meta.name or plural  # noqa: SLF001 - ours
        return [
            MenuItem(
                title=title, children=[make_dashboard_item(dashboard, each) for each in objects]
            )
        ]

    made = catch_errors(make, dashboard=dashboard.__name__, part="index")
    return [] if isinstance(made, Failure) else bind(made, request)
