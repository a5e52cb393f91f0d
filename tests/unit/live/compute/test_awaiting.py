"""``live/compute/awaiting.py``: values of ``async def`` that share an event loop."""

import asyncio
import threading
from functools import partial

import pytest
from pytest_django import Settings

from dashboards.live.fanout.hub import Hub
from dashboards.live.subscription import Subscription
from dashboards.testing.clock import FakeClock
from tests.unit.live.compute.values import await_for_ever, awaited, block_the_loop
from tests.unit.live.streams import CHANNEL, counting, moving, read_until

pytestmark = pytest.mark.usefixtures("_quick_supervisor")


@pytest.mark.parametrize("order", [1, -1])
async def test_awaited_values_continue_while_others_never_end_or_block_the_loop(
    hub: Hub, clock: FakeClock, stuck: threading.Event, order: int
):
    """Sync code in one of the values that share an event loop would delay all of them. The others
    get event loops of their own."""
    turns = counting()

    async def fine() -> str:
        await asyncio.sleep(0)
        return turns()

    values = [
        awaited("fine", fine),
        awaited("waits", partial(await_for_ever, stuck)),
        awaited("blocks", partial(block_the_loop, stuck)),
    ][::order]
    subscriber = await hub.open(Subscription(CHANNEL, None, values))

    await moving(clock, read_until(subscriber, "turn 4."), 0.05)


async def test_awaited_value_without_end_is_cancelled_and_computed_again(
    hub: Hub, clock: FakeClock, settings: Settings, caplog: pytest.LogCaptureFixture
):
    """A value that awaits for ever would keep its thread. Unlike sync code it can be cancelled."""
    settings.DASHBOARDS = {"COMPUTE_TIMEOUT_SECONDS": 0.05}
    turns: list[int] = []

    async def value() -> str:
        turns.append(1)
        if len(turns) == 1:
            await asyncio.Event().wait()
        return "after all"

    subscriber = await hub.open(Subscription(CHANNEL, None, [awaited("waits", value)]))

    await moving(clock, read_until(subscriber, "after all"), 0.05)

    assert "TimeoutError: It was awaited for 0.05 s and then given up." in caplog.text
