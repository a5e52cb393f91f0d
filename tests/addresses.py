"""URLs of dashboards that a test declares."""

from importlib.util import find_spec, module_from_spec
from unittest import mock

from django.urls import URLResolver, include, path

# Before a registry is replaced: a view that is imported meanwhile would keep that one.
from dashboards import views  # noqa: F401
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
        # Another module than the site's, which stays as it is.
        spec = find_spec("dashboards.urls")
        assert spec is not None
        assert spec.loader is not None
        urls = module_from_spec(spec)
        spec.loader.exec_module(urls)
    return [path("", include((urls.urlpatterns, urls.app_name)))]
