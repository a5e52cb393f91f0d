"""``path("dashboards/", include("dashboards.urls"))``: an index, and pages with their streams."""

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, path

from dashboards.compat import refuse_imports
from dashboards.live.subscription import STREAM_PATH
from dashboards.registry import registry
from dashboards.views import (
    ComponentsView,
    ComponentView,
    IndexView,
    MetricsView,
    PageView,
    StreamView,
)

__getattr__ = refuse_imports(__name__)
app_name = "dashboards"

if not apps.is_installed("dashboards"):
    # No system check of the package would run, and no dashboard would be found.
    msg = 'Your URLs include dashboards.urls: add "dashboards" to INSTALLED_APPS.'
    raise ImproperlyConfigured(msg)

urlpatterns: list[URLPattern] = [
    path("", IndexView.as_view(), name="index"),
    path("@metrics/", MetricsView.as_view(), name="metrics"),
]
for dashboard in registry:
    name, route = dashboard.get_url_name(), dashboard.get_route()
    urlpatterns += [
        path(
            route,
            PageView.as_view(dashboard_class=dashboard),
            name=dashboard.get_page_url_name(),
        ),
        path(
            f"{route}@component/<str:key>/",
            ComponentView.as_view(dashboard_class=dashboard),
            name=f"{name}_component",
        ),
        path(
            f"{route}@components/",
            ComponentsView.as_view(dashboard_class=dashboard),
            name=f"{name}_batch",
        ),
        path(
            f"{route}@components/<str:keys>/",
            ComponentsView.as_view(dashboard_class=dashboard),
        ),
        path(
            f"{route.removesuffix('/')}{STREAM_PATH}",
            StreamView.as_view(dashboard_class=dashboard),
            name=f"{name}_stream",
        ),
    ]
