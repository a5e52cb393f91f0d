from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("events/", include("django_eventstream.urls"), {"channels": ["ways"]}),
    path("", RedirectView.as_view(pattern_name="dashboards:machine_machine")),
    path("", include("dashboards.urls")),
]
