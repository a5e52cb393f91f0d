"""Dashboards to push to, and what the store has of them."""

from dashboards.component import Chart, Component, Gauge, Progress, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.stores import get_store
from dashboards.registry import Registry

MEMORY = {"STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}}


@Registry().register
class Board(Dashboard):
    number = Stat(live=True)
    note = Text(live=True)
    bar = Progress(live=True)
    dial = Gauge(live=True)
    turning = Stat(value=lambda: 1, live=Every(seconds=60))
    chart = Chart(live=True)
    key = Text(live=True)
    value = Text(live=True)
    dashboard = Text(live=True)
    context = Component(template="site/context.html", live=True)
    still = Text(value="not live")

    class Meta:
        app_label = "site"


@Registry().register
class Other(Dashboard):
    number = Stat(live=True)

    class Meta:
        app_label = "site"


class Rollback(Exception):  # noqa: N818 - it is no error
    """Leaves a block as an error would."""


def stored(dashboard: type[Dashboard] = Board) -> dict[str, str]:
    """Return the frames that every subscriber would get."""
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.data for frame in changes.frames}


def versions(dashboard: type[Dashboard] = Board) -> dict[str, int]:
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.version for frame in changes.frames}


def head(dashboard: type[Dashboard] = Board) -> int:
    position = get_store().since(dashboard().channel, None).position
    return position.version if position else 0
