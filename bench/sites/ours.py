"""Our site: ``LiveStreamMiddleware`` around a Django with our dashboards."""

from django.core.asgi import get_asgi_application
from django.urls import include, path

from bench.sites import static
from bench.sites.control import Control
from bench.sites.marks import mark
from dashboards.live.asgi import LiveStreamMiddleware


def push_number(number: int) -> None:
    # Need the app registry, which the application below makes ready.
    from bench.sites.dashboards import Board  # noqa: PLC0415
    from dashboards.live import push  # noqa: PLC0415

    push(Board, "number", mark(number))


application = Control(LiveStreamMiddleware(get_asgi_application()), push_number)
# After the line above, which imports the dashboards that these URLs are made of.
urlpatterns = [path("", include("dashboards.urls")), *static.urlpatterns]
