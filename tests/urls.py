"""Addresses of the test site."""

from django.urls import include, path

from tests.site.views import log_in, race

urlpatterns = [
    path("login/<str:username>/", log_in),
    path("race/", race),
    path("", include("dashboards.urls")),
]
