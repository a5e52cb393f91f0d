"""The dashboard of the site itself, for staff."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from dashboards.component import Chart, Stat
from dashboards.component.layout import ComponentLayout, Header
from dashboards.contrib.system import engine, requests, services
from dashboards.contrib.system.figures import SmallTable
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.permissions import IsAdminUser
from dashboards.registry import registry

_QUICKLY = Every(seconds=5)
_SLOWLY = Every(seconds=15)
_HAS_CHARTS = find_spec("plotly") is not None


def _make_chart(title: str, *names: str, suffix: str) -> Chart:
    return Chart(
        live=_QUICKLY,
        title=title,
        max_points=requests.MAX_POINTS,
        figure=requests.make_figure(*names, suffix=suffix),
        css_classes="dashboards-chart-short",
        grid_css_classes="span-6",
    )


@registry.register
class System(Dashboard):
    """Requests, processes, caches, queues, and the live engine, of all processes of the site."""

    request_rate = Stat(
        value=requests.request_rate, live=_QUICKLY, title="Requests", grid_css_classes="span-3"
    )
    latency = Stat(value=requests.latency, live=_QUICKLY, grid_css_classes="span-3")
    errors = Stat(value=requests.errors, live=_QUICKLY, grid_css_classes="span-3")
    queries = Stat(value=requests.queries, live=_QUICKLY, grid_css_classes="span-3")
    if _HAS_CHARTS:
        rate_history = _make_chart("Requests and errors", "Requests", "Errors", suffix="/s")
        latency_history = _make_chart("Latency", "Median", "95 % within", suffix=" ms")
    processes = SmallTable(value=requests.processes, live=_QUICKLY, grid_css_classes="span-6")
    hosts = SmallTable(value=requests.hosts, live=_QUICKLY, grid_css_classes="span-6")

    streams = Stat(
        value=engine.streams, live=_QUICKLY, title="Open streams", grid_css_classes="span-3"
    )
    delay = Stat(value=engine.delay, live=_QUICKLY, grid_css_classes="span-3")
    failures = Stat(
        value=engine.failures, live=_QUICKLY, title="Failed values", grid_css_classes="span-6"
    )
    viewers = SmallTable(value=engine.viewers, live=_QUICKLY, grid_css_classes="span-12")

    caches = SmallTable(value=services.caches, live=_SLOWLY, grid_css_classes="span-6")
    queues = SmallTable(value=services.queues, live=_SLOWLY, grid_css_classes="span-6")

    def get_rate_history_value(self) -> Sequence[Sequence[Any]]:
        """Return the new points of requests and errors."""
        return requests.RATES.take(self.channel)

    def get_latency_history_value(self) -> Sequence[Sequence[Any]]:
        """Return the new points of the latency."""
        return requests.LATENCIES.take(self.channel)

    class Meta:
        name = "System"
        app_label = "dashboards_system"
        permission_classes = (IsAdminUser,)

    class Layout:
        components = ComponentLayout(
            Header("Requests"),
            *("request_rate", "latency", "errors", "queries"),
            *(("rate_history", "latency_history") if _HAS_CHARTS else ()),
            *("processes", "hosts"),
            Header("Live dashboards"),
            *("streams", "delay", "failures", "viewers"),
            Header("Caches and queues"),
            *("caches", "queues"),
        )
