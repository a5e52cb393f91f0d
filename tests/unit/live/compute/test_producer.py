"""``live/compute/producer.py``: one process computes a value, and a bad one delays no other."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction
from django.test import RequestFactory
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.producer import Producer
from dashboards.live.compute.supervisor import Supervisor
from dashboards.live.fanout.hub import Hub
from dashboards.live.metrics import get_metrics
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.value_state import state_event
from dashboards.testing.clock import FakeClock
from tests.harness import wait_for
from tests.unit.live.compute.values import show, stored
from tests.unit.live.streams import CHANNEL, counting, idle, moving, read_until, until


@pytest.fixture
def hang(stuck: threading.Event) -> Callable[[], str]:
    """Return a value that hangs until the test is over."""

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    return hang


# Under a hub.


@pytest.mark.usefixtures("_quick_supervisor")
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("number", [1, 4])
async def test_hanging_value_does_not_delay_others_of_its_interval(
    hub: Hub, clock: FakeClock, stuck: threading.Event, order: int, number: int
):
    """A value that hung froze every value of its interval that was declared before it, and the
    page said Live. Now each that hangs costs one thread, and the others keep their interval."""
    started: list[int] = []

    def hang() -> str:
        started.append(1)
        stuck.wait(30)
        return "at last"

    fine = ComputedValue("fine", 0.2, counting())
    values = [fine, *(ComputedValue(f"hangs{n}", 0.2, hang) for n in range(number))][::order]
    subscriber = await hub.open(Subscription(CHANNEL, None, values))

    await moving(clock, read_until(subscriber, "turn 6."), 0.05)

    assert len(started) == number, "a value that hangs is not started again"


@pytest.mark.usefixtures("_quick_supervisor")
async def test_more_hanging_values_than_threads_are_reported_and_come_at_last(
    hub: Hub,
    store: MemoryStore,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    stuck: threading.Event,
):
    calls: list[str] = []

    def hang(name: str) -> str:
        calls.append(name)
        stuck.wait(10)
        return f"{name} at last"

    values = [ComputedValue(f"stuck{n}", 0.2, partial(hang, f"stuck{n}")) for n in range(5)]
    values.append(ComputedValue("good", 0.2, counting()))
    subscriber = await hub.open(Subscription(CHANNEL, None, values))
    await moving(clock, read_until(subscriber, "turn 4."), 0.05)
    await moving(clock, until(lambda: "has been computed for" in caplog.text), 0.2)
    assert sorted(calls) == sorted(set(calls)), "a value that hangs is not started again"
    stuck.set()
    await moving(clock, until(lambda: str(stored(store)).count(" at last") == 5))


@pytest.mark.usefixtures("_quick_supervisor")
async def test_hanging_value_is_not_begun_again_for_later_streams(
    hub: Hub, clock: FakeClock, stuck: threading.Event
):
    calls: list[int] = []

    def hang() -> str:
        calls.append(1)
        stuck.wait(10)
        return "at last"

    for _ in range(4):
        subscriber = await hub.open(
            Subscription(CHANNEL, None, [ComputedValue("stuck", 0.1, hang)])
        )
        for _ in range(6):
            await idle()
            clock.advance(0.05)
            await asyncio.sleep(0.002)
        hub.release(subscriber)
    assert len(calls) == 1


@pytest.mark.usefixtures("_quick_supervisor")
async def test_value_with_a_system_exit_does_not_end_its_thread(
    hub: Hub, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    """``SystemExit`` is no ``Exception``: it ended the thread, with the values that waited."""

    def leave() -> str:
        raise SystemExit

    values = [ComputedValue("leaves", 0.2, leave), ComputedValue("fine", 0.2, counting())]
    subscriber = await hub.open(Subscription(CHANNEL, None, values))

    await moving(clock, read_until(subscriber, "turn 3."), 0.05)

    assert "SystemExit" in caplog.text


@pytest.mark.usefixtures("_quick_supervisor")
async def test_values_of_crowded_channels_take_turns_and_are_shown_as_late(
    hub: Hub, store: MemoryStore, clock: FakeClock, settings: Settings
):
    """130 objects with a value of 2 s each second made 133 threads. Bounded, each comes less
    often, says that it is late, and a quick value of another dashboard keeps its interval."""
    settings.DASHBOARDS = {"MAX_COMPUTE_THREADS": 4}

    def slow() -> str:
        clock.sleep(0.6)
        return "slow value"

    fine = await hub.open(Subscription("fine", None, [ComputedValue("fine", 0.3, counting())]))
    await moving(clock, read_until(fine, "turn 1."), 0.05)
    crowd = [
        await hub.open(
            Subscription(f"object/{n}", None, [ComputedValue("a", 0.2, slow, render_state=show)])
        )
        for n in range(20)
    ]
    await moving(clock, read_until(fine, "turn 8."), 0.05)
    before = get_metrics()["skipped"]
    everything = asyncio.gather(*(read_until(each, "slow value") for each in crowd))
    await moving(clock, everything, 0.05)

    names = [each.name for each in threading.enumerate()]
    assert names.count("dashboards-compute") <= 8, "the pool may have been larger before"
    assert any(
        state_event("a") in {frame.key for frame in store.since(f"object/{n}", None).frames}
        for n in range(20)
    ), "a value that waits for its turn is late"
    assert get_metrics()["skipped"] >= before


# A page that requests values.


class Quick(Dashboard):
    value = Stat(value=lambda: "quick", live=Every(seconds=60))

    class Meta:
        app_label = "site"


@pytest.mark.usefixtures("_commits")
def test_value_is_computed_for_a_request_within_a_transaction(settings: Settings):
    """With ``ATOMIC_REQUESTS`` a lease within the request's transaction would lock out the thread
    that computes, so that thread acquires it."""
    settings.DASHBOARDS = {
        "PAGE_WAIT_SECONDS": 10,
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}},
    }

    with transaction.atomic():
        dashboard = Quick(RequestFactory().get("/"))
        dashboard.compute_due(deferred=False)
        assert "quick" in str(dashboard.render_content("value"))


# Two processes. Without a thread of its own, a producer looks at the clock when a test says so.


@pytest.fixture
def _no_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Supervisor, "wake", lambda self: None)


@pytest.mark.usefixtures("_no_supervisor")
def test_hanging_value_leaves_the_others_to_another_process(
    store: MemoryStore, clock: FakeClock, hang: Callable[[], str]
):
    """A process that waits for a value renews the lease of its interval. Were that so for ever, the
    others of the interval would stand still while nobody requests them from this process."""
    one, other = Producer(), Producer()
    values = [ComputedValue("fine", 2, counting()), ComputedValue("hangs", 2, hang)]
    one.compute_due(store, CHANNEL, values, 0.05)
    elsewhere = [ComputedValue("fine", 2, lambda: "elsewhere"), values[1]]

    def is_computed_elsewhere() -> bool:
        clock.advance(0.5)
        one._tick()
        other._tick()
        other.compute_due(store, CHANNEL, elsewhere, 0)
        return stored(store).get("fine") == "elsewhere"

    began = clock.monotonic()
    wait_for(is_computed_elsewhere, pause=0.001)
    assert clock.monotonic() - began > 9, "it is left after ten seconds without a request"


@pytest.mark.usefixtures("_no_supervisor")
def test_slow_value_beside_a_quick_one_is_not_begun_by_another_process(
    store: MemoryStore, clock: FakeClock, stuck: threading.Event
):
    """Each round of the quick values ended the lease of their interval, after which another
    process began the slow one as well."""
    started: list[str] = []

    def slow(name: str) -> str:
        started.append(name)
        stuck.wait(30)
        return name

    def quick() -> str:
        clock.sleep(0.18)  # So that the lease would end just after it is ready.
        return "quick"

    one, other = Producer(), Producer()
    for _ in range(100):
        for name, producer in (("one", one), ("other", other)):
            values = [
                ComputedValue("a", 0.2, partial(slow, name)),
                ComputedValue("quick", 0.2, quick),
            ]
            producer.compute_due(store, CHANNEL, values, 0)
        time.sleep(0.001)
        clock.advance(0.02)
        one._tick()
        other._tick()

    assert started == ["one"]


@pytest.mark.usefixtures("_no_supervisor")
def test_slow_value_is_not_begun_by_another_process(
    store: MemoryStore, clock: FakeClock, stuck: threading.Event
):
    """One process at a time computes a value, also where that takes many intervals."""
    started: list[str] = []

    def slow(name: str) -> str:
        started.append(name)
        stuck.wait(30)
        return name

    one, other = Producer(), Producer()
    one.compute_due(store, CHANNEL, [ComputedValue("a", 0.5, partial(slow, "one"))], 0)
    for _ in range(30):
        other.compute_due(store, CHANNEL, [ComputedValue("a", 0.5, partial(slow, "other"))], 0)
        time.sleep(0.002)
        clock.advance(0.1)
        one._tick()

    assert started == ["one"]
    stuck.set()
    wait_for(lambda: stored(store).get("a") == "one")
