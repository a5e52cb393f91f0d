"""The counters of requests and queries: periods, percentiles, and sums over processes."""

import threading

import pytest

from dashboards.contrib.system import counters
from dashboards.contrib.system.counters import (
    MINUTE_PERIODS,
    PERIOD_SECONDS,
    Counters,
    Period,
    get_last_minute,
    merge,
)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list whose only item is the time that the counters see."""
    now = [1_000_000.0 * PERIOD_SECONDS]
    monkeypatch.setattr("dashboards.contrib.system.counters.time.time", lambda: now[0])
    return now


def make_period(at: int = 0, *seconds: float) -> Period:
    counting = Counters()
    for each in seconds:
        counting.count_request(200, each)
    [data] = counting.as_data()
    return Period(**{**data, "at": at})


def test_requests_are_counted_by_status_and_duration(now: list[float]):
    counting = Counters()
    for status in (200, 204, 302, 404, 500, 0, 999):
        counting.count_request(status, 0.004)
    [period] = [Period(**each) for each in counting.as_data()]
    assert period.statuses == [2, 0, 2, 1, 1, 1]
    assert (period.requests, period.errors) == (7, 3)
    assert period.durations[counters.SECONDS_BOUNDS.index(0.005)] == 7


def test_queries_are_counted_with_their_duration(now: list[float]):
    counting = Counters()
    counting.count_query(0.25)
    counting.count_query(0.5)
    [period] = counting.as_data()
    assert (period["queries"], period["query_seconds"]) == (2, 0.75)


def test_periods_older_than_a_minute_are_forgotten(now: list[float]):
    counting = Counters()
    for _ in range(3 * MINUTE_PERIODS):
        counting.count_query(0)
        now[0] += PERIOD_SECONDS
    assert len(counting.as_data()) == MINUTE_PERIODS + 1


def test_clock_that_goes_back_begins_a_new_period(now: list[float]):
    counting = Counters()
    counting.count_query(0)
    now[0] -= 10 * PERIOD_SECONDS
    counting.count_query(0)
    assert [each["queries"] for each in counting.as_data()] == [1]


def test_threads_lose_no_count():
    counting = Counters()

    def count_many() -> None:
        for _ in range(500):
            counting.count_request(200, 0.1)

    threads = [threading.Thread(target=count_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sum(each["durations"]) for each in counting.as_data()) == 2000


def test_percentiles_are_interpolated_within_a_bucket():
    period = make_period(0, *[0.02] * 90, *[0.4] * 10)
    assert period.get_percentile(50) == pytest.approx(0.01 + 0.015 * 50 / 90)
    assert period.get_percentile(95) == pytest.approx(0.25 + 0.25 * 5 / 10)


def test_percentile_beyond_the_last_bound_is_that_bound():
    assert make_period(0, 1000).get_percentile(50) == counters.SECONDS_BOUNDS[-1]


def test_percentile_without_requests_is_unknown():
    assert Period(0).get_percentile(50) is None


def test_periods_of_processes_are_merged_by_time():
    merged = merge([make_period(2, 0.1), make_period(1, 0.1), make_period(2, 0.1, 5)])
    assert [(each.at, each.requests) for each in merged] == [(1, 1), (2, 3)]


def test_last_minute_leaves_out_the_current_period_and_older_ones():
    current = 100
    periods = [make_period(at, 0.1) for at in range(current - MINUTE_PERIODS - 5, current + 1)]
    minute = get_last_minute(periods, current * PERIOD_SECONDS + 1)
    assert minute.requests == MINUTE_PERIODS


def test_period_of_another_release_is_refused():
    """Regression: while processes of two releases ran, of which one had other buckets, the values
    about requests failed in both."""
    with pytest.raises(ValueError, match="another release"):
        Period(1, durations=[1, 2])


def test_counters_after_a_fork_are_empty_and_not_locked():
    """Regression: a child had the counts of its parent, and waited for ever if another thread of
    the parent had just counted."""
    counting = Counters()
    counting.count_query(1)
    with counting._lock:
        counting.reset()
        counting.count_query(2)
    [period] = counting.as_data()
    assert (period["queries"], period["query_seconds"]) == (1, 2)
