"""The state of a box in words: its value has failed, is late, or has not come yet."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from dashboards.component import Chart, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.live.stores import get_store
from dashboards.live.wire.value_state import state_event
from tests.addresses import addresses
from tests.unit.component.failing import (
    FAILED,
    RETRIED,
    BrokenError,
    Later,
    configure,
    fail,
    page,
    state_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


WAITING = '<span class="dashboards-is-waiting">Waiting for the first value…</span>'


class Live(Dashboard):
    """Live values, pushed and computed."""

    pushed = Stat(live=True)
    computed = Stat(value=lambda: "computed", live=Every(seconds=3600))
    now = Text(value=fail, live=True)
    failing = Text(value=fail, live=Every(seconds=3600))
    own = Text(value=lambda: "own", live=Every(seconds=3600, delivery="per_viewer"))
    series = Chart(live=True, max_points=3)
    plain = Text(value="plain")

    class Meta:
        """In the test site."""

        app_label = "site"


urlpatterns = addresses(Later, Live)


@pytest.fixture(autouse=True)
def _as_served(settings: Settings) -> None:
    """Let values that raise fail in their box, as on a server."""
    memory = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
    configure(settings, STORES={"default": memory}, RAISE_VALUE_ERRORS=False)


def test_failed_deferred_value_offers_a_retry(client: Client):
    """The box showed "Could not be loaded." without a way to try again."""
    response = client.get("/site/later/@component/late/")
    batch = client.get("/site/later/@components/first,late/").json()

    assert response.status_code == 204
    assert unquote(response["Dashboards-State"]) == RETRIED
    assert batch["ready"]["late"] == {"status": 204, "state": RETRIED}
    assert batch["ready"]["first"]["status"] == 200


def test_failed_polled_value_offers_a_retry(client: Client):
    assert state_of(page(client, "later"), "polled") == RETRIED


def test_loading_box_shows_a_text(client: Client):
    html = page(client, "later")

    classes = "dashboards-is-waiting dashboards-is-loading"
    assert state_of(html, "late") == f'<span class="{classes}">Loading…</span>'
    assert 'data-dashboards-failed-text="Could not be loaded."' in html
    assert 'data-dashboards-retry-text="Try again"' in html


def put(key: str, html: str) -> None:
    get_store().put(Live().channel, {key: html})


def push(key: str, value: Any) -> None:
    """Store a value as ``push`` does, without waiting for the commit of a transaction."""
    board = Live()
    with board.broadcasting():
        pushed = board.prepare_pushed(key, value, 0)
        frame = pushed.render()
    get_store().put(board.channel, {pushed.event: frame})


def test_missing_live_value_is_waiting(client: Client):
    html = page(client, "live")

    assert state_of(html, "pushed") == WAITING
    assert state_of(html, "computed") == ""
    assert "plain-state" not in html, "what is never updated has no such element"


def test_stored_state_is_shown_on_page_component_and_batch(client: Client):
    """A live value that raised kept its old value in full colour, or waited for ever. Its state is
    a frame of its own, and shown wherever the value is."""
    push("pushed", 41)
    put(state_event("pushed"), '<span class="dashboards-is-failed">Failed since noon</span>')

    alone = client.get("/site/live/@component/pushed/")
    batch = client.get("/site/live/@components/pushed,plain/").json()["ready"]
    html = page(client, "live")

    failure = '<span class="dashboards-is-failed">Failed since noon</span>'
    assert state_of(html, "pushed") == failure
    assert ">41<" in html, "the last good value stays"
    assert (alone.status_code, unquote(alone["Dashboards-State"])) == (200, failure)
    assert batch["pushed"]["state"] == failure
    assert "state" not in batch["plain"]


def test_value_newer_than_its_state_clears_the_state(client: Client):
    put(state_event("pushed"), '<span class="dashboards-is-failed">Failed since noon</span>')
    push("pushed", 42)

    assert state_of(page(client, "live"), "pushed") == ""
    assert "Dashboards-State" not in client.get("/site/live/@component/pushed/")


def test_points_newer_than_their_state_clear_the_state(client: Client):
    pytest.importorskip("plotly")
    push("series", {"x": 1, "y": 1})
    put(state_event("series"), '<span class="dashboards-is-late">Late</span>')
    assert "dashboards-is-late" in state_of(page(client, "live"), "series")

    push("series", {"x": 2, "y": 2})
    assert state_of(page(client, "live"), "series") == ""


def test_failing_live_value_keeps_the_last_push(client: Client):
    push("now", "pushed before")
    html = page(client, "live")

    assert "pushed before" in html
    url = "/site/live/@component/now/"
    assert state_of(html, "now") == FAILED.replace(">C", f' data-dashboards-retry="{url}">C')


def test_state_is_streamed(client: Client):
    put(state_event("pushed"), '<span class="dashboards-is-failed">Failed since noon</span>')
    body = client.get("/site/live/@stream/?hold=0").content.decode()

    assert "event: pushed:state\n" in body
    assert "Failed since noon" in body


def test_rendered_state_is_in_the_language_of_the_site(settings: Settings):
    settings.LANGUAGE_CODE = "en-us"
    settings.TIME_ZONE = "Europe/Berlin"
    [source] = [each for each in Live().get_computed_values() if each.key == "computed"]
    assert source.render_state is not None

    with translation.override("de"), timezone.override("Asia/Tokyo"):
        failed = source.render_state("failed", 1_770_000_000)
        late = source.render_state("late", 1_770_000_000)

    moment = '<time datetime="2026-02-02T02:40:00Z">02/02/2026 3:40 a.m.</time>'
    url = "/@dashboards@/site/live/@component/computed/"
    assert failed == (
        f'<span class="dashboards-is-failed" data-dashboards-retry="{url}">'
        f"Failed since {moment}</span>"
    )
    assert late == f'<span class="dashboards-is-late">Late since {moment}</span>'


def test_error_of_a_live_value_is_shown_to_staff_only(settings: Settings, client: Client):
    """The frame of a state is for everybody, so it says nothing of the error. Staff get it by
    the page, whichever process has computed the value."""
    configure(settings, SHOW_ERRORS_TO_STAFF=True)
    [source] = [each for each in Live().get_computed_values() if each.key == "failing"]
    for _ in range(2):
        with pytest.raises(BrokenError):
            source.render()

    assert "no sensor" not in page(client, "live")
    client.force_login(User.objects.create(username="ann", is_staff=True))
    state = state_of(page(client, "live"), "failing")
    assert 'data-dashboards-retry="/site/live/@component/failing/">Failed since <time' in state
    assert "<code>tests.unit.component.failing.BrokenError: no sensor &lt;script&gt;" in state
    assert "no sensor" not in client.get("/site/live/@stream/?hold=0").content.decode()


def test_per_viewer_value_has_no_shared_state():
    [source] = [each for each in Live().get_computed_values() if each.key == "own"]

    assert source.render_state is None
