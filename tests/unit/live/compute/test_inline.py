"""``live/compute/inline.py``: computing in the thread that requests a page."""

import threading

import pytest

from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.producer import Producer
from dashboards.live.stores.memory import MemoryStore
from dashboards.testing.clock import FakeClock
from tests.unit.live.compute.values import stored
from tests.unit.live.streams import CHANNEL, counting

pytestmark = pytest.mark.django_db


def test_value_within_a_testcase_is_computed_in_the_requesting_thread(store: MemoryStore):
    """Within Django's ``TestCase`` no other thread sees the rows of a test."""
    threads: list[str] = []

    def value() -> str:
        threads.append(threading.current_thread().name)
        return "here"

    Producer().compute_due(store, CHANNEL, [ComputedValue("a", 0.2, value)], 0)

    assert stored(store) == {"a": "here"}
    assert threads == [threading.current_thread().name]


def test_value_is_computed_again_after_its_interval(store: MemoryStore, clock: FakeClock):
    value, producer = ComputedValue("a", 60, counting()), Producer()
    for seconds, turn in ((0, "turn 1."), (30, "turn 1."), (30, "turn 2.")):
        clock.advance(seconds)
        producer.compute_due(store, CHANNEL, [value], 0)
        assert stored(store) == {"a": turn}
