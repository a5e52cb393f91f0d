"""Computing live values: in bounded threads, so that a bad value costs only its own box."""

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import RequestFactory

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.pool import Pool
from dashboards.live.compute.producer import Producer
from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.metrics import METRICS, get_metrics
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import page_html
from dashboards.live.wire.value_state import ValueState, current_states, state_event
from tests.harness import wait_for

CHANNEL = "shop.orders"


class PickyStore(MemoryStore):
    """Memory that refuses what holds a word."""

    def _put(self, channel: str, frames: Any) -> Any:
        if any("refused" in str(data) for data in frames.values()):
            msg = "value too long"
            raise ValueError(msg)
        return super()._put(channel, frames)

    def is_unavailable(self, error: Exception) -> bool:
        return False


@pytest.fixture
def store() -> PickyStore:
    return PickyStore({})


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What a hanging value waits for; it goes on when the test is over."""
    event = threading.Event()
    yield event
    event.set()


async def read_until(reader: Subscriber, text: str) -> str:
    seen = ""
    async with asyncio.timeout(15):
        while text not in seen:
            seen += (await reader.read()).decode()
    return seen


def show(state: ValueState, since: float) -> str:
    return f"{state} since {since:.0f}"


def stored(store: MemoryStore, channel: str = CHANNEL) -> dict[str, str]:
    return page_html(store.since(channel, None).frames)


def state_of(store: MemoryStore, key: str) -> str:
    """Return what a box shows of its state; empty where the value is fresh."""
    html = current_states(store.since(CHANNEL, None).frames).get(key, "")
    return html.partition("<!--")[0]


def wait_for_end(stuck: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        stuck.wait(30)

    return wait


def counting(name: str = "turn") -> Callable[[], str]:
    turns = iter(range(1, 10_000))
    return lambda: f"{name} {next(turns)}."


# A value that hangs.


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("number", [1, 4])
async def test_values_of_the_same_interval_go_on_while_others_hang(
    hub: Hub, store: MemoryStore, stuck: threading.Event, order: int, number: int
):
    """A value that hung froze every value of its interval that was declared before it, and the
    page said Live. Now each that hangs costs one thread, and the others keep their interval."""
    begun: list[int] = []

    def hang() -> str:
        begun.append(1)
        stuck.wait(30)
        return "at last"

    fine = ComputedValue("fine", 0.2, counting())
    sources = [fine, *(ComputedValue(f"hangs{n}", 0.2, hang) for n in range(number))][::order]
    reader = await hub.open(Subscription(CHANNEL, None, sources))

    await read_until(reader, "turn 6.")

    assert len(begun) == number, "what hangs is not begun again"


async def hang(stuck: threading.Event) -> str:
    while not stuck.is_set():  # noqa: ASYNC110 - an event of threads
        await asyncio.sleep(0.05)
    return "at last"


async def block_the_loop(stuck: threading.Event) -> str:
    stuck.wait(30)
    return "at last"


def awaited(key: str, value: Callable[[], Any], seconds: float = 0.2) -> ComputedValue:
    """A source as a component makes it of an ``async def``."""
    results: list[str] = []

    def begin(looked: set[object]) -> Any:
        async def wait() -> None:
            results.append(await value())

        return wait()

    return ComputedValue(key, seconds, results.pop, begin=begin, is_awaited=True)


@pytest.mark.parametrize("order", [1, -1])
async def test_awaited_values_go_on_while_another_awaits_for_ever_or_blocks_their_loop(
    hub: Hub, store: MemoryStore, stuck: threading.Event, order: int
):
    """Values that are awaited share an event loop, so sync code in one of them would hold up all.
    The others are given loops of their own."""
    turns = counting()

    async def fine() -> str:
        await asyncio.sleep(0)
        return turns()

    sources = [
        awaited("fine", fine),
        awaited("waits", partial(hang, stuck)),
        awaited("blocks", partial(block_the_loop, stuck)),
    ][::order]
    reader = await hub.open(Subscription(CHANNEL, None, sources))

    await read_until(reader, "turn 4.")


async def test_an_awaited_value_that_never_ends_is_cancelled_and_begun_again(
    hub: Hub, store: MemoryStore, settings, caplog
):
    """A value that awaits for ever would keep its thread. Unlike sync code it can be cancelled."""
    settings.DASHBOARDS = {"COMPUTE_TIMEOUT_SECONDS": 0.3}
    turns: list[int] = []

    async def value() -> str:
        turns.append(1)
        if len(turns) == 1:
            await asyncio.Event().wait()
        return "after all"

    reader = await hub.open(Subscription(CHANNEL, None, [awaited("waits", value)]))

    await read_until(reader, "after all")

    assert "TimeoutError: It was awaited for 0.3 s and then given up." in caplog.text


async def test_on_change_value_that_hangs_leaves_the_others_alone(
    hub: Hub, store: MemoryStore, stuck: threading.Event
):
    """The values of an interval shared their fate with any that hung, also with one that waits for
    changes of a model."""

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    hanging = ComputedValue("hangs", 60, hang, debounce=0.05, topics=("model:shop.order",))
    reader = await hub.open(
        Subscription(CHANNEL, None, [hanging, ComputedValue("fine", 0.2, counting())])
    )

    await read_until(reader, "turn 4.")
    stuck.set()
    await read_until(reader, "at last")


async def test_a_value_that_exits_costs_only_itself(hub: Hub, store: MemoryStore, caplog):
    """``SystemExit`` is no ``Exception``: it would have ended the thread, with what waited."""

    def leave() -> str:
        raise SystemExit

    sources = [ComputedValue("leaves", 0.2, leave), ComputedValue("fine", 0.2, counting())]
    reader = await hub.open(Subscription(CHANNEL, None, sources))

    await read_until(reader, "turn 3.")

    assert "SystemExit" in caplog.text


# The state of a value.


async def test_a_value_that_is_late_says_so_and_is_fresh_when_it_comes(
    hub: Hub, store: MemoryStore, stuck: threading.Event
):
    """The page said Live while a value stood still. Two seconds after it was due its box says
    that it is late, and since when."""

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    began = time.time()
    reader = await hub.open(
        Subscription(CHANNEL, None, [ComputedValue("a", 0.2, hang, render_state=show)])
    )

    seen = await read_until(reader, "late since")

    since = float(seen.partition("late since ")[2].partition("<")[0])
    assert abs(since - began) < 1.5, "since it was due"
    stuck.set()
    await read_until(reader, "at last")
    assert state_of(store, "a") == ""


async def test_a_value_that_fails_says_since_when_once_until_it_succeeds(
    hub: Hub, store: MemoryStore, caplog
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

    sources = [
        ComputedValue("a", 0.1, value, render_state=show),
        ComputedValue("b", 0.1, counting("b")),
    ]
    reader = await hub.open(Subscription(CHANNEL, None, sources))

    seen = await read_until(reader, "b 6.")

    assert seen.count("failed since") == 1
    assert [each.exc_info is not None for each in caplog.records] == [True]
    is_broken.clear()
    await read_until(reader, "turn ")
    assert state_of(store, "a") == ""
    await asyncio.to_thread(wait_for, lambda: "computed again, after" in caplog.text)


def compute_once(producer: Producer, store: MemoryStore, source: ComputedValue) -> None:
    producer.compute_due(store, CHANNEL, [source], 5)


def failing(message: str = "no sensor") -> ComputedValue:
    def fail() -> str:
        raise ValueError(message)

    return ComputedValue("a", 0.1, fail, render_state=show)


def test_the_time_of_the_first_failure_is_kept_by_another_process(store: MemoryStore, monkeypatch):
    """Whichever process computes a value, its box says since when it fails, not since when this
    process has noticed."""
    compute_once(Producer(), store, failing())
    first, version = state_of(store, "a"), store.heads([CHANNEL])[CHANNEL]
    monkeypatch.setattr(time, "time", partial(lambda now: now() + 600, time.time))
    time.sleep(0.1)

    compute_once(Producer(), store, failing())

    assert first.startswith("failed since ")
    assert state_of(store, "a") == first
    assert store.heads([CHANNEL])[CHANNEL] == version, "and nothing is put again"


def test_a_failure_after_another_process_had_a_value_begins_anew(store: MemoryStore):
    """A process that remembered its own failure only would not have said that it fails again."""
    producer = Producer()
    compute_once(producer, store, failing())
    store.put(CHANNEL, {"a": "computed elsewhere"})
    assert state_of(store, "a") == ""
    time.sleep(0.1)

    compute_once(producer, store, failing())

    assert state_of(store, "a").startswith("failed since ")


def test_a_value_that_the_store_refuses_fails_alone(store: MemoryStore, caplog):
    """One value that the store could not take kept out all values of its dashboard, and counted as
    a store that is down."""
    before = get_metrics()["failed"]
    sources = [
        ComputedValue("bad", 0.1, lambda: "refused", render_state=show),
        ComputedValue("good", 0.1, lambda: "fine"),
    ]

    Producer().compute_due(store, CHANNEL, sources, 5)

    assert stored(store)["good"] == "fine"
    assert state_of(store, "bad").startswith("failed since ")
    assert "ValueError: value too long" in caplog.text
    assert get_metrics()["failed"] == before + 1


def test_an_error_that_cannot_be_shown_as_text_is_logged(store: MemoryStore, caplog):
    """What is raised is somebody else's code as well."""

    class OddError(Exception):
        def __str__(self) -> str:
            raise TypeError

    def fail() -> str:
        raise OddError

    Producer().compute_due(store, CHANNEL, [ComputedValue("a", 0.1, fail, render_state=show)], 5)

    assert state_of(store, "a").startswith("failed since ")
    assert "OddError" in caplog.text


# Waiting for values.


def test_who_asks_waits_for_a_short_time_and_the_computing_goes_on(
    store: MemoryStore, stuck: threading.Event
):
    """A page waited without limit for a live value, and so did every further one, each of which
    began it again where it could."""
    begun: list[int] = []

    def hang() -> str:
        begun.append(1)
        stuck.wait(30)
        return "at last"

    producer = Producer()
    sources = [ComputedValue("hangs", 0.2, hang), ComputedValue("fine", 0.2, lambda: "fine")]
    began = time.monotonic()
    producer.compute_due(store, CHANNEL, sources, 0.5)
    first = time.monotonic() - began
    assert stored(store) == {"fine": "fine"}, "what is ready is there"

    began = time.monotonic()
    for _ in range(5):
        producer.compute_due(store, CHANNEL, sources, 0.5)
    rest = time.monotonic() - began

    assert first < 0.9
    assert rest < 0.6, "at most one more round of what does not hang; nobody waits for the other"
    assert len(begun) == 1
    stuck.set()
    wait_for(lambda: stored(store).get("hangs") == "at last")


def test_a_value_that_hangs_does_not_keep_other_processes_from_the_rest(
    store: MemoryStore, stuck: threading.Event, monkeypatch
):
    """Whoever waits for a value extends the claim of its interval. Were that so for ever, the
    others of the interval would stand still wherever this process is not asked."""
    monkeypatch.setattr("dashboards.live.compute.producer._HANG_SECONDS", 0.3)

    def hang() -> str:
        stuck.wait(30)
        return "at last"

    fine, hangs = ComputedValue("fine", 0.2, counting()), ComputedValue("hangs", 0.2, hang)
    Producer().compute_due(store, CHANNEL, [fine, hangs], 0.2)
    other = Producer()

    def has_been_computed_elsewhere() -> bool:
        elsewhere = ComputedValue("fine", 0.2, lambda: "elsewhere")
        other.compute_due(store, CHANNEL, [elsewhere, ComputedValue("hangs", 0.2, hang)], 0.2)
        return stored(store)["fine"] == "elsewhere"

    wait_for(has_been_computed_elsewhere)


def test_the_rest_of_an_interval_does_not_give_up_the_claim_of_a_slow_value(
    store: MemoryStore, stuck: threading.Event
):
    """Each round of the values that are quick settled the claim of their interval, at the end of
    which another process began the slow one as well."""
    begun: list[str] = []

    def slow(name: str) -> str:
        begun.append(name)
        stuck.wait(2)
        return name

    def quick() -> str:
        time.sleep(0.18)  # So that the claim would end just after it is ready.
        return "quick"

    one, other = Producer(), Producer()
    for _ in range(60):
        for name, producer in (("one", one), ("other", other)):
            sources = [
                ComputedValue("a", 0.2, partial(slow, name)),
                ComputedValue("quick", 0.2, quick),
            ]
            producer.compute_due(store, CHANNEL, sources, 0)
        time.sleep(0.02)

    assert begun == ["one"]


def test_a_slow_value_is_not_begun_by_another_process(store: MemoryStore, stuck: threading.Event):
    """One process at a time computes a value, also where that takes many intervals."""
    begun: list[str] = []

    def slow(name: str) -> str:
        begun.append(name)
        stuck.wait(1.5)
        return name

    one, other = Producer(), Producer()
    one.compute_due(store, CHANNEL, [ComputedValue("a", 0.5, partial(slow, "one"))], 0)
    for _ in range(10):
        other.compute_due(store, CHANNEL, [ComputedValue("a", 0.5, partial(slow, "other"))], 0)
        time.sleep(0.1)

    assert begun == ["one"]
    wait_for(lambda: stored(store).get("a") == "one")


FORKS = """
import os, time
from django.conf import settings
settings.configure()
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.compute.groups import ComputedValue

store = MemoryStore({})
hangs = ComputedValue("hangs", 60, lambda: time.sleep(3600))
PRODUCER.compute_due(store, "parent", [hangs, ComputedValue("fine", 0.1, lambda: "fine")], 0.5)
child = os.fork()
PRODUCER.compute_due(store, f"{child}", [ComputedValue("fine", 0.1, lambda: "fine")], 5)
assert store.since(f"{child}", None).frames
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_computes_in_threads_of_its_own():
    """Threads do not survive a fork: a server that forks its workers after the first value was
    computed would have waited for threads that are not there."""
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=20)


class Hanging(Dashboard):
    value = Stat(live=Every(seconds=60))

    def get_value_value(self) -> str:
        time.sleep(1.5)
        return "at last"

    class Meta:
        app_label = "site"


class AlsoHanging(Hanging):
    class Meta:
        app_label = "site"


@pytest.mark.django_db(transaction=True)
def test_a_page_of_several_dashboards_waits_once(settings):
    """The time that a page waits is stated for all of its values, not for each dashboard."""
    settings.DASHBOARDS = {"PAGE_WAIT_SECONDS": 0.5}
    request = RequestFactory().get("/")
    began = time.monotonic()

    for make in (Hanging, AlsoHanging):
        dashboard = make(request)
        dashboard.compute_due(deferred=False)
        assert dashboard.render_content("value") is None

    assert time.monotonic() - began < 0.95
    for make in (Hanging, AlsoHanging):
        wait_for(lambda make=make: "at last" in str(make().render_content("value")))  # type: ignore[misc]


@pytest.mark.django_db(transaction=True)
def test_a_value_is_seen_though_the_request_is_one_transaction(settings):
    """With ``ATOMIC_REQUESTS`` a claim within the request's transaction would lock out the thread
    that computes, so that thread makes it."""
    settings.DASHBOARDS = {"PAGE_WAIT_SECONDS": 10}

    with transaction.atomic():
        dashboard = Quick(RequestFactory().get("/"))
        dashboard.compute_due(deferred=False)
        assert "quick" in str(dashboard.render_content("value"))


class Quick(Dashboard):
    value = Stat(value=lambda: "quick", live=Every(seconds=60))

    class Meta:
        app_label = "site"


def test_within_a_transaction_values_are_computed_and_seen(store: MemoryStore, db):
    """Within Django's ``TestCase`` no other thread sees what a test has made."""
    threads: list[str] = []

    def value() -> str:
        threads.append(threading.current_thread().name)
        return "here"

    Producer().compute_due(store, CHANNEL, [ComputedValue("a", 0.2, value)], 0)

    assert stored(store) == {"a": "here"}
    assert threads == [threading.current_thread().name]


# Threads.


@pytest.fixture
def pool(settings) -> Pool:
    settings.DASHBOARDS = {"MAX_COMPUTE_THREADS": 4}
    return Pool("test-pool")


def test_there_are_never_more_threads_than_the_setting_allows(pool: Pool, stuck: threading.Event):
    """A late value added a thread with a database connection for ever: 130 channels made 133."""
    for number in range(130):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    wait_for(lambda: pool.waiting == 127)
    assert pool.threads <= 4
    stuck.set()
    wait_for(lambda: pool.waiting == 0)
    assert pool.threads <= 4


def test_slow_jobs_leave_threads_for_those_that_were_quick(pool: Pool, stuck: threading.Event):
    """One dashboard with slow values kept the values of all others from being computed."""
    done = threading.Event()
    for number in range(20):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    pool.submit("another", done.set, trusted=True)

    assert done.wait(5)
    assert pool.waiting >= 16


def test_channels_take_turns(settings, stuck: threading.Event):
    """First come, first served, a dashboard of 130 objects would delay every other by them all."""
    settings.DASHBOARDS = {"MAX_COMPUTE_THREADS": 1}
    pool, order = Pool("test-pool"), list[str]()
    pool.submit("first", wait_for_end(stuck))
    for number in range(5):
        pool.submit("crowd", partial(order.append, f"crowd {number}"))
    pool.submit("single", partial(order.append, "single"))
    stuck.set()

    wait_for(lambda: len(order) == 6)

    assert order.index("single") == 1


def test_threads_without_work_end(monkeypatch):
    """Threads and their connections stayed until the last stream of the process had ended."""
    monkeypatch.setattr("dashboards.live.compute.pool._IDLE_SECONDS", 0.1)
    pool = Pool("idle-pool")
    done = threading.Event()
    pool.submit("a", done.set)
    assert done.wait(5)

    wait_for(lambda: pool.threads == 0)
    wait_for(lambda: not [each for each in threading.enumerate() if each.name == "idle-pool"])


def test_what_waits_for_long_is_reported_once_and_when_it_is_over(
    pool: Pool, stuck: threading.Event, monkeypatch, caplog
):
    """Values that were computed less often than declared were seen by nobody but the viewers."""
    monkeypatch.setattr("dashboards.live.compute.pool._SATURATED_SECONDS", 0.1)
    caplog.set_level(logging.WARNING)
    for number in range(10):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    def is_told() -> bool:
        pool.report_if_blocked()
        return "Live values wait for one of 4 threads" in caplog.text

    wait_for(is_told)
    pool.report_if_blocked()
    assert caplog.text.count("Live values wait for one of") == 1
    stuck.set()
    wait_for(lambda: pool.waiting == 0)
    pool.submit("another", lambda: None)
    wait_for(lambda: "again as often as declared" in caplog.text)


def test_a_job_that_raises_leaves_its_thread_for_the_next(pool: Pool, caplog):
    """A thread that ended would have been counted for ever."""

    def leave() -> None:
        raise SystemExit

    for _ in range(6):
        pool.submit("a", leave)
    done = threading.Event()
    pool.submit("a", done.set)

    assert done.wait(5)
    assert pool.threads <= 4


def test_what_waits_is_told_among_the_numbers(monkeypatch):
    """An operator sees that values wait for threads, and how many threads there are."""
    monkeypatch.setattr(METRICS, "count_waiting", lambda: 7)
    monkeypatch.setattr(METRICS, "count_threads", lambda: 3)

    assert (get_metrics()["waiting"], get_metrics()["compute_threads"]) == (7, 3)


async def test_values_of_crowded_channels_take_turns_and_are_late_in_words(
    hub: Hub, store: MemoryStore, settings
):
    """130 objects with a value of 2 s each second made 133 threads. Bounded, each comes less
    often, says that it is late, and a quick value of another dashboard keeps its interval."""
    settings.DASHBOARDS = {"MAX_COMPUTE_THREADS": 4}

    def slow() -> str:
        time.sleep(0.6)
        return "slow value"

    fine = await hub.open(Subscription("fine", None, [ComputedValue("fine", 0.3, counting())]))
    await read_until(fine, "turn 1.")
    readers = [
        await hub.open(
            Subscription(f"object/{n}", None, [ComputedValue("a", 0.2, slow, render_state=show)])
        )
        for n in range(20)
    ]
    await read_until(fine, "turn 8.")
    before = get_metrics()["skipped"]
    async with asyncio.timeout(20):
        await asyncio.gather(*(read_until(each, "slow value") for each in readers))

    names = [each.name for each in threading.enumerate()]
    assert names.count("dashboards-compute") <= 8, "the pool may have been larger before"
    assert any(
        state_event("a") in {frame.key for frame in store.since(f"object/{n}", None).frames}
        for n in range(20)
    ), "a value that waits for its turn is late"
    assert get_metrics()["skipped"] >= before
