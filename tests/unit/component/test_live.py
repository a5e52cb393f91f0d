"""The live side of a component: the value and the events of its box."""

from dataclasses import dataclass

import pytest

from dashboards.component import Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every, push
from tests.addresses import addresses
from tests.unit.component.support import HOSTILE, Loading, box, dashboard_of


class Live(Dashboard):
    pushed = Text(live=True)
    own = Text(value="its own", live=True)
    deferred = Text(value="later", live=True, defer=True)
    pushed_later = Text(live=True, defer=lambda: "loaded")
    turning = Text(value=lambda: "computed", live=Every(seconds=60))
    slow = Text(value=lambda: "computed late", live=Every(seconds=60), defer=True)
    slow_call = Text(defer=lambda: "called late", live=Every(seconds=60))

    class Meta:
        app_label = "site"


urlpatterns = addresses(Loading, Live)


served = pytest.mark.urls(__name__)


@served
@pytest.mark.usefixtures("_memory")
def test_live_component_without_a_value_shows_a_text():
    html = box(Live(), "pushed")

    assert "Waiting for the first value…" in html.text
    assert html.values("sse-swap") == ["pushed"]


@served
@pytest.mark.usefixtures("_memory")
def test_live_component_shows_the_last_push():
    push(Live, "pushed", "first")
    push(Live, "pushed", "last")

    html = box(Live(), "pushed")

    assert "last" in html.text
    assert "first" not in html.text
    assert "Waiting" not in html.text


@served
@pytest.mark.usefixtures("_memory")
def test_pushed_text_is_escaped():
    push(Live, "pushed", HOSTILE)

    html = box(Live(), "pushed")

    assert HOSTILE in html.text
    assert html.holds_nothing_hostile()


@served
@pytest.mark.usefixtures("_memory")
def test_page_reads_the_store_once():
    dashboard = Live()
    before = dashboard.position
    push(Live, "pushed", "after the page was read")

    assert "Waiting" in box(dashboard, "pushed").text
    assert dashboard.position == before


@served
@pytest.mark.usefixtures("_memory")
def test_live_component_shows_its_declared_value():
    assert "its own" in box(Live(), "own").text


@served
@pytest.mark.usefixtures("_memory")
def test_deferred_live_component_loads_and_listens():
    html = box(Live(), "deferred")

    assert "Loading…" in html.text
    assert html.values("hx-trigger") == ["dashboards:seen once"]
    assert html.values("sse-swap") == ["deferred"]


@served
@pytest.mark.usefixtures("_memory")
def test_computed_component_shows_its_value_after_compute_due():
    # Rendering a box computes nothing: the view calls compute_due before.
    assert "Waiting for the first value…" in box(Live(), "turning").text

    Live().compute_due(deferred=False)

    assert box(Live(), "turning").text.split() == ["Turning", "computed"]


@served
@pytest.mark.usefixtures("_memory")
@pytest.mark.parametrize(
    ("key", "value"), [("slow", "computed late"), ("slow_call", "called late")]
)
def test_deferred_computed_component_loads_after_the_page(key: str, value: str):
    Live().compute_due(deferred=False)
    assert "Loading…" in box(Live(), key).text

    Live().compute_due(deferred=True)
    assert value in box(Live(), key).text


@served
@pytest.mark.usefixtures("_memory")
def test_plain_component_listens_to_no_event():
    assert box(Loading(), "plain").values("sse-swap") == []


@dataclass
class SSEStat(Stat):
    template: str = "dashboards/components/sse_stat.html"

    @staticmethod
    def pushpin_url() -> str:
        return "http://localhost:7999/events/?a=1&b=2"


@pytest.mark.django_db
@pytest.mark.parametrize("live", [False, True])
def test_component_with_its_own_stream_connects_without_a_value(live: bool):
    html = box(dashboard_of(it=SSEStat(live=live)), "it")

    assert html.values("sse-connect") == ["http://localhost:7999/events/?a=1&b=2"]
    assert html.values("sse-swap") == (["it", "it"] if live else ["it"])
    assert "Waiting for the first value…" in html.text
