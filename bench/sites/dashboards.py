"""Our dashboards, for signed-in users: one that is pushed to, and one of twenty stats."""

import random

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.permissions import IsAuthenticated
from dashboards.registry import registry

STATS = [f"stat_{n}" for n in range(20)]
SECONDS = 2


def read_value() -> int:
    """Return a cheap value, so that the figures measure the delivery and not the value."""
    return random.randrange(1_000_000)


@registry.register
class Board(Dashboard):
    number = Stat(live=True)

    class Meta:
        permission_classes = (IsAuthenticated,)


@registry.register
class Stats(Dashboard):
    locals().update({name: Stat(value=read_value, live=Every(seconds=SECONDS)) for name in STATS})

    class Meta:
        permission_classes = (IsAuthenticated,)
