"""A dashboard about one object."""

from typing import Any

from django import forms
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest

from dashboards.component import CTA, Chart, Form, Stat, Table
from dashboards.component.layout import HTML, ComponentLayout
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live import OnChange
from dashboards.permissions import BasePermission
from dashboards.registry import registry
from demo.pieces.dashboards.requests import IsStaff
from demo.pieces.layout import Example
from demo.pieces.models import Country, Customer, Order


def spent(object: Customer) -> dict[str, Any]:
    whole = object.orders.aggregate(sum=Sum("total", default=0))
    return {"text": whole["sum"], "sub_text": "in all"}


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


class IsAtHome(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.country != Country.SWEDEN)


class Move(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Customer
        fields = ["country"]


def home(object: Customer) -> str:
    return object.get_country_display()


@registry.register
class CustomerBoard(ModelDashboard):
    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Customer]:  # noqa: ARG003
        # A customer without orders has no page: it is not found.
        return Customer.objects.filter(orders__isnull=False).distinct()

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

    home = Stat(value=home)
    move = Form(
        form=Move,
        title="Moved?",
        method="post",
        dependents=["home"],
        success_message="Noted.",
    )

    class Meta:
        model = Customer
        lookup_field = "name"  # by default pk
        permission_classes = [IsStaff | IsAtHome]
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "One dashboard, an address for each customer",
                "spent",
                "months",
                members=["Meta"],
            ),
            Example(
                "Hidden objects and forbidden objects",
                HTML(
                    '<p><a href="../Leo Newman/">Leo Newman</a> is not found '
                    "until he orders something. "
                    '<a href="../Astrid Lindqvist/">Astrid Lindqvist</a> is '
                    'for <a href="/as/staff/">staff</a>, and forbidden to '
                    '<a href="/as/anybody/">anybody</a> else.</p>'
                ),
                members=["get_queryset", "Meta"],
            ),
            Example("A form of the object itself", "home", "move"),
            Example("Their orders", "orders"),
        )
