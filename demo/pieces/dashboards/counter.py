"""A small dashboard that is embedded in other pages."""

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.live import OnChange
from dashboards.registry import registry
from demo.pieces.models import Customer, Order


@registry.register
class Counter(Dashboard):
    customers = Stat(value=Customer.objects.count, grid_css_classes="span-6")
    open = Stat(
        value=Order.objects.filter(state=Order.State.NEW).count,
        live=OnChange(Order),
        grid_css_classes="span-6",
    )

    class Meta:
        include_in_menu = False
