"""Values that are waited for together, and components that load together."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation
from pytest_django import Settings

from dashboards.component import Text
from dashboards.dashboard import Dashboard, batch
from dashboards.live import Every, OnChange
from tests.site import dashboards
from tests.site.dashboards import HOSTILE, Awaited

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    batch._slow.clear()
    yield
    batch._slow.clear()


# On a page.


def test_what_is_awaited_waits_together(client: Client):
    page = client.get("/site/awaited/").content.decode()

    waits = re.findall(r"waited for /site/awaited/ from ([\d.]+) to ([\d.]+)", page)
    assert len(waits) == 4
    assert "at once" in page
    began, ended = ([float(each) for each in times] for times in zip(*waits, strict=True))
    assert max(began) < min(ended), "each began before the first ended"


@pytest.mark.usefixtures("_no_exceptions")
def test_nothing_that_a_client_sends_breaks_what_is_awaited(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dashboards, "WAIT", 0)
    for query in ("?one=%00&request=x", f"?{'a=1&' * 400}", "?one-page=-1&%FF=%FE"):
        for path in ("", "@component/four/", "@components/one,two,nothing/"):
            response = client.get(f"/site/awaited/{path}{query}")
            assert response.status_code == 200
            assert b"waited for" in response.content
    for path in ("@component/five/", "@component/%00/", "@components/%FF/"):
        assert client.get(f"/site/awaited/{path}").status_code == 404
    for path in ("", "@component/four/", "@components/one/"):
        assert client.post(f"/site/awaited/{path}", {"one": "x"}).status_code == 405


def test_values_that_are_computed_for_everybody_wait_together():
    """They were awaited one after the other where no edge holds streams, and on opening a page."""
    both = asyncio.Barrier(3)

    async def meet() -> str:
        async with asyncio.timeout(5):
            await both.wait()
        return f"met in {translation.get_language()}"

    class Own(Dashboard):
        one = Text(value=meet, live=Every(seconds=60))
        two = Text(value=meet, live=Every(seconds=30))
        three = Text(value=meet, defer=True, live=OnChange("auth.User"))
        failing = Text(value=lambda: 1 / 0, live=Every(seconds=60))

        class Meta:
            app_label = "site"

    own = Own(RequestFactory().get("/"))
    with translation.override("de"):
        own.compute_due(deferred=True)

    for key in ("one", "two", "three"):
        assert "met in en-us" in str(own.load_content(key))


def test_a_value_that_fails_is_told_as_before():
    async def fail() -> str:
        msg = "no sensor"
        raise ValueError(msg)

    class Own(Dashboard):
        one = Text(value=fail)

        class Meta:
            app_label = "site"

    with pytest.raises(ValueError, match="no sensor"):
        Own(RequestFactory().get("/")).render_components()


def test_a_value_is_called_once_for_a_page():
    calls: list[int] = []

    class Own(Dashboard):
        one = Text(value=lambda: calls.append(1))

        class Meta:
            app_label = "site"

    dashboard = Own(RequestFactory().get("/"))
    dashboard.render_components()
    assert len(calls) == 1
    dashboard.render_components()
    assert len(calls) == 2, "and anew for the next"


def test_a_component_alone_still_waits(client: Client):
    assert b"waited for" in client.get("/site/awaited/@component/four/").content
    assert "waited for all" in str(Awaited().render_content("two"))


# Together.


def load(client: Client, keys: str, query: str = "") -> Any:
    response = client.get(f"/site/uneven/@components/{keys}/{query}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    return json.loads(response.content)


def test_several_are_answered_at_once_and_narrowed_alike(client: Client):
    answer = load(client, "first,last", "?q=<b>")

    assert answer["again"] == []
    assert "first &lt;b&gt;" in answer["ready"]["first"]["html"]
    assert "last" in answer["ready"]["last"]["html"]


def test_an_error_costs_only_itself(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "RAISE_VALUE_ERRORS": False}
    ready = load(client, "first,failing,last")["ready"]

    failed = '<span class="dashboards-is-failed" data-dashboards-retry>Could not be loaded.</span>'
    assert ready["failing"] == {"status": 204, "state": failed}
    assert {ready[key]["status"] for key in ("first", "last")} == {200}
    assert "The value of Uneven.failing failed." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_what_is_awaited_for_long_is_left_out(client: Client):
    began = time.monotonic()
    answer = load(client, "waiting,first")

    assert time.monotonic() - began < 0.95
    assert set(answer["ready"]) == {"first"}
    assert answer["again"] == [], "so it is asked for alone"
    assert b"waited" in client.get("/site/uneven/@component/waiting/").content


def test_what_held_up_others_does_so_once(client: Client):
    answer = load(client, "first,slow,last")
    assert set(answer["ready"]) == {"first", "slow"}
    assert answer["again"] == ["last"], "not begun behind it"

    began = time.monotonic()
    answer = load(client, "first,slow,last")
    assert time.monotonic() - began < 0.5
    assert set(answer["ready"]) == {"first", "last"}
    assert answer["again"] == []


def test_what_was_slow_once_may_come_with_others_again(client: Client):
    batch._slow.add("Uneven.last")
    assert "last" not in load(client, "first,last")["ready"]

    client.get("/site/uneven/@component/last/")

    assert "last" in load(client, "first,last")["ready"]


def test_what_one_may_not_see_is_not_answered(client: Client):
    assert set(load(client, "first,secret,nothing")["ready"]) == {"first"}
    assert client.get("/site/uneven/@components/secret/").status_code == 404


def test_a_live_value_comes_along_or_leaves_its_box_alone(client: Client):
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
def test_no_keys_bring_it_down(client: Client, keys: str):
    address = f"/site/uneven/@components/{keys}/" if keys else "/site/uneven/@components/"
    assert client.get(address).status_code == 404
    assert client.get(f"/site/uneven/@components/first,{keys}/?x={HOSTILE}").status_code == 200


def test_a_key_is_answered_once_however_often_it_is_named(client: Client):
    assert set(load(client, ",".join(["first"] * 500))["ready"]) == {"first"}


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_done_but_looking(client: Client, method: str):
    assert getattr(client, method)("/site/uneven/@components/first/").status_code == 405


def test_staff_only_stays_staff_only(client: Client):
    assert client.get("/site/staff/@components/later,secret/").status_code == 403
