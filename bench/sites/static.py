"""Static files of the sites whose pages are opened in a browser."""

from django.contrib.staticfiles.views import serve
from django.urls import path

urlpatterns = [path("static/<path:path>", serve, {"insecure": True})]
