"""Pages that depend on their request: permissions, added components, deferred values."""

import asyncio
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from dashboards.component import Stat, Text
from dashboards.component.layout import HTML, ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.live import OnChange
from dashboards.permissions import BasePermission
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Country, Order


# The demo has no logins: a cookie names the role. In a project this
# would be IsAdminUser, or another check of request.user.
def role_of(request: HttpRequest) -> str:
    return request.COOKIES.get("role", "anybody")


class IsStaff(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request) in ("staff", "trainee")


class IsTrainee(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request) == "trainee"


class IsCourier(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request) == "courier"


def to_send() -> int:
    return Order.objects.filter(state=Order.State.PACKED).count()


WORK = {
    "staff": Order.State.NEW,
    "trainee": Order.State.NEW,
    "courier": Order.State.PACKED,
}


def work_of(request: HttpRequest) -> dict[str, Any]:
    role = role_of(request)
    orders = Order.objects.filter(state=WORK.get(role, Order.State.SENT))
    return {"text": orders.count(), "sub_text": f"orders for {role}"}


async def ask_bank() -> str:
    await asyncio.sleep(0.2)
    return "solvent"


async def ask_carrier() -> str:
    await asyncio.sleep(0.2)
    return "on time"


async def count_slowly(state: str, seconds: float = 0.3) -> int:
    await asyncio.sleep(seconds)
    return await Order.objects.filter(state=state).acount()


USUAL = "FRA,DEU"


@registry.register
class Requests(Dashboard):
    anybody = Text(value="For everybody.")
    wages = Stat(
        value=2840,
        prefix="€",
        permission_classes=[IsStaff & ~IsTrainee],
        grid_css_classes="span-6",
    )
    to_send = Stat(
        value=to_send,
        live=OnChange(Order),
        permission_classes=[IsStaff | IsCourier],
        grid_css_classes="span-6",
    )

    work = Stat(
        value=work_of,
        title="For you",
        # Depends on the viewer: each page loads its own. A value that is
        # the same for all is broadcast, and computed only once.
        live=OnChange(Order, delivery="per_viewer", jitter=1),
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
        grid_css_classes="span-6",
    )
    packed = Stat(
        defer=partial(count_slowly, "packed"),
        grid_css_classes="span-6",
    )
    sent = Stat(
        defer=partial(count_slowly, "sent"),
        grid_css_classes="span-6",
    )
    cancelled = Stat(
        defer=partial(count_slowly, "cancelled", seconds=2),
        title="Cancelled, which takes two seconds",
        grid_css_classes="span-6",
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
                "Permissions",
                HTML(
                    '<p>Look as <a href="/as/staff/">staff</a>, '
                    'as a <a href="/as/trainee/">trainee</a>, '
                    'as a <a href="/as/courier/">courier</a>, '
                    'as <a href="/as/anybody/">anybody</a>.</p>'
                ),
                "anybody",
                "wages",
                "to_send",
            ),
            Example("A live value for each viewer", "work"),
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
            Example("Polled every five seconds", "time"),
            Example(
                "Deferred, and loaded together",
                HTML("<p>The last one takes long. The others do not wait for it.</p>"),
                "new",
                "packed",
                "sent",
                "cancelled",
            ),
        )
