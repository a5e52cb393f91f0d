"""Addresses of the site with many other packages: each language has its own."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ready")


urlpatterns = [
    path("ready/", ready),
    path("__debug__/", include("debug_toolbar.urls")),
    *i18n_patterns(
        path("accounts/", include("allauth.urls")),
        path("admin/", admin.site.urls),
        path("dashboards/", include("dashboards.urls")),
    ),
]
