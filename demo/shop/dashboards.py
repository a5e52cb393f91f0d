"""The shop's operations: the first page of the demo."""

from dataclasses import dataclass

from django_tables2 import DateTimeColumn

from dashboards.component import BasicTable, Chart, Component, Form, Gauge, Map, Progress, Stat
from dashboards.component.layout import Card, ComponentLayout
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.registry import registry
from demo.shop import values
from demo.shop.forms import Restock, StartSale
from demo.shop.models import Order, Product, Sale

# Computed once for all viewers after orders have come; at most every second.
ORDERS = OnChange(Order, debounce=1)
SECONDS = 2
POINTS = 300

RESPONSES = {
    "data": [
        {"name": "Half of the answers", "mode": "lines", "hovertemplate": "%{y:.0f} ms"},
        {"name": "19 of 20", "mode": "lines", "hovertemplate": "%{y:.0f} ms"},
    ],
    "layout": {
        "hovermode": "x unified",
        "xaxis": {"type": "date", "showgrid": False},
        "yaxis": {"ticksuffix": " ms", "rangemode": "tozero", "nticks": 5},
    },
}


@dataclass
class Shelves(Component):
    """How full each shelf is. Its value is a sequence of ``Product``."""

    template: str = "shop/shelves.html"


@registry.register
class Operations(Dashboard):
    """Each figure is derived from the same orders, which arrive while somebody watches."""

    # Its value lets the shop move; all other values follow the orders.
    visitors = Stat(
        value=values.visitors,
        title="Visits",
        live=Every(seconds=SECONDS),
        grid_css_classes="span-2",
    )
    orders = Stat(
        value=values.orders,
        title="Orders in 24 hours",
        good="up",
        live=ORDERS,
        grid_css_classes="span-2",
    )
    revenue = Stat(
        value=values.revenue,
        title="Revenue in 24 hours",
        prefix="€",
        decimals=0,
        good="up",
        live=ORDERS,
        grid_css_classes="span-2",
    )
    conversion = Stat(
        value=values.conversion,
        title="Visits with an order",
        unit="%",
        decimals=2,
        live=ORDERS,
        grid_css_classes="span-2",
    )
    queue = Gauge(
        value=values.queue,
        title="Waiting to be packed",
        max=150,
        bands=[
            {"end": 80, "level": "good", "text": "In hand"},
            {"end": 120, "level": "warning", "text": "Busy"},
            {"level": "critical", "text": "Call for help"},
        ],
        live=ORDERS,
        grid_css_classes="span-2",
    )
    failures = Gauge(
        value=values.failures,
        title="Failed requests",
        max=5,
        unit="%",
        decimals=2,
        bands=[
            {"end": 0.5, "level": "good"},
            {"end": 2, "level": "warning", "text": "Look into it"},
            {"level": "critical", "text": "Something is wrong"},
        ],
        live=Every(seconds=5),
        grid_css_classes="span-2",
    )

    by_hour = Chart(
        value=values.by_hour,
        title="Revenue by hour",
        # Five minutes, which may be chosen for the other chart, are too little for hours.
        shared_time=False,
        live=ORDERS,
        css_classes="dashboards-chart-tall",
        grid_css_classes="span-7",
    )
    newest = BasicTable(
        value=values.newest,
        title="Newest orders",
        columns={
            "product": "Product",
            "total": NumberColumn("Total", decimals=2, prefix="€"),
            "placed": DateTimeColumn(verbose_name="At", format="H:i:s"),
            "country": "Country",
        },
        live=ORDERS,
        grid_css_classes="span-5",
    )

    responses = Chart(
        value=values.Points("median", "slow", limit=POINTS),
        figure=RESPONSES,
        max_points=POINTS,
        title="Time until the shop's site answers",
        live=Every(seconds=SECONDS),
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )
    dispatch = Progress(
        value=values.dispatch,
        title="Next van",
        steps=("Pick", "Pack", "Load"),
        live=ORDERS,
        grid_css_classes="span-4",
    )
    sale = Stat(
        value=values.sale,
        title="Running now",
        live=OnChange(Sale, Order, debounce=1),
        grid_css_classes="span-12",
    )

    by_country = Map(
        value=values.by_country,
        title="Orders by country in 24 hours",
        live=Every(seconds=30),
        grid_css_classes="span-4",
    )
    stock = Shelves(
        value=values.stock,
        title="Stock",
        live=OnChange(Product, debounce=1),
        grid_css_classes="span-4",
    )
    start = Form(
        form=StartSale,
        title="Start one, for five minutes",
        method="post",
        submit_text="Start",
        success_message="Started, on every open page.",
        grid_css_classes="span-12",
    )
    restock = Form(
        form=Restock,
        title="Fill a shelf",
        method="post",
        submit_text="Order a delivery",
        success_message="Delivered.",
        grid_css_classes="span-4",
    )

    class Meta:
        name = "Operations"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            *("visitors", "orders", "revenue", "conversion", "queue", "failures"),
            *("by_hour", "newest"),
            *("by_country", "stock"),
            Card("sale", "start", heading="Sale", grid_css_classes="span-4"),
            *("responses", "dispatch", "restock"),
        )
