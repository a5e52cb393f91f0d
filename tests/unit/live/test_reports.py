"""The reports of processes: stored by hubs with streams, read, summed and forgotten."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Mapping

import pytest

from dashboards.live import records, reports
from dashboards.live.access.subjects import dashboard_subject, user_subject
from dashboards.live.fanout.hub import Hub
from dashboards.live.reports import (
    REPORTS,
    ProcessReport,
    Viewers,
    count_viewers,
    read_reports,
    sum_viewers,
)
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.testing.clock import FakeClock
from tests.unit.live.streams import idle, moving, until

ORDERS = dashboard_subject("shop.orders")


class RefusingStore(MemoryStore):
    """A store that refuses reports, and counts them."""

    refused = 0

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        if channel == REPORTS:
            self.refused += 1
            raise ValueError
        return super()._put(channel, frames)


class HangingStore(MemoryStore):
    """A store that hangs when it stores reports, until the test is over."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__({}, clock=clock)
        self.is_over = threading.Event()
        self.hanging = 0

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        if channel == REPORTS:
            self.hanging += 1
            self.is_over.wait(20)
            self.hanging -= 1
        return super()._put(channel, frames)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_FIRST_REPORT_SECONDS", 0)
    monkeypatch.setattr(reports, "REPORT_SECONDS", 0.01)


def put_report(store: MemoryStore, host: str, *, age: float, **viewers: object) -> None:
    report = {"host": host, "pid": 1, "at": time.time() - age, "viewers": viewers, "metrics": {}}
    store.put(REPORTS, {host: json.dumps(report)})


def hosts(store: MemoryStore) -> list[str]:
    return [report.host for report in read_reports(store)]


async def test_hub_with_streams_reports_its_viewers_by_dashboard():
    store = MemoryStore({})
    hub = Hub(store)
    opened = [
        Subscription("a", None, content_subjects=(ORDERS,), identity=user_subject(7)),
        Subscription("a", None, content_subjects=(ORDERS,)),
        Subscription("b", None),
    ]
    subscribers = [await hub.open(each) for each in opened]
    await until(lambda: read_reports(store))
    [report] = read_reports(store)
    for each in subscribers:
        hub.release(each)

    assert report.pid == os.getpid()
    assert report.metrics["streams"] >= len(opened)
    assert report.viewers == {ORDERS: Viewers(2, ["7"])}


async def test_store_that_refuses_reports_is_asked_again_and_values_are_delivered():
    store = RefusingStore({})
    hub = Hub(store)
    subscriber = await hub.open(Subscription("a", None))
    await until(lambda: store.refused >= 2)
    store.put("a", {"key": "news"})
    assert b"news" in await asyncio.wait_for(subscriber.read(), 10)
    hub.release(subscriber)


async def test_reports_of_processes_that_ended_long_ago_are_deleted():
    store = MemoryStore({})
    put_report(store, "ended", age=2 * records._FORGET_SECONDS)
    hub = Hub(store)
    subscriber = await hub.open(Subscription("a", None))
    await until(lambda: read_reports(store))
    await until(lambda: "ended" not in {each.key for each in store.since(REPORTS, None).frames})
    hub.release(subscriber)


def test_old_and_foreign_reports_are_left_out_newest_first():
    store = MemoryStore({})
    put_report(store, "older", age=5)
    put_report(store, "newer", age=1)
    put_report(store, "silent", age=records.MAX_AGE_SECONDS + 1)
    store.put(REPORTS, {"damaged": "{", "foreign": '{"viewers": {}, "colour": 1}', "list": "[]"})
    assert hosts(store) == ["newer", "older"]


def test_viewers_of_several_processes_are_summed_and_users_named_once():
    store = MemoryStore({})
    put_report(store, "one", age=1, **{ORDERS: {"streams": 2, "users": ["7"]}})
    put_report(store, "two", age=1, **{ORDERS: {"streams": 3, "users": ["7", "8"]}})
    summed = sum_viewers(read_reports(store))
    assert summed[ORDERS].streams == 5
    assert sorted(summed[ORDERS].users) == ["7", "8"]


def test_users_of_a_crowded_dashboard_are_cut_and_its_streams_counted():
    streams = [(user_subject(number), ORDERS) for number in range(100)]
    [(subject, viewers)] = count_viewers(streams).items()
    assert subject == ORDERS
    assert (viewers.streams, len(viewers.users)) == (100, 20)
    assert len(sum_viewers([ProcessReport("host", 1, {ORDERS: viewers})] * 2)[ORDERS].users) == 20


async def test_streams_that_come_and_go_while_reports_hang_use_one_thread(clock: FakeClock):
    """Regression: each first stream started a thread for reports. If the store hung when it stored
    them, none of the threads ended."""
    store = HangingStore(clock)
    hub = Hub(store)
    try:
        for number in range(5):
            subscriber = await hub.open(Subscription("a", None))
            if number == 0:
                await moving(clock, until(lambda: store.hanging))
            for _ in range(5):
                clock.advance(reports.REPORT_SECONDS)
                await idle()
            hub.release(subscriber)
        assert store.hanging == 1
    finally:
        store.is_over.set()
    await until(lambda: not store.hanging)
    subscriber = await hub.open(Subscription("a", None))
    await moving(clock, until(lambda: read_reports(store)))
    hub.release(subscriber)


def test_records_from_the_future_are_left_out_and_deleted():
    """Regression: a process whose clock was wrong for a while was shown for years after it had
    ended, with its viewers."""
    store = MemoryStore({})
    put_report(store, "ahead", age=-2 * records._FORGET_SECONDS)
    assert hosts(store) == []
    records.put_record(store, REPORTS, {}, is_first=True)
    assert "ahead" not in {each.key for each in store.since(REPORTS, None).frames}
