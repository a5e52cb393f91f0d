"""Computing live values in real time and in real processes; the rest is in ``tests/unit/live``."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.producer import Producer
from dashboards.live.stores.memory import MemoryStore
from tests.harness import wait_for
from tests.unit.live.compute.values import stored
from tests.unit.live.streams import CHANNEL


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """An event for a value that hangs: it is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


FORKING_PROGRAM = """
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


def test_forked_process_computes_in_threads_of_its_own():
    """Threads do not survive a fork: a server that forks its workers after the first value was
    computed would have waited for threads that are not there."""
    subprocess.run([sys.executable, "-c", FORKING_PROGRAM], check=True, timeout=20)


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
def test_page_of_several_dashboards_waits_once(settings: Settings):
    """The time that a page waits is stated for all of its values, not for each dashboard."""
    settings.DASHBOARDS = {"PAGE_WAIT_SECONDS": 1}
    request = RequestFactory().get("/")
    began = time.monotonic()

    for make in (Hanging, AlsoHanging):
        dashboard = make(request)
        dashboard.compute_due(deferred=False)
        assert dashboard.render_content("value") is None

    assert time.monotonic() - began < 1.9
    for make in (Hanging, AlsoHanging):
        wait_for(lambda make=make: "at last" in str(make().render_content("value")))  # type: ignore[misc]


def test_page_waits_a_bounded_time_for_a_hanging_value(stuck: threading.Event):
    """A page waited without limit for a live value, and so did every further one, each of which
    began it again where it could."""
    started: list[int] = []

    def hang() -> str:
        started.append(1)
        stuck.wait(30)
        return "at last"

    store, producer = MemoryStore({}), Producer()
    values = [ComputedValue("hangs", 0.2, hang), ComputedValue("fine", 0.2, lambda: "fine")]
    began = time.monotonic()
    producer.compute_due(store, CHANNEL, values, 0.5)
    first = time.monotonic() - began
    assert stored(store) == {"fine": "fine"}, "what is ready is there"

    began = time.monotonic()
    for _ in range(5):
        producer.compute_due(store, CHANNEL, values, 0.5)
    rest = time.monotonic() - began

    assert first < 5, "it waits half a second, not the thirty of the value"
    assert rest < 2, "at most one more round of the quick value; nobody waits for the other"
    assert len(started) == 1
    stuck.set()
    wait_for(lambda: stored(store).get("hangs") == "at last")
