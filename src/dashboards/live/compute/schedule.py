"""Computes a group again and again, while a hub has subscribers for it."""

import asyncio
import contextlib
from collections.abc import Callable

from dashboards.live.compute.groups import ComputeGroup
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.workers import is_cancelled

_CHANGE_SECONDS = 2.0
"""Time until the store is asked for changes whose notification may be lost."""


async def compute_when_due(
    store: BaseStore,
    channel: str,
    group: ComputeGroup,
    changed: asyncio.Event,
    on_error: Callable[[Exception], None],
) -> None:
    """Compute a group whenever it is due, until cancelled.

    Args:
        store: where leases are acquired and values are put.
        channel: the channel of the group.
        group: what is computed.
        changed: set when a topic of the group may have changed.
        on_error: called with the error if the store fails.
    """
    clock = store.clock
    due = clock.monotonic()
    while not is_cancelled():
        changed.clear()
        due = max(due + group.seconds, clock.monotonic())
        try:
            await PRODUCER.compute(store, channel, group)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            on_error(error)
        if group.debounce is None:
            METRICS.skipped += max(0, int((clock.monotonic() - due) / group.seconds))
            await clock.asleep(due - clock.monotonic())
        else:
            await clock.asleep(group.debounce)
            with contextlib.suppress(TimeoutError):
                async with clock.timeout(_CHANGE_SECONDS):
                    await changed.wait()
