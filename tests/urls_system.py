"""Addresses of the test site with the admin."""

from django.contrib import admin
from django.urls import path

from tests.urls import urlpatterns as of_the_site

urlpatterns = [path("admin/", admin.site.urls), *of_the_site]
