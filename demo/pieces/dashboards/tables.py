"""Tables: of a queryset, of plain rows, and by a serializer."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django_tables2 import Column, DateTimeColumn

from dashboards.component import BasicTable, Table, TableData
from dashboards.component.layout import ComponentLayout
from dashboards.component.table import TableSerializer
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard
from dashboards.live import OnChange
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Customer, Order


def categories() -> list[dict[str, Any]]:
    # Rows that are dicts have their own columns.
    return [
        {
            "category": category.label,
            "orders": orders.count(),
            "largest": max(order.total for order in orders),
        }
        for category in Order.Category
        if (orders := Order.objects.filter(category=category))
    ]


def states() -> TableData:
    def rows() -> Iterator[dict[str, Any]]:
        for state in Order.State:
            orders = Order.objects.filter(state=state)
            yield {"state": state.label, "orders": orders.count()}

    return TableData(data=rows(), title="Orders by state")


class Customers(TableSerializer):
    class Meta:
        columns = {
            "name": "Customer",
            "country": "Country",
            "number": "Orders",
            "sum": NumberColumn("Sum", decimals=2, prefix="€"),
        }
        order = "-sum"
        first_as_absolute_url = True

    def get_queryset(self, **kwargs: Any) -> QuerySet[Any]:
        return Customer.objects.annotate(
            number=Count("orders"),
            sum=Sum("orders__total"),
        ).filter(number__gt=0)

    @staticmethod
    def get_country_value(customer: Customer) -> str:
        return f"{customer.get_country_display()} ({customer.country})"


class Names(TableSerializer):
    class Meta:
        model = Customer
        columns = {"name": "Name", "country": "Country"}
        order = "name"
        force_lower = False  # "ana" is not "Ana" here.


@registry.register
class Tables(Dashboard):
    orders = Table(
        value=Order.objects.all(),
        columns={
            "customer__name": Column("Customer", linkify=True),
            "category": "Category",
            "state": "State",
            "total": NumberColumn("Total", decimals=2, prefix="€"),
            "placed": DateTimeColumn(format="M j, H:i"),
        },
        order="-placed",
        page_size=10,
        live=OnChange(Order),
    )

    categories = BasicTable(value=categories)

    states = BasicTable(value=states, title="")

    customers = Table(value=Customers, page_size=10)

    names = Table(value=Names, page_size=5)

    class Meta:
        name = "Tables"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("Searched, ordered, paged and downloaded", "orders"),
            Example("All rows, without controls", "categories"),
            Example("Rows from an iterator, with a caption", "states"),
            Example("A serializer, with cells of its own", "customers"),
            Example("A serializer of a model, case-sensitive", "names"),
        )
