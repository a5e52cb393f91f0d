"""The dashboards of the shop."""

from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboards.component import Progress, Stat, StatData, Text
from dashboards.component.layout import Card, ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.registry import registry
from shop.models import Order


def get_revenue() -> StatData:
    """Return the sum of all orders, and their number."""
    total: Decimal = Order.objects.aggregate(total=Sum("total", default=Decimal()))["total"]
    return StatData(text=total, sub_text=f"{Order.objects.count()} orders")


def get_last_customers() -> str:
    """Return the customers of the last five orders, one in a line."""
    customers = Order.objects.order_by("-pk").values_list("customer", flat=True)[:5]
    return "\n".join(customers) or "No orders yet"


@registry.register
class Operations(Dashboard):
    """Figures that follow the orders, a clock, and the progress of a deploy."""

    revenue = Stat(value=get_revenue, prefix="€", decimals=2, live=OnChange(Order))
    customers = Text(value=get_last_customers, title=_("Last customers"), live=OnChange(Order))
    clock = Stat(value=timezone.now, date_format="H:i:s", live=Every(seconds=2))
    deploy = Progress(live=True)

    class Layout(Dashboard.Layout):
        """The figures in one card, the rest below it."""

        components = ComponentLayout(
            Card("revenue", "clock", heading=_("Today")), "customers", "deploy"
        )
