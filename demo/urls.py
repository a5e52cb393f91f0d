from django.urls import include, path
from django.views.generic import RedirectView

from demo.pieces.views import embedded

urlpatterns = [
    path("events/", include("django_eventstream.urls"), {"channels": ["ways"]}),
    path("", RedirectView.as_view(pattern_name="dashboards:machine_machine")),
    path("embedded/", embedded, name="embedded"),
    path("", include("dashboards.urls")),
]
