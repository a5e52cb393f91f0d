"""The attributes of a box that htmx and the package's scripts read."""

import pytest

from dashboards.component import Text
from dashboards.component.htmx import entity_tag
from tests.addresses import addresses
from tests.unit.component.support import Loading, box, dashboard_of


@pytest.mark.usefixtures("_german")
@pytest.mark.parametrize("rate", [0.5, 2, 1500])
def test_poll_rate_in_german_has_a_decimal_point(rate: float):
    dashboard = dashboard_of(it=Text(value="x", poll_rate=rate, defer_url="/x/"))

    assert box(dashboard, "it").values("hx-trigger") == [f"every {rate}s"]


urlpatterns = addresses(Loading)


served = pytest.mark.urls(__name__)


@pytest.mark.parametrize(
    ("key", "trigger"),
    [
        ("plain", ""),
        ("undeferred", ""),
        ("deferred", "dashboards:seen once"),
        ("called", "dashboards:seen once"),
        ("by_method", "dashboards:seen once"),
        ("polled", "every 2.5s"),
        ("never_polled", ""),
        ("triggered", "refresh from:body, click"),
        ("leader", ""),
        ("plain_follower", "htmx:after:swap from:#site_loading-other_leader-content"),
        (
            "follower",
            (
                "dashboards:seen once, every 60s, again from:body, "
                "htmx:after:swap from:#site_loading-leader-content, "
                "htmx:after:swap from:#site_loading-other_leader-content"
            ),
        ),
    ],
)
def test_trigger_lists_the_events_of_a_load(key: str, trigger: str):
    assert Loading()[key].trigger == trigger


@served
@pytest.mark.parametrize("key", ["deferred", "polled", "triggered", "plain_follower"])
def test_loading_box_has_its_url(key: str):
    assert box(Loading(), key).values("hx-get") == [f"/site/loading/@component/{key}/"]


@served
@pytest.mark.parametrize("key", ["plain", "undeferred", "leader", "never_polled"])
def test_plain_box_has_no_url(key: str):
    assert box(Loading(), key).values("hx-get") == []
    assert box(Loading(), key).values("hx-trigger") == []


@served
def test_defer_url_replaces_the_url():
    assert box(Loading(), "elsewhere").values("hx-get") == ["/elsewhere/?a=1&b=2"]


def test_loading_box_has_the_etag_of_its_content():
    loads = Text(value="x", poll_rate=1, defer_url="/x/")
    waits, still = Text(value="x", defer=True, defer_url="/x/"), Text(value="x")
    dashboard = dashboard_of(loads=loads, waits=waits, still=still)

    assert box(dashboard, "loads").values("data-dashboards-etag") == [
        entity_tag("""<div class="dashboards-text">x</div>""")
    ]
    assert box(dashboard, "waits").values("data-dashboards-etag") == [""]
    assert box(dashboard, "still").values("data-dashboards-etag") == []
