"""Dashboards with values that hang or take long, for sites that enable them."""

import asyncio
import time

from django.contrib.auth.models import Group
from django.db import connection
from django.http import HttpRequest

from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live import Every
from dashboards.permissions import BasePermission
from dashboards.registry import registry
from tests.site.dashboards import count_turns


def hang() -> str:
    time.sleep(3600)
    return "never"


async def wait_for_ever() -> str:
    await asyncio.Event().wait()
    return "never"


async def block_for_ever() -> str:
    return await asyncio.to_thread(hang)


@registry.register
class Stuck(Dashboard):
    """Values that hang, each in another way, and one that works."""

    hangs = Stat(value=hang, live=Every(seconds=1))
    fails = Stat(value=lambda: 1 / 0, live=Every(seconds=1))
    fine = Stat(value=count_turns, live=Every(seconds=1))
    waits = Stat(value=wait_for_ever, live=Every(seconds=1))
    blocks = Stat(value=block_for_ever, live=Every(seconds=1))


def query_long() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(2)")
    return count_turns()


@registry.register
class Queried(ModelDashboard):
    """A value that queries for two seconds, about each group."""

    number = Stat(value=query_long, live=Every(seconds=1))

    class Meta:
        model = Group


class Hesitant(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        if request.path.endswith("@stream/"):  # The menu of each page checks it, too.
            time.sleep(4)
        return True


@registry.register
class Guarded(Dashboard):
    """A dashboard with a slow permission."""

    number = Stat(live=True)

    class Meta:
        permission_classes = (Hesitant,)
