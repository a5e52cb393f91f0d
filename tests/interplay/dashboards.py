"""Dashboards that are served beside other packages."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from dashboards.component import Chart, Progress, Stat, Table, Text
from dashboards.dashboard import Dashboard
from dashboards.live import OnChange
from dashboards.permissions import IsAuthenticated
from dashboards.registry import registry
from tests.interplay.models import Member


def count_members() -> str:
    return f"{Member.objects.count()} members"


def list_members() -> Any:
    return [{"name": member.email, "size": len(member.email)} for member in Member.objects.all()]


def greet(request: HttpRequest) -> str:
    return f"Hello {request.user}"


def name_month(request: HttpRequest) -> str:
    return gettext("January")


@registry.register
class Live(Dashboard):
    """Pushed values, one that is computed, and a live table."""

    number = Stat(live=True)
    deploy = Progress(live=True)
    chart = Chart(value={"data": [{"type": "bar", "x": [1, 2], "y": [3, 4]}]})
    members = Stat(value=count_members, live=OnChange(Member))
    sizes = Table(value=list_members, live=OnChange(Member))
    month = Text(value=name_month)


@registry.register
class Private(Dashboard):
    """For members only."""

    greeting = Text(value=greet)
    secret = Stat(live=True)

    class Meta:
        permission_classes = (IsAuthenticated,)
