"""What a page makes of its request: permissions, components of its own, and waiting."""

import asyncio
from typing import Any

from django.http import HttpRequest

from dashboards.component import Stat, Text
from dashboards.component.layout import HTML, ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.permissions import BasePermission
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Country, Order


# A demo has no logins, so here the address says who you are. In a project these
# would be IsAuthenticated, IsAdminUser, and classes that look at request.user.
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


async def count_slowly(**kwargs: Any) -> int:
    await asyncio.sleep(0.3)
    return await Order.objects.acount()


COUNTRIES = "FRA,DEU"


@registry.register
class Requests(Dashboard):
    anybody = Text(value="For everybody.")
    wages = Stat(
        value=2840,
        prefix="€",
        permission_classes=[IsStaff & ~IsTrainee],
    )

    bank = Stat(value=ask_bank)
    carrier = Stat(value=ask_carrier)

    first = Stat(value=count_slowly, defer=True)
    second = Stat(value=count_slowly, defer=True)
    third = Stat(value=count_slowly, defer=True)

    def __init__(self, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(request=request, **kwargs)
        asked = request.GET.get("countries", COUNTRIES) if request else COUNTRIES
        for code in Country.values:
            if code in asked.split(","):
                orders = Order.objects.filter(customer__country=code)
                title = f"Orders from {Country(code).label}"
                self.components[code.lower()] = Stat(value=orders.count, title=title)

    class Meta:
        name = "By request"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "Who may see what",
                HTML(
                    'Look as <a href="?staff=1">staff</a>, as a '
                    '<a href="?staff=1&amp;trainee=1">trainee</a>, as <a href="?">anybody</a>.'
                ),
                "anybody",
                "wages",
            ),
            Example(
                "Components for one request",
                HTML(
                    'Orders from <a href="?countries=JPN,KEN,USA">other countries</a>, '
                    '<a href="?">these</a>.'
                ),
                *(code.lower() for code in Country.values),
                members=["__init__"],
            ),
            Example("Values that are awaited together", "bank", "carrier"),
            Example("Deferred, and loaded together", "first", "second", "third"),
        )
