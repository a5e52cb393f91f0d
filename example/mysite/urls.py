"""URLs of the example project."""

from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("dashboards/", include("dashboards.urls")),
    *staticfiles_urlpatterns(),
]
