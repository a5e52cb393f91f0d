"""The attributes of a box that htmx and the package's scripts read."""

import pytest

from dashboards.component import (
    Text,
)
from dashboards.component.htmx import entity_tag
from tests.addresses import addresses
from tests.unit.component.support import Loading, box, dashboard_of


@pytest.mark.usefixtures("_german")
@pytest.mark.parametrize("rate", [0.5, 2, 1500])
def test_a_locale_does_not_break_a_poll_rate(rate: float):
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
                "dashboards:seen once, every 60s, again, "
                "htmx:after:swap from:#site_loading-leader-content, "
                "htmx:after:swap from:#site_loading-other_leader-content"
            ),
        ),
    ],
)
def test_a_trigger_says_when_a_component_loads(key: str, trigger: str):
    assert Loading()[key].trigger == trigger


@served
@pytest.mark.parametrize("key", ["deferred", "polled", "triggered", "plain_follower"])
def test_what_loads_says_from_where(key: str):
    assert box(Loading(), key).values("hx-get") == [f"/site/loading/@component/{key}/"]


@served
@pytest.mark.parametrize("key", ["plain", "undeferred", "leader", "never_polled"])
def test_what_never_loads_has_no_address_to_load_from(key: str):
    assert box(Loading(), key).values("hx-get") == []
    assert box(Loading(), key).values("hx-trigger") == []


@served
def test_a_deferred_component_may_load_from_elsewhere():
    assert box(Loading(), "elsewhere").values("hx-get") == ["/elsewhere/?a=1&b=2"]


def test_a_box_that_loads_itself_knows_what_it_shows():
    loads = Text(value="x", poll_rate=1, defer_url="/x/")
    waits, still = Text(value="x", defer=True, defer_url="/x/"), Text(value="x")
    dashboard = dashboard_of(loads=loads, waits=waits, still=still)

    assert box(dashboard, "loads").values("data-dashboards-etag") == [
        entity_tag("""<div class="dashboards-text">x</div>""")
    ]
    assert box(dashboard, "waits").values("data-dashboards-etag") == [""]
    assert box(dashboard, "still").values("data-dashboards-etag") == []
