"""Computes live values all the time, as if somebody watched every dashboard.

Values declared with ``Every`` or ``OnChange`` are computed while a server holds streams, or when a
page asks. Run this where nobody holds (WSGI, a proxy that does) and values shall be ready all the
same. It shares the work with servers: each value is computed by one process at a time.
"""

import asyncio
import signal
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboards.dashboard import Dashboard
from dashboards.exceptions import AudienceError
from dashboards.live.fanout.hub import Hub
from dashboards.live.stores import get_store
from dashboards.live.subscription import Subscription
from dashboards.registry import registry

_AGAIN_SECONDS = 1.0


class Command(BaseCommand):
    """``manage.py live [app_dashboard …]``."""

    help = (
        "Computes the live values of all dashboards, or of those named, until it is stopped. "
        "Dashboards for one user or about one object are left to those who watch them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the names of dashboards."""
        parser.add_argument(
            "names", nargs="*", metavar="app_dashboard", help="such as shop_orders; default all"
        )

    def handle(self, *, names: Sequence[str], verbosity: int = 1, **options: Any) -> None:  # noqa: ARG002
        """Compute until SIGTERM or SIGINT."""
        known = {dashboard.get_url_name(): dashboard for dashboard in registry}
        if unknown := sorted(set(names) - set(known)):
            msg = f"No dashboard is called {', '.join(unknown)}; there are {', '.join(known)}."
            raise CommandError(msg)
        holds = {}
        for name in names or known:
            hold = _hold(known[name])
            if hold is not None:
                holds[name] = hold
            elif names:
                msg = f"{name} has no values that are computed for everybody."
                raise CommandError(msg)
        if not holds:
            msg = "No dashboard has values that are computed for everybody."
            raise CommandError(msg)
        if verbosity:
            self.stdout.write(f"Computing {', '.join(holds)}")
            self.stdout.flush()
        asyncio.run(_watch(list(holds.values())))


def _hold(dashboard: type[Dashboard]) -> Subscription | None:
    """Return what a stream of a dashboard would hold, if anything is computed for everybody."""
    try:
        shared = dashboard()
        channel = shared.channel
    except AudienceError:
        return None
    sources = shared.get_computed_values()
    return Subscription(channel, None, sources) if sources else None


async def _watch(holds: Sequence[Subscription]) -> None:
    hub = Hub(get_store())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hub.close)
    await asyncio.gather(*map(partial(_read, hub), holds))


async def _read(hub: Hub, hold: Subscription) -> None:
    """Be one more reader, whose stream is taken up again whenever it ends."""
    while not hub.closed:
        try:
            reader = await hub.open(hold)
        except Exception:  # noqa: BLE001 - the hub has said so; a store may fail in its own ways
            await asyncio.sleep(_AGAIN_SECONDS)
            continue
        try:
            while await reader.read():
                pass
        finally:
            hub.release(reader)
