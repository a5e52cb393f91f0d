"""``live/compute/failures.py``: values that fail, hang or are late, and their boxes."""

import threading

import pytest

from dashboards.live.compute.failures import Failures
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.producer import Producer
from dashboards.live.fanout.hub import Hub
from dashboards.live.metrics import get_metrics
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.testing.clock import FakeClock
from tests.unit.live.compute.values import show, state_of, stored
from tests.unit.live.streams import CHANNEL, counting, moving, read, read_until, until

pytestmark = pytest.mark.usefixtures("_quick_supervisor")


def failing(message: str = "no sensor") -> ComputedValue:
    def fail() -> str:
        raise ValueError(message)

    return ComputedValue("a", 0.1, fail, render_state=show)


def compute_once(producer: Producer, store: MemoryStore, value: ComputedValue) -> None:
    producer.compute_due(store, CHANNEL, [value], 5)


async def test_late_value_shows_since_when_until_it_is_computed(
    hub: Hub, store: MemoryStore, clock: FakeClock, stuck: threading.Event
):
    """The page said Live while a value stood still. Two seconds after it was due its box says
    that it is late, and since when."""

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    began = clock.time()
    subscriber = await hub.open(
        Subscription(CHANNEL, None, [ComputedValue("a", 0.2, hang, render_state=show)])
    )

    seen = await moving(clock, read_until(subscriber, "late since"), 0.1)

    assert clock.time() - began >= 2
    since = float(seen.partition("late since ")[2].partition("<")[0])
    assert abs(since - began) < 1.5, "since it was due"
    stuck.set()
    await moving(clock, read_until(subscriber, "at last"), 0.1)
    assert state_of(store, "a") == ""


async def test_failing_value_shows_since_when_once_until_it_succeeds(
    hub: Hub, store: MemoryStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    """A value that failed kept its last frame in full colour, and logged a traceback each second.
    Its box says since when it fails; the log tells of the first failure and of the recovery."""
    is_broken = threading.Event()
    is_broken.set()
    turns = counting()

    def value() -> str:
        turn = turns()
        if is_broken.is_set():
            raise ZeroDivisionError
        return turn

    values = [
        ComputedValue("a", 0.1, value, render_state=show),
        ComputedValue("b", 0.1, counting("b")),
    ]
    subscriber = await hub.open(Subscription(CHANNEL, None, values))

    seen = await moving(clock, read_until(subscriber, "b 6."), 0.05)

    assert seen.count("failed since") == 1
    assert [each.exc_info is not None for each in caplog.records] == [True]
    is_broken.clear()
    await moving(clock, read_until(subscriber, "turn "), 0.05)
    assert state_of(store, "a") == ""
    await until(lambda: "computed again, after" in caplog.text)


async def test_raising_value_does_not_delay_another(hub: Hub, caplog: pytest.LogCaptureFixture):
    def fail() -> str:
        raise ZeroDivisionError

    values = [ComputedValue("bad", 0.1, fail), ComputedValue("good", 0.1, lambda: "fine")]
    subscriber = await hub.open(Subscription(CHANNEL, None, values))
    text = await read(subscriber)
    assert "fine" in text
    assert "'bad'" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_time_of_the_first_failure_is_kept_by_another_process(store: MemoryStore, clock: FakeClock):
    """Whichever process computes a value, its box says since when it fails, not since when this
    process has noticed."""
    compute_once(Producer(), store, failing())
    first, version = state_of(store, "a"), store.heads([CHANNEL])[CHANNEL]
    clock.advance(600)

    compute_once(Producer(), store, failing())

    assert first.startswith("failed since ")
    assert state_of(store, "a") == first
    assert store.heads([CHANNEL])[CHANNEL] == version, "and nothing is put again"


def test_failure_after_a_value_of_another_process_starts_again(
    store: MemoryStore, clock: FakeClock
):
    """A process that remembered its own failure only would not have said that it fails again."""
    producer = Producer()
    compute_once(producer, store, failing())
    store.put(CHANNEL, {"a": "computed elsewhere"})
    assert state_of(store, "a") == ""
    clock.advance(0.2)  # After exactly the interval of 0.1 s, a rounded sum may not be due.

    compute_once(producer, store, failing())

    assert state_of(store, "a").startswith("failed since ")


def test_value_refused_by_the_store_fails_alone(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
):
    """One value that the store could not take kept out all values of its dashboard, and counted as
    a store that is down."""
    before = get_metrics()["failed"]
    values = [
        ComputedValue("bad", 0.1, lambda: "refused", render_state=show),
        ComputedValue("good", 0.1, lambda: "fine"),
    ]

    Producer().compute_due(store, CHANNEL, values, 5)

    assert stored(store)["good"] == "fine"
    assert state_of(store, "bad").startswith("failed since ")
    assert "ValueError: value too long" in caplog.text
    assert get_metrics()["failed"] == before + 1


def test_error_without_a_text_is_logged(store: MemoryStore, caplog: pytest.LogCaptureFixture):
    """The class of an error is somebody else's code as well."""

    class OddError(Exception):
        def __str__(self) -> str:
            raise TypeError

    def fail() -> str:
        raise OddError

    Producer().compute_due(store, CHANNEL, [ComputedValue("a", 0.1, fail, render_state=show)], 5)

    assert state_of(store, "a").startswith("failed since ")
    assert "OddError" in caplog.text


def test_failure_with_a_huge_text_is_remembered_in_part(store: MemoryStore):
    # The text of a database's error may contain all parameters of a query.
    failures = Failures()
    failures.begin(store, CHANNEL, failing(), ValueError("x" * 100_000))
    [episode] = failures._episodes.values()
    assert len(episode.text) == 1000
