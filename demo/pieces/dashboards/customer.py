"""A dashboard about one object."""

from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from dashboards.component import CTA, Chart, Stat, Table
from dashboards.component.layout import ComponentLayout
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live import OnChange
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Customer, Order


def spent(object: Customer) -> dict[str, Any]:
    whole = object.orders.aggregate(sum=Sum("total", default=0))
    return {"text": whole["sum"], "sub_text": object.get_country_display()}


def orders_of(object: Customer) -> QuerySet[Order]:
    return object.orders.all()


def months(object: Customer) -> dict[str, Any]:
    months = object.orders.values(month=TruncMonth("placed"))
    sums = months.annotate(sum=Sum("total")).order_by("month")
    bars = {
        "type": "bar",
        "x": [f"{each['month']:%B}" for each in sums],
        "y": [each["sum"] for each in sums],
    }
    return {"data": [bars], "layout": {"yaxis": {"tickprefix": "€"}}}


@registry.register
class CustomerBoard(ModelDashboard):
    spent = Stat(
        value=spent,
        prefix="€",
        decimals=2,
        cta=CTA(href="dashboards:pieces_tables", text="All customers"),
        live=OnChange(Order),
    )
    months = Chart(value=months, defer=True)

    orders = Table(
        value=orders_of,
        columns={
            "category": "Category",
            "state": "State",
            "total": NumberColumn("Total", decimals=2, prefix="€"),
            "placed": "Placed",
        },
        order="-placed",
        page_size=10,
        live=OnChange(Order),
    )

    class Meta:
        model = Customer
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "One dashboard, an address for each customer",
                "spent",
                "months",
                members=["Meta"],
            ),
            Example("Their orders", "orders"),
        )
