"""Forms that filter, forms that save, and a form for a whole dashboard."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet, Sum

from dashboards.component import BasicTable, Form, Stat, Table
from dashboards.component.layout import HTML, ComponentLayout
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


class Parcel(DashboardForm):
    photo = forms.FileField(label="Photo of the damage")

    def clean_photo(self) -> Any:
        photo = self.cleaned_data["photo"]
        if photo.size > 1_000_000:
            raise forms.ValidationError("A megabyte is enough.")
        return photo

    def save(self) -> dict[str, Any]:
        # A demo keeps no files. Programs get what is returned.
        photo = self.cleaned_data["photo"]
        return {"name": photo.name, "bytes": photo.size}


class Track(DashboardForm):
    number = forms.IntegerField(label="Order number", min_value=1)


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
        # Visitors must not fill the disk: the oldest are deleted.
        kept = Order.objects.order_by("-placed")[:MOST_ORDERS]
        Order.objects.exclude(pk__in=kept.values("pk")).delete()
        return order


def newest() -> QuerySet[Order]:
    return Order.objects.order_by("-placed")[:5]


@registry.register
class Forms(Dashboard):
    find = Form(
        form=Find,
        method="get",
        trigger="change, input delay:300ms",
        dependents=["found", "sum"],
    )
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

    photo = Form(
        form=Parcel,
        title="Damaged?",
        method="post",
        submit_text="Send",
        success_message="Thank you. We look into it.",
    )

    track = Form(
        form=Track,
        title="Where is my order?",
        method="get",
        trigger="submit",
        submit_url="track",  # a view's name, or an address
    )

    class Meta:
        name = "Forms"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "A form that filters other components",
                HTML(
                    "<p>It is sent while you type. A program requests its address, "
                    "<code>/pieces/forms/@component/find/?find-least=90</code>, "
                    "with <code>Accept: application/json</code>, and gets its "
                    "values as JSON.</p>"
                ),
                "find",
                "sum",
                "found",
            ),
            Example("A form that saves, live for all viewers", "add", "count", "newest"),
            Example(
                "A file",
                HTML(
                    "<p>A program posts to <code>/pieces/forms/@component/photo/"
                    "</code> with <code>Accept: application/json</code>, and "
                    'gets <code>{"success": true, "result": …}</code>, or '
                    "status 400 and the errors of each field.</p>"
                ),
                "photo",
            ),
            Example(
                "A form that a view of your own answers",
                "track",
                views=["track"],
            ),
        )


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class Narrow(DashboardForm):
    since = forms.DateField(widget=Day, required=False)
    until = forms.DateField(widget=Day, required=False)
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
    if filters["since"]:
        orders = orders.filter(placed__date__gte=filters["since"])
    if filters["until"]:
        orders = orders.filter(placed__date__lte=filters["until"])
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
            Example("A form for the whole dashboard", "number", "orders", members=["Meta"]),
        )
