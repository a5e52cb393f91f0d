"""Addresses of the test site."""

from django.urls import include, path

from tests.site.views import log_in, log_out, race

urlpatterns = [
    path("login/<str:username>/", log_in),
    path("logout/", log_out),
    path("race/", race),
    path("", include("dashboards.urls")),
]
