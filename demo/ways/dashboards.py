"""Three ways to a live dashboard, next to each other: docs/howto/server-sent-events.md."""

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dashboards.component import CTA, Chart, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.metrics import get_metrics
from dashboards.registry import registry
from demo.machine.sampler import SECONDS, sampler

EVERY = Every(seconds=SECONDS)
POINTS = 90


def processor() -> dict[str, str]:
    return {
        "text": f"{sampler.latest().processor:.0f} %",
        "sub_text": "computed only while a page is open",
    }


def processor_point() -> dict[str, float]:
    return {"x": _milliseconds(), "y": sampler.latest().processor}


def streams_point() -> dict[str, float]:
    return {"x": _milliseconds(), "y": get_metrics()["streams"]}


def _milliseconds() -> float:
    return time.time() * 1000


def holder(request: HttpRequest) -> dict[str, str]:
    grip = getattr(request, "grip", None)
    if grip is not None and grip.proxied:
        return {"text": "Pushpin", "sub_text": "holds the streams of this page"}
    if hasattr(settings, "GRIP_URL"):
        return {"text": "This server", "sub_text": "not through Pushpin, which is on port 7999"}
    return {"text": "This server", "sub_text": "make demo-pushpin puts Pushpin in front"}


LINE: dict[str, Any] = {
    "data": [{"type": "scatter", "mode": "lines"}],
    "layout": {"xaxis": {"type": "date"}, "yaxis": {"rangemode": "tozero"}, "showlegend": False},
}
PERCENT: dict[str, Any] = {
    "data": LINE["data"],
    "layout": {
        "xaxis": {"type": "date"},
        "yaxis": {"range": [0, 101], "ticksuffix": " %", "dtick": 25},
        "showlegend": False,
    },
}


@dataclass
class SSEStat(Stat):
    template: str = "dashboards/components/sse_stat.html"
    poll_rate: float | None = 10

    @staticmethod
    def pushpin_url() -> str:
        # The origin of the page, whether Pushpin or django-eventstream itself serves it.
        return "/events/"


@dataclass
class SSEChart(Chart):
    template: str = "dashboards/components/sse_chart.html"

    @staticmethod
    def pushpin_url() -> str:
        return "/events/"


@registry.register
class Ways(Dashboard):
    """One row describes the ways, one shows a figure, one a chart."""

    built_in = Text(
        value="Values are declared live. The database carries them, a page that was "
        "disconnected misses nothing, and each value is computed once for all viewers.",
        title="1. Built in",
        grid_css_classes="span-4",
    )
    behind = Text(
        value="The same dashboard, its streams held by a proxy: for WSGI, and for many viewers. "
        "The dashboard does not change.",
        title="2. Behind Pushpin or Fanout",
        grid_css_classes="span-4",
    )
    by_hand = Text(
        value="Your own code renders and sends events with django-eventstream. A new page waits "
        "for the next one.",
        title="3. By hand",
        grid_css_classes="span-4",
    )

    processor = Stat(
        value=processor, live=EVERY, title="Processor, computed once", grid_css_classes="span-4"
    )
    holder = Stat(value=holder, title="Held by", grid_css_classes="span-4")
    sse_stat = SSEStat(title="Processor, sent as an event", grid_css_classes="span-4")

    history = Chart(
        value=processor_point,
        live=EVERY,
        max_points=POINTS,
        figure=PERCENT,
        title="Processor, point by point",
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )
    streams = Chart(
        value=streams_point,
        live=EVERY,
        max_points=POINTS,
        figure=LINE,
        title="Streams of dashboards that this server holds",
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )
    sse_chart = SSEChart(
        title="Processor, sent as a figure in JSON",
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )

    hint = Text(
        template="ways/hint.html",
        title="",
        cta=CTA(href="/machine/machine/", text="This machine"),
        grid_css_classes="span-12",
    )

    class Meta:
        name = "Three ways"
