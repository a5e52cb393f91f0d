"""Figures, gauges, long work and prose."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from dashboards.component import (
    Band,
    Component,
    Gauge,
    GaugeData,
    Progress,
    ProgressData,
    Stat,
    StatChange,
    StatData,
    Step,
    Text,
)
from dashboards.component.layout import ComponentLayout
from dashboards.component.stat import StatDateChangeSerializer, StatSerializer
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Order


def takings_by_day() -> list[float]:
    since = timezone.now() - timedelta(days=28)
    orders = Order.objects.filter(placed__gt=since)
    days = orders.values(day=TruncDate("placed"))
    sums = days.annotate(sum=Sum("total")).order_by("day")
    return [float(each["sum"]) for each in sums]


def takings() -> StatData:  # or a dict of the same
    days = takings_by_day()
    week, before = sum(days[-7:]), sum(days[-14:-7])
    percent = round(100 * (week - before) / before, 1) if before else None
    return StatData(
        text=week,
        sub_text="this week",
        change=StatChange(by=percent, unit="%", period="in 7 days"),
        sparkline=days,
        icon="icon icon-best" if week > before else "icon icon-calm",
    )


class AverageOrder(StatSerializer):
    class Meta:
        model = Order
        annotation = Sum("total", default=0) / Count("pk")
        title = "Average order"
        sub_text = "of all orders"


class Orders(StatDateChangeSerializer):
    class Meta:
        model = Order
        annotation = Count
        annotation_field = "pk"
        title = "Orders in 30 days"
        date_field_name = "placed"
        previous_delta = timedelta(days=30)
        cumulative = False


class Cancelled(Orders):
    class Meta:
        title = "Cancelled in 30 days"

    def get_queryset(self, **kwargs: Any) -> Any:
        return Order.objects.filter(state=Order.State.CANCELLED)


def to_pack() -> int:
    return Order.objects.filter(state=Order.State.NEW).count()


def cold_room() -> GaugeData:
    # Its engine is off for half a minute, and on for another.
    minute = timezone.now().second / 60
    return GaugeData(
        value=5 - 6 * abs(2 * minute - 1),
        sub_text="At rest" if minute < 0.5 else "Cooling",
    )


def job() -> ProgressData:
    second = timezone.now().second
    return ProgressData(
        value=second,
        max=55,
        step=min(second // 20, 2),
        text=f"Image {second + 1}",
        estimate=max(55 - second, 0),
    )


PROSE = """\
**Counted** hourly, [as agreed](https://example.com/terms/):

| state  | means             |
|--------|-------------------|
| packed | it is in its box  |
| sent   | ~~we have it~~ it is on its way |
"""


@dataclass
class Stars(Component):
    template: str = "pieces/stars.html"
    most: int = 5


@registry.register
class Figures(Dashboard):
    orders = Stat(
        value=Order.objects.count,
        unit="orders",
        href="dashboards:pieces_tables",
        live=OnChange(Order),
        grid_css_classes="span-6",
    )
    clock = Stat(
        value=timezone.now,
        date_format="H:i:s",
        title="The server's clock, UTC",
        live=Every(seconds=1),
        grid_css_classes="span-6",
    )

    takings = Stat(
        value=takings,
        prefix="€",
        decimals=2,
        good="up",
        live=OnChange(Order),
    )

    month = Stat(value=Orders, good="up", grid_css_classes="span-6")
    cancelled = Stat(value=Cancelled, good="down", grid_css_classes="span-6")
    average = Stat(value=AverageOrder, prefix="€", decimals=2)

    packing = Gauge(
        value=to_pack,
        max=40,
        bands=[
            {"end": 20, "level": "good", "text": "In hand"},
            {"end": 32, "level": "warning", "text": "Busy"},
            {"level": "critical", "text": "Call for help"},
        ],
        live=OnChange(Order),
    )

    cold_room = Gauge(
        value=cold_room,
        min=-20,
        max=40,
        unit="°C",
        decimals=1,
        bands=[
            Band(end=8, level="good", text="Cold enough"),
            Band(level="critical", text="Too warm"),
        ],
        live=Every(seconds=2),
        grid_css_classes="span-6",
    )
    shelves = Gauge(
        value=GaugeData(
            value=9,
            max=12,
            text="9 of 12",
            sub_text="shelves are full",
        ),
        grid_css_classes="span-6",
    )

    job = Progress(
        value=job,
        steps=("Read", "Resize", "Write"),
        title="Begins anew each minute",
        live=Every(seconds=1),
    )
    done = Progress(value=100)
    failed = Progress(
        value={
            "step": "Resize",
            "state": "failed",
            "text": "Disk is full",
        },
        steps=(Step("Read", text="312 images"), "Resize", "Write"),
    )

    stars = Stars(value=4, title="What customers say")

    plain = Text(value="Two\nlines, and <b>this</b> is text.")
    prose = Text(markup="markdown", value=PROSE, title="Markdown")
    safe = Text(
        markup="html",
        value='<em onclick="alert(1)">Harmless</em> by now.',
        title="HTML, made safe",
    )

    class Meta:
        name = "Figures"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("A figure, updated by a change or by time", "orders", "clock"),
            Example("Change, sparkline, currency, icon", "takings"),
            Example("Counts of a model", "month", "cancelled", "average"),
            Example("A gauge with bands", "packing"),
            Example("A range below zero, and your own text", "cold_room", "shelves"),
            Example("Long work", "job", "done", "failed"),
            Example("Prose", "plain", "prose", "safe"),
            Example(
                "A component of your own",
                "stars",
                files=["pieces/templates/pieces/stars.html"],
            ),
        )
