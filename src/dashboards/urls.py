"""``path("dashboards/", include("dashboards.urls"))``: a page, its components and its stream."""

from django.urls import path

from dashboards.registry import registry
from dashboards.views import ComponentView, PageView, StreamView

app_name = "dashboards"

urlpatterns = []
for dashboard in registry:
    name = dashboard.get_url_name()
    base = f"{dashboard.get_app_label()}/{dashboard.__name__.lower()}/"
    urlpatterns += [
        path(base, PageView.as_view(dashboard_class=dashboard), name=name),
        path(
            f"{base}@component/<str:key>/",
            ComponentView.as_view(dashboard_class=dashboard),
            name=f"{name}_component",
        ),
        path(
            f"{base}@stream/",
            StreamView.as_view(dashboard_class=dashboard),
            name=f"{name}_stream",
        ),
    ]
