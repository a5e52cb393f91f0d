"""The time of a value, and the age from which it is old."""

import re
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dashboards.component import Chart, Stat
from dashboards.component.age import get_stale_seconds
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import Every, OnChange
from dashboards.live.stores import get_store
from dashboards.registry import Registry
from dashboards.testing.clock import FakeClock
from tests.addresses import addresses
from tests.unit.component.failing import configure

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Timed(Dashboard):
    """A value of each way to be updated."""

    pushed = Stat(live=True, stale_after=90)
    series = Chart(live=True, max_points=2, stale_after=90)
    computed = Stat(value=lambda: 1, live=Every(seconds=10))
    deferred = Stat(value=lambda: 1, defer=True, live=Every(seconds=10))
    polled = Stat(value=lambda: 1, poll_rate=10)
    plain = Stat(value=1)

    class Meta:
        """In the test site."""

        app_label = "site"


urlpatterns = addresses(Timed)


@pytest.fixture(autouse=True)
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    memory = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
    configure(settings, STORES={"default": memory})
    clock = FakeClock()
    monkeypatch.setattr(get_store(), "clock", clock)
    return clock


@pytest.mark.parametrize(
    ("declared", "seconds"),
    [
        ({"live": Every(seconds=2)}, 6),
        ({"live": OnChange("auth.User")}, 93),
        ({"live": Every(seconds=2, delivery="per_viewer", jitter=4)}, 10),
        ({"poll_rate": 10}, 18),
        ({"live": True}, None),
        ({}, None),
        ({"live": True, "stale_after": 5}, 5),
        ({"live": Every(seconds=2), "stale_after": timedelta(minutes=1)}, 60),
    ],
)
def test_value_is_old_after_its_interval_with_a_margin_or_as_declared(
    declared: dict[str, Any], seconds: float | None
):
    assert get_stale_seconds(Stat(**declared)) == seconds


@pytest.mark.parametrize("given", [0, -1.5, True, "10", timedelta(), inf, nan, 10**400])
def test_stale_after_that_is_no_age_is_refused(given: Any):
    board = type("Wrong", (Dashboard,), {"it": Stat(live=True, stale_after=given)})

    with pytest.raises(DeclarationError) as raised:
        Registry().register(board)
    assert str(raised.value) == (
        "Wrong.it: stale_after must be None, or a finite number of seconds or a timedelta above 0, "
        f"got {given!r}."
    )


def test_page_and_load_get_the_time_of_the_value_not_of_the_request(
    client: Client, clock: FakeClock
):
    pytest.importorskip("plotly")  # A page of a chart needs it.
    board = Timed()
    began = clock.time()
    pushed = board.prepare_pushed("pushed", 41, began)
    for seconds in (1, 2, 2):
        clock.advance(seconds)
        point = board.prepare_pushed("series", {"x": 1, "y": seconds}, clock.time())
        get_store().put(board.channel, {point.event: point.render()})
    get_store().put(board.channel, {pushed.event: pushed.render()})
    client.get("/site/timed/@component/deferred/")
    clock.advance(2)

    html = client.get("/site/timed/").content.decode()
    pattern = r'data-dashboards-at="([^"]+)".*? id="site_timed-(\w+)-state"'
    times = re.findall(pattern, html, re.DOTALL)
    assert {key: float(at) for at, key in times} == {
        "pushed": round(began, 1),  # Before it was stored.
        "series": round(began + 5, 1),  # Of the newest point.
        "computed": round(began + 5, 1),
        "deferred": round(began + 5, 1),  # By an earlier request.
        "polled": round(began + 7, 1),
    }
    assert 'data-dashboards-stale-after="90"' in html
    assert client.get("/site/timed/@component/deferred/")["Dashboards-At"] == f"{began + 5:.1f}"
    batch = client.get("/site/timed/@components/deferred,plain/").json()["ready"]
    assert batch["deferred"]["at"] == f"{began + 5:.1f}"
    assert "at" not in batch["plain"]
