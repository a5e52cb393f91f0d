"""URLs of dashboards that a test declares."""

import runpy
from pathlib import Path
from unittest import mock

from django.urls import URLResolver, include, path

import dashboards as dashboards_package
from dashboards.dashboard import Dashboard
from dashboards.registry import Registry


def addresses(*dashboards: type[Dashboard]) -> list[URLResolver]:
    """Return the patterns of ``dashboards.urls`` as if only these dashboards were registered.

    For a module's ``urlpatterns``, under ``pytest.mark.urls(__name__)``. The registry of the
    process stays as it is.
    """
    registry = Registry()
    for dashboard in dashboards:
        registry.register(dashboard)
    with mock.patch("dashboards.registry.registry", registry):
        # By path: pytest imports the modules of a plugin's package by a loader without code.
        urls = runpy.run_path(str(Path(dashboards_package.__file__).with_name("urls.py")))
    return [path("", include((urls["urlpatterns"], urls["app_name"])))]
