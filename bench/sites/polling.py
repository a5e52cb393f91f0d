"""Polling without this package: each stat is a view that renders a template."""

from django.contrib.auth.decorators import login_required
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from bench.sites import static


@login_required
def stat(request: HttpRequest, name: str) -> HttpResponse:
    from bench.sites.dashboards import read_value  # noqa: PLC0415 - needs the app registry

    value = {"text": read_value(), "sub_text": ""}
    context = {"name": name, "rendered_value": value}
    return render(request, "dashboards/components/stat.html", context)


@login_required
def page(request: HttpRequest) -> HttpResponse:
    from bench.sites.dashboards import SECONDS, STATS  # noqa: PLC0415 - needs the app registry

    return render(request, "bench/polled.html", {"names": STATS, "seconds": SECONDS})


urlpatterns = [path("", page), path("stats/<str:name>/", stat), *static.urlpatterns]
application = get_asgi_application()
