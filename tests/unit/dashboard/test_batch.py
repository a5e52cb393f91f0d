"""Components that load together."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dashboards.dashboard import batch
from tests.site import dashboards
from tests.site.dashboards import HOSTILE

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that stands still unless a value sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let batches and the test site tell the time by a clock, and forget slow components."""
    clock = Clock()
    monkeypatch.setattr(batch, "monotonic", clock.monotonic)
    monkeypatch.setattr(dashboards, "time", clock)
    monkeypatch.setattr(batch, "_slow", set())
    return clock


def load(client: Client, keys: str, query: str = "") -> Any:
    response = client.get(f"/site/uneven/@components/{keys}/{query}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    return json.loads(response.content)


def test_batch_answers_several_components_with_the_filters(client: Client):
    answer = load(client, "first,last", "?q=<b>")

    assert answer["again"] == []
    assert "first &lt;b&gt;" in answer["ready"]["first"]["html"]
    assert "last" in answer["ready"]["last"]["html"]


def test_failing_component_leaves_the_others(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "RAISE_VALUE_ERRORS": False}
    ready = load(client, "first,failing,last")["ready"]

    failed = '<span class="dashboards-is-failed" data-dashboards-retry>Could not be loaded.</span>'
    assert ready["failing"] == {"status": 204, "state": failed}
    assert {ready[key]["status"] for key in ("first", "last")} == {200}
    assert "The value of Uneven.failing failed." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_long_awaited_component_is_left_out(client: Client, monkeypatch: pytest.MonkeyPatch):
    # Awaited for an hour: the batch answers only because it cancels the value.
    monkeypatch.setattr(dashboards, "SLOW", 3600)
    monkeypatch.setattr(batch, "SECONDS", 0.05)

    answer = load(client, "waiting,first")

    assert set(answer["ready"]) == {"first"}
    assert answer["again"] == [], "it must be requested alone"


def test_awaited_component_is_loaded_alone(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dashboards, "SLOW", 0)

    assert b"waited" in client.get("/site/uneven/@component/waiting/").content


def test_slow_component_delays_its_first_batch(client: Client, clock: Clock):
    answer = load(client, "first,slow,last")

    assert set(answer["ready"]) == {"first", "slow"}
    assert answer["again"] == ["last"], "it was not started after the slow one"
    assert clock.now == 1


def test_slow_component_is_left_out_of_its_second_batch(client: Client, clock: Clock):
    load(client, "first,slow,last")

    answer = load(client, "first,slow,last")

    assert set(answer["ready"]) == {"first", "last"}
    assert answer["again"] == []
    assert clock.now == 1, "it was not called again"


def test_slow_component_joins_a_batch_after_a_fast_load(client: Client):
    batch._slow.add("Uneven.last")
    assert "last" not in load(client, "first,last")["ready"]

    client.get("/site/uneven/@component/last/")

    assert "last" in load(client, "first,last")["ready"]


def test_hidden_component_is_left_out(client: Client):
    assert set(load(client, "first,secret,nothing")["ready"]) == {"first"}
    assert client.get("/site/uneven/@components/secret/").status_code == 404


def test_live_component_without_a_value_is_204(client: Client):
    answer = client.get("/site/live/@components/number,turns,greeting/?name=Ann").json()

    waiting = '<span class="dashboards-is-waiting">Waiting for the first value…</span>'
    assert answer["ready"]["number"] == {"status": 204, "state": waiting}
    assert "/" in answer["ready"]["turns"]["html"]
    assert "Hello Ann" in answer["ready"]["greeting"]["html"]


@pytest.mark.parametrize(
    "keys",
    [
        "",
        ",",
        "nothing",
        "first;last",
        "%00",
        "%FF,%FE",
        "," * 5000,
        "k" * 5000,
        "__class__,_bound",
    ],
)
def test_invalid_keys_are_ignored(client: Client, keys: str):
    address = f"/site/uneven/@components/{keys}/" if keys else "/site/uneven/@components/"
    assert client.get(address).status_code == 404
    assert client.get(f"/site/uneven/@components/first,{keys}/?x={HOSTILE}").status_code == 200


def test_repeated_key_is_answered_once(client: Client):
    assert set(load(client, ",".join(["first"] * 500))["ready"]) == {"first"}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_unsafe_methods_are_not_allowed(client: Client, method: str):
    assert getattr(client, method)("/site/uneven/@components/first/").status_code == 405


def test_batch_of_a_guarded_dashboard_is_refused(client: Client):
    assert client.get("/site/staff/@components/later,secret/").status_code == 403
