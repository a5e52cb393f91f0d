"""What a page makes of its request: permissions, components of its own, and waiting."""

import asyncio
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from dashboards.component import Stat, Text
from dashboards.component.layout import HTML, ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.permissions import BasePermission
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Country, Order


# A demo has no logins: here the address says who you are. In a project
# these would be IsAdminUser, or look at request.user in another way.
class IsStaff(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("staff") == "1"


class IsTrainee(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("trainee") == "1"


async def ask_bank() -> str:
    await asyncio.sleep(0.2)
    return "solvent"


async def ask_carrier() -> str:
    await asyncio.sleep(0.2)
    return "on time"


async def count_slowly(state: str) -> int:
    await asyncio.sleep(0.3)
    return await Order.objects.filter(state=state).acount()


USUAL = "FRA,DEU"


@registry.register
class Requests(Dashboard):
    anybody = Text(value="For everybody.")
    wages = Stat(
        value=2840,
        prefix="€",
        permission_classes=[IsStaff & ~IsTrainee],
    )

    bank = Stat(value=ask_bank, grid_css_classes="span-6")
    carrier = Stat(value=ask_carrier, grid_css_classes="span-6")

    time = Stat(
        value=timezone.now,
        date_format="H:i:s",
        poll_rate=5,
    )

    new = Stat(
        defer=partial(count_slowly, "new"),
        grid_css_classes="span-4",
    )
    packed = Stat(
        defer=partial(count_slowly, "packed"),
        grid_css_classes="span-4",
    )
    sent = Stat(
        defer=partial(count_slowly, "sent"),
        grid_css_classes="span-4",
    )

    def __init__(self, request: Any = None, **kwargs: Any) -> None:
        super().__init__(request=request, **kwargs)
        asked = request.GET.get("countries", USUAL) if request else USUAL
        for country in Country:
            if country in asked.split(","):
                orders = Order.objects.filter(customer__country=country)
                self.components[country.lower()] = Stat(
                    value=orders.count,
                    title=f"Orders from {country.label}",
                    grid_css_classes="span-6",
                )

    class Meta:
        name = "By request"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "Who may see what",
                HTML(
                    '<p>Look as <a href="?staff=1">staff</a>, as a '
                    '<a href="?staff=1&amp;trainee=1">trainee</a>, '
                    'as <a href="?">anybody</a>.</p>'
                ),
                "anybody",
                "wages",
            ),
            Example(
                "Components for one request",
                HTML(
                    '<p>From <a href="?countries=JPN,KEN">elsewhere</a>, '
                    'or <a href="?">from here</a>.</p>'
                ),
                *map(str.lower, Country),
                members=["__init__"],
            ),
            Example("Values that are awaited together", "bank", "carrier"),
            Example("Asked for anew every five seconds", "time"),
            Example("Deferred, and loaded together", "new", "packed", "sent"),
        )
