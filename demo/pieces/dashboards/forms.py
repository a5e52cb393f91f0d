"""Forms that narrow, forms that save, and a form above a whole dashboard."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet, Sum

from dashboards.component import BasicTable, Form, Stat, Table
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.forms import DashboardForm
from dashboards.live import OnChange
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Country, Order

MOST_ORDERS = 1500
COLUMNS = {
    "customer__name": "Customer",
    "category": "Category",
    "total": "€",
}
Filters = Mapping[str, Any]


class Find(DashboardForm):
    category = forms.ChoiceField(
        choices=[("", "All"), *Order.Category.choices],
        required=False,
    )
    least = forms.IntegerField(
        label="At least €",
        min_value=0,
        initial=0,
        required=False,
    )


def found(filters: Filters) -> QuerySet[Order]:
    orders = Order.objects.filter(total__gte=filters["least"] or 0)
    category = filters["category"]
    return orders.filter(category=category) if category else orders


def found_sum(filters: Filters) -> Any:
    return found(filters).aggregate(sum=Sum("total", default=0))["sum"]


class AddOrder(forms.ModelForm):  # type: ignore[type-arg]
    total = forms.DecimalField(
        label="Total, €",
        min_value=1,
        max_value=500,
        decimal_places=2,
    )

    class Meta:
        model = Order
        fields = ["customer", "category", "total"]

    def clean_total(self) -> Decimal:
        total: Decimal = self.cleaned_data["total"]
        if total < 5:
            raise forms.ValidationError("Nothing is sent below €5.")
        return total

    def save(self, commit: bool = True) -> Order:
        order: Order = super().save(commit)
        # Whoever plays here must not fill the disk: the oldest make room.
        kept = Order.objects.order_by("-placed")[:MOST_ORDERS]
        Order.objects.exclude(pk__in=kept.values("pk")).delete()
        return order


def newest() -> QuerySet[Order]:
    return Order.objects.order_by("-placed")[:5]


@registry.register
class Forms(Dashboard):
    find = Form(form=Find, method="get", dependents=["found", "sum"])
    sum = Stat(
        value=found_sum,
        prefix="€",
        decimals=2,
        live=OnChange(Order),
    )
    found = Table(
        value=found,
        columns=COLUMNS,
        order="-total",
        page_size=5,
    )

    add = Form(
        form=AddOrder,
        title="Place an order",
        method="post",
        submit_text="Order",
        success_message="Ordered. Every open page has heard of it.",
    )
    count = Stat(
        value=Order.objects.count,
        title="Orders",
        live=OnChange(Order),
    )
    newest = BasicTable(
        value=newest,
        columns=COLUMNS,
        live=OnChange(Order),
    )

    class Meta:
        name = "Forms"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("A form that narrows others", "find", "sum", "found"),
            Example("A form that saves, live for all", "add", "count", "newest"),
        )


class Narrow(DashboardForm):
    country = forms.ChoiceField(
        choices=[("", "All"), *Country.choices],
        required=False,
    )
    state = forms.MultipleChoiceField(
        choices=Order.State.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def narrowed(filters: Filters) -> QuerySet[Order]:
    orders = Order.objects.all()
    if filters["country"]:
        orders = orders.filter(customer__country=filters["country"])
    if filters["state"]:
        orders = orders.filter(state__in=filters["state"])
    return orders


@registry.register
class Filtered(Dashboard):
    number = Stat(
        value=lambda filters: narrowed(filters).count(),
        live=OnChange(Order),
    )
    orders = Table(
        value=narrowed,
        columns=COLUMNS,
        order="-total",
        page_size=5,
    )

    class Meta:
        name = "Filters"
        template_name = "pieces/page.html"
        filter_form = Narrow  # or a FilterSet of django-filter

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("A form above all", "number", "orders", members=["Meta"]),
        )
