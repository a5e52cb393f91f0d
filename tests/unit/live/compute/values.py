"""Live values of the tests, and what a store has of them."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from dashboards.live.compute.groups import ComputedValue
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.wire.frames import page_html
from dashboards.live.wire.value_state import ValueState, current_states
from tests.unit.live.streams import CHANNEL


def show(state: ValueState, since: float) -> str:
    """Render a state as a box does."""
    return f"{state} since {since:.0f}"


def stored(store: MemoryStore, channel: str = CHANNEL) -> dict[str, str]:
    """Return the HTML of each value that a page would show."""
    return page_html(store.since(channel, None).frames)


def state_of(store: MemoryStore, key: str) -> str:
    """Return the state that a box shows; empty if its value is fresh."""
    html = current_states(store.since(CHANNEL, None).frames).get(key, "")
    return html.partition("<!--")[0]


def awaited(key: str, value: Callable[[], Any], seconds: float = 0.2) -> ComputedValue:
    """Return a computed value as a component makes it of an ``async def``."""
    results: list[str] = []

    def begin(reloaded: set[object]) -> Any:
        async def wait() -> None:
            results.append(await value())

        return wait()

    return ComputedValue(key, seconds, results.pop, begin=begin, is_awaited=True)


async def await_for_ever(stuck: threading.Event) -> str:
    """Await until the event is set."""
    while not stuck.is_set():  # noqa: ASYNC110 - an event of threads
        await asyncio.sleep(0.05)
    return "at last"


async def block_the_loop(stuck: threading.Event) -> str:
    """Block the event loop until the event is set."""
    stuck.wait(30)
    return "at last"
