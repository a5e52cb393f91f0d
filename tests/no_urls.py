"""A site that forgot to include ``dashboards.urls``."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
