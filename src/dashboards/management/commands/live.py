"""Computes live values all the time, as if every dashboard had a viewer.

Values declared with ``Every`` or ``OnChange`` are computed while a server has streams open, or when
a page is requested. Run this if no server has streams (WSGI, or behind a GRIP proxy) and values
must always be ready. It shares the work with servers: each value is computed by one process at a
time.
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
from dashboards.management.names import add_names, find_dashboards

_RETRY_SECONDS = 1.0


class Command(BaseCommand):
    """``manage.py live [app_dashboard …]``."""

    help = (
        "Computes the live values of all dashboards, or of those named, until it is stopped. "
        "It leaves out dashboards for one user or about one object."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the names of dashboards."""
        add_names(parser)

    def handle(self, *, names: Sequence[str], verbosity: int = 1, **options: Any) -> None:  # noqa: ARG002
        """Compute until SIGTERM or SIGINT."""
        subscriptions = {}
        for dashboard in find_dashboards(names):
            name, subscription = dashboard.get_url_name(), _get_subscription(dashboard)
            if subscription is not None:
                subscriptions[name] = subscription
            elif names:
                msg = f"{name} has no values that are computed for all viewers."
                raise CommandError(msg)
        if not subscriptions:
            msg = "No dashboard has values that are computed for all viewers."
            raise CommandError(msg)
        if verbosity:
            self.stdout.write(f"Computing {', '.join(subscriptions)}")
            self.stdout.flush()
        asyncio.run(_watch(list(subscriptions.values())))


def _get_subscription(dashboard: type[Dashboard]) -> Subscription | None:
    """Return a subscription to a dashboard, or None if nothing is computed for all viewers."""
    try:
        shared = dashboard()
        channel = shared.channel
    except AudienceError:
        return None
    sources = shared.get_computed_values()
    return Subscription(channel, None, sources) if sources else None


async def _watch(subscriptions: Sequence[Subscription]) -> None:
    hub = Hub(get_store())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hub.close)
    await asyncio.gather(*map(partial(_read, hub), subscriptions))


async def _read(hub: Hub, subscription: Subscription) -> None:
    """Subscribe, and subscribe again whenever the stream ends, until the hub is closed."""
    while not hub.closed:
        try:
            subscriber = await hub.open(subscription)
        except Exception:  # noqa: BLE001 - the hub has reported the store's error
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        try:
            while await subscriber.read():
                pass
        finally:
            hub.release(subscriber)
