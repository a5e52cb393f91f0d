"""The dashboard of the site itself, for staff."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.component import Chart, Stat
from dashboards.component.layout import ComponentLayout, Header
from dashboards.contrib.system import engine, requests, services
from dashboards.contrib.system.small_table import SmallTable
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.permissions import IsAdminUser
from dashboards.registry import registry

_QUICKLY = Every(seconds=5)
_SLOWLY = Every(seconds=15)
_HAS_CHARTS = find_spec("plotly") is not None


def _make_chart(title: Promise, *names: Promise, suffix: str) -> Chart:
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
        value=requests.request_rate, live=_QUICKLY, title=_("Requests"), grid_css_classes="span-3"
    )
    latency = Stat(
        value=requests.latency, live=_QUICKLY, title=_("Latency"), grid_css_classes="span-3"
    )
    errors = Stat(
        value=requests.errors, live=_QUICKLY, title=_("Errors"), grid_css_classes="span-3"
    )
    queries = Stat(
        value=requests.queries, live=_QUICKLY, title=_("Queries"), grid_css_classes="span-3"
    )
    if _HAS_CHARTS:
        rate_history = _make_chart(
            _("Requests and errors"), _("Requests"), _("Errors"), suffix="/s"
        )
        latency_history = _make_chart(_("Latency"), _("Median"), _("95 % within"), suffix=" ms")
    processes = SmallTable(
        value=requests.processes, live=_QUICKLY, title=_("Processes"), grid_css_classes="span-6"
    )
    hosts = SmallTable(
        value=requests.hosts, live=_QUICKLY, title=_("Hosts"), grid_css_classes="span-6"
    )

    streams = Stat(
        value=engine.streams, live=_QUICKLY, title=_("Open streams"), grid_css_classes="span-3"
    )
    delay = Stat(value=engine.delay, live=_QUICKLY, title=_("Delay"), grid_css_classes="span-3")
    failures = Stat(
        value=engine.failures, live=_QUICKLY, title=_("Failed values"), grid_css_classes="span-6"
    )
    viewers = SmallTable(
        value=engine.viewers, live=_QUICKLY, title=_("Viewers"), grid_css_classes="span-12"
    )

    caches = SmallTable(
        value=services.caches, live=_SLOWLY, title=_("Caches"), grid_css_classes="span-6"
    )
    queues = SmallTable(
        value=services.queues, live=_SLOWLY, title=_("Queues"), grid_css_classes="span-6"
    )

    def get_rate_history_value(self) -> Sequence[Sequence[Any]]:
        """Return the new points of requests and errors."""
        return requests.RATES.take(self.channel)

    def get_latency_history_value(self) -> Sequence[Sequence[Any]]:
        """Return the new points of the latency."""
        return requests.LATENCIES.take(self.channel)

    class Meta:
        name = _("System")
        app_label = "dashboards_system"
        permission_classes = (IsAdminUser,)

    class Layout:
        components = ComponentLayout(
            Header(_("Requests")),
            *("request_rate", "latency", "errors", "queries"),
            *(("rate_history", "latency_history") if _HAS_CHARTS else ()),
            *("processes", "hosts"),
            Header(_("Live dashboards")),
            *("streams", "delay", "failures", "viewers"),
            Header(_("Caches and queues")),
            *("caches", "queues"),
        )
