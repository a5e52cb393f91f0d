"""``live/compute/pool.py``: a bounded number of threads, in which channels take turns."""

import logging
import threading
from collections.abc import Callable
from functools import partial

import pytest
from pytest_django import Settings

from dashboards.live.compute.pool import Pool
from tests.harness import wait_for


@pytest.fixture
def pool(settings: Settings) -> Pool:
    settings.DASHBOARDS = {"MAX_COMPUTE_THREADS": 4}
    return Pool("test-pool")


def wait_for_end(stuck: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        stuck.wait(30)

    return wait


def test_pool_has_no_more_threads_than_the_setting_allows(pool: Pool, stuck: threading.Event):
    """A late value added a thread with a database connection for ever: 130 channels made 133."""
    for number in range(130):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    wait_for(lambda: pool.waiting == 127)
    assert pool.threads <= 4
    stuck.set()
    wait_for(lambda: pool.waiting == 0)
    assert pool.threads <= 4


def test_slow_jobs_leave_threads_for_quick_ones(pool: Pool, stuck: threading.Event):
    """One dashboard with slow values kept the values of all others from being computed."""
    done = threading.Event()
    for number in range(20):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    pool.submit("another", done.set, trusted=True)

    assert done.wait(5)
    assert pool.waiting >= 16


def test_channels_take_turns(settings: Settings, stuck: threading.Event):
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


def test_thread_without_work_ends(monkeypatch: pytest.MonkeyPatch):
    """Threads and their connections stayed until the last stream of the process had ended."""
    monkeypatch.setattr("dashboards.live.compute.pool._IDLE_SECONDS", 0.05)
    pool = Pool("idle-pool")
    done = threading.Event()
    pool.submit("a", done.set)
    assert done.wait(5)

    wait_for(lambda: pool.threads == 0)
    wait_for(lambda: not [each for each in threading.enumerate() if each.name == "idle-pool"])


def test_long_wait_for_a_thread_is_reported_once_and_its_end_as_well(
    pool: Pool,
    stuck: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    """Only the viewers noticed that values were computed less often than declared."""
    monkeypatch.setattr("dashboards.live.compute.pool._SATURATED_SECONDS", 0.02)
    caplog.set_level(logging.WARNING)
    for number in range(10):
        pool.submit(f"channel {number}", wait_for_end(stuck))

    def is_reported() -> bool:
        pool.report_if_blocked()
        return "Live values wait for one of 4 threads" in caplog.text

    wait_for(is_reported)
    pool.report_if_blocked()
    assert caplog.text.count("Live values wait for one of") == 1
    stuck.set()
    wait_for(lambda: pool.waiting == 0)
    pool.submit("another", lambda: None)
    wait_for(lambda: "again as often as declared" in caplog.text)


def test_raising_job_leaves_its_thread_for_the_next(pool: Pool):
    """A thread that ended would have been counted for ever."""

    def leave() -> None:
        raise SystemExit

    for _ in range(6):
        pool.submit("a", leave)
    done = threading.Event()
    pool.submit("a", done.set)

    assert done.wait(5)
    assert pool.threads <= 4
