"""URLs of the test site."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

from tests.site.views import embedded, embedded_by_jinja, hear, log_in, log_out, race, set_staff

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("login/<str:username>/", log_in),
    path("staff/<str:username>/<int:is_staff>/", set_staff),
    path("logout/", log_out),
    path("race/", race),
    path("hear/", hear, name="hear"),
    path("embedded/", embedded),
    path("embedded-jinja/", embedded_by_jinja),
    path("", include("dashboards.urls")),
]
