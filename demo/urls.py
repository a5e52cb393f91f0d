from django.urls import include, path
from django.views.generic import RedirectView

from demo.pieces import views

urlpatterns = [
    path("events/", include("django_eventstream.urls"), {"channels": ["ways"]}),
    path("", RedirectView.as_view(pattern_name="dashboards:shop_operations")),
    path("embedded/", views.embedded, name="embedded"),
    path("embedded/jinja/", views.embedded_jinja, name="embedded-jinja"),
    path("code/<str:name>/", views.code, name="code"),
    path("track/", views.track, name="track"),
    path("as/<str:role>/", views.become, name="as"),
    path("", include("dashboards.urls")),
]
