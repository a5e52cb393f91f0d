"""URLs of a site without ``dashboards.urls``."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
