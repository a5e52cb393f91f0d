"""Charts, a map, and a renderer of the demo's own."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import plotly.express as px
from django.db.models import Count, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate
from django.utils import timezone

from dashboards.component import Chart, ChartSerializer, Drawing, Map
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.registry import registry
from demo.machine.sampler import sampler
from demo.pieces.layout import Example
from demo.pieces.models import Country, Order


def takings_by_day() -> dict[str, Any]:
    since = timezone.now() - timedelta(days=60)
    orders = Order.objects.filter(placed__gt=since)
    days = orders.values(day=TruncDate("placed"))
    sums = days.annotate(sum=Sum("total")).order_by("day")
    line = {
        "type": "scatter",
        "fill": "tozeroy",
        "x": [each["day"] for each in sums],
        "y": [each["sum"] for each in sums],
    }
    return {"data": [line]}


class ByState(ChartSerializer):
    class Meta:
        model = Order
        fields = ["category", "state", "total"]
        frame = "pandas"  # or "polars", which this demo does not install: 170 MB
        layout = {"yaxis_title": None, "xaxis_title": None, "legend_title": None}

    def to_fig(self, df: Any) -> Any:  # a data frame, of pandas here
        sums = df.groupby(["category", "state"], as_index=False).sum()
        return px.bar(sums, x="category", y="total", color="state")


def load() -> list[dict[str, Any]]:
    now, sample = timezone.now(), sampler.latest()
    memory = 100 * sample.memory_used / sample.memory_total
    return [{"x": now, "y": sample.processor}, {"x": now, "y": memory}]


LOAD = {
    "data": [
        {"name": "Processor", "mode": "lines"},
        {"name": "Memory", "mode": "lines"},
    ],
    "layout": {"yaxis": {"range": [0, 101]}},
}


def by_country() -> Any:
    countries = Order.objects.values("customer__country").order_by()
    counts = countries.annotate(orders=Count("pk"))
    codes = [each["customer__country"] for each in counts]
    figure = px.choropleth(
        locations=codes,
        color=[each["orders"] for each in counts],
        hover_name=[Country(code).label for code in codes],
        labels={"color": "Orders"},
    )
    # The whole world, centred on Greenwich, with a legend below.
    figure.update_geos(fitbounds=False, projection_type="natural earth")
    legend = {"orientation": "h", "thickness": 8, "y": -0.2}
    return figure.update_coloraxes(colorbar=legend)


@dataclass
class Week(Drawing):
    element = "pieces-week"
    scripts = (*Drawing.scripts, "pieces/week.js")


def by_hour() -> list[Any]:
    hours = Order.objects.values(
        day=ExtractIsoWeekDay("placed"),
        hour=ExtractHour("placed"),
    )
    return [*hours.annotate(orders=Count("pk")).order_by("day", "hour")]


@registry.register
class Charts(Dashboard):
    takings = Chart(value=takings_by_day, prefix="€", live=OnChange(Order))

    states = Chart(value=ByState, prefix="€", title="Takings by category and state")

    load = Chart(
        value=load,
        max_points=120,
        figure=LOAD,
        unit="%",
        bands=[
            {"end": 75},
            {"end": 90, "level": "warning", "text": "Busy"},
            {"level": "critical", "text": "Full"},
        ],
        title="This machine, computed while a page is open",
        live=Every(seconds=2),
    )

    countries = Map(value=by_country, live=OnChange(Order))

    week = Week(
        value=by_hour,
        title="When orders come",
        live=OnChange(Order),
    )

    class Meta:
        name = "Charts"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("A Plotly figure from a function", "takings"),
            Example("A chart of a model, through a data frame", "states"),
            Example("A line that grows", "load"),
            Example("A map from your own static files", "countries"),
            Example("A renderer of your own", "week", files=["pieces/static/pieces/week.js"]),
        )
