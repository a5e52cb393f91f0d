"""Pages on a wall: the boards that a request may open, and parameters that cannot be used."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory

from dashboards.component import Form, Stat
from dashboards.component.layout import Card, ComponentLayout, Header
from dashboards.dashboard import Dashboard
from tests.addresses import addresses
from tests.site.dashboards import Quiet, Word

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_no_exceptions")]

PAGE = "/site/live/"
HTMX = {"HX-Request": "true"}


def get(client: Client, query: str) -> str:
    response = client.get(f"{PAGE}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def links(html: str) -> list[str]:
    """Return the URLs of the boards of a wall."""
    found = re.search(r'<nav class="dashboards-boards".*?</nav>', html, re.DOTALL)
    assert found
    return [unescape(url) for url in re.findall(r'<li><a href="([^"]*)"', found[0])]


def test_page_is_on_no_wall_without_parameter(client: Client):
    html = get(client, "")

    assert "dashboards-kiosk-link" in html
    assert 'class="dashboards-kiosk"' not in html
    assert "kiosk.js" not in html


def test_page_on_a_wall_has_its_script_and_no_menu_and_no_filters(client: Client):
    html = get(client, "kiosk")
    filtered = client.get("/site/filtered/?kiosk&year=2023").content.decode()

    assert 'class="dashboards-kiosk"' in html
    assert "kiosk.js" in html
    assert "dashboards-menu" not in html
    assert "dashboards-kiosk-link" not in html
    assert "<form" not in filtered
    # Leaving it keeps the filters.
    assert 'href="/site/filtered/?year=2023"' in filtered


def test_form_that_filters_is_on_no_wall_and_its_values_count(client: Client):
    """Regression: only the filters of the whole dashboard were hidden."""
    query = "form-word=given"
    usual = client.get(f"/site/aging/?{query}").content.decode()
    wall = client.get(f"/site/aging/?kiosk&{query}").content.decode()

    assert 'id="site_aging-form"' in usual
    assert 'id="site_aging-form"' not in wall
    assert "data-dashboards-form" not in wall
    assert "given" in re.sub("<[^>]*>", "", wall)
    assert f'href="/site/aging/?{query}"' in wall, "leaving it keeps the values"
    assert 'id="site_aging-form"' in client.get("/site/aging/?kiosk", headers=HTMX).content.decode()


def test_form_that_saves_stays_on_a_wall(client: Client):
    html = client.get("/site/anyhow/?kiosk").content.decode()

    assert 'id="site_anyhow-sent"' in html
    assert 'id="site_anyhow-own"' not in html


class Laid(Dashboard):
    find = Form(form=Word, dependents=["shown"])
    shown = Stat(value=1)

    class Meta:
        app_label = "site"

    class Layout:
        components = ComponentLayout(
            Header("Find"), Card("find", heading="Card"), Header("Found"), Card("shown")
        )


urlpatterns = addresses(Laid)


@pytest.mark.urls(__name__)
def test_card_and_heading_of_a_form_that_filters_are_on_no_wall():
    dashboard = Laid(RequestFactory().get("/"))
    assert "Find" in dashboard.render_components()

    dashboard = Laid(RequestFactory().get("/"))
    dashboard.is_on_wall = True
    html = dashboard.render_components()

    assert "Find" not in html
    assert html.count('class="dashboards-card') == 1
    assert "Found" in html


def test_boards_are_linked_in_the_order_of_the_address(client: Client):
    group = Group.objects.create(name="open")
    query = f"kiosk&kiosk-boards=site_quiet,site_live,site_groupboard:{group.pk}&kiosk-rotate=60"

    html = get(client, query)

    tail = f"kiosk=&kiosk-boards=site_quiet,site_live,site_groupboard:{group.pk}&kiosk-rotate=60"
    assert links(html) == [
        f"/site/quiet/?{tail}",
        f"/site/live/?{tail}",
        f"/site/groupboard/{group.pk}/?{tail}",
    ]
    assert html.count('aria-current="page"') == 1
    assert 'data-dashboards-kiosk-seconds="60"' in html


def test_board_that_a_request_may_not_open_is_left_out(client: Client):
    secret = Group.objects.create(name="secret")
    query = f"kiosk&kiosk-boards=site_live,site_staff,site_quiet,site_groupboard:{secret.pk}"

    assert [url.split("?")[0] for url in links(get(client, query))] == [PAGE, "/site/quiet/"]

    client.force_login(User.objects.create_superuser("boss"))
    shown = [url.split("?")[0] for url in links(get(client, query))]
    assert "/site/staff/" in shown


@pytest.mark.parametrize(
    "boards",
    [
        "",
        ",",
        "nothing",
        "site_live",
        "site_groupboard",
        "site_groupboard:0",
        "site_groupboard:x",
        "site_groupboard:%00",
        "site_quiet:1",
        "<script>",
        "%FF%00",
        "site_nothing:" + "9" * 500,
    ],
)
def test_unusable_board_and_the_page_itself_are_no_turn(client: Client, boards: str):
    assert links(get(client, f"kiosk&kiosk-boards={boards}")) == []


def test_boards_of_a_wall_are_limited(client: Client):
    unknown = ",".join(f"unknown_{number}" for number in range(20))

    assert links(get(client, f"kiosk&kiosk-boards=site_live,{unknown},site_quiet")) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("", 30), ("x", 30), ("-1", 30), ("1e3", 30), ("٣٠", 30), ("9" * 9, 30)),
        *(("0", 5), ("5", 5), ("45", 45), ("99999", 3600)),
    ],
)
def test_unusable_time_of_a_board_is_the_default(client: Client, text: str, seconds: int):
    html = get(client, f"kiosk&kiosk-rotate={text}")

    assert f'data-dashboards-kiosk-seconds="{seconds}"' in html


@pytest.mark.parametrize(
    ("text", "hours"),
    [("22-6", "22-6"), ("0-23", "0-23"), ("24-6", ""), ("22", ""), ("22-", ""), ('"><b>', "")],
)
def test_unusable_hours_of_night_dim_nothing(client: Client, text: str, hours: str):
    assert f'data-dashboards-kiosk-dim="{hours}"' in get(client, f"kiosk&kiosk-dim={text}")


def test_wall_is_no_filter():
    """A page with filters shows no shared values: they are computed for each of its viewers."""
    wall = "kiosk&kiosk-boards=site_quiet&kiosk-rotate=9&kiosk-dim=1-2"

    plain, filtered = (
        Quiet(RequestFactory().get(f"/site/quiet/?{query}")) for query in (wall, f"{wall}&year=1")
    )

    assert not plain.is_filtered
    assert plain.filters == {}
    assert plain.query == ""
    assert filtered.is_filtered
    assert filtered.filters == {"year": "1"}
    assert filtered.query == "year=1"


def test_page_on_a_wall_is_kept_by_no_cache(client: Client):
    assert "no-store" in client.get(f"{PAGE}?kiosk").headers["Cache-Control"]


def test_part_of_a_page_is_on_no_wall(client: Client):
    html = client.get(f"{PAGE}?kiosk", headers={"HX-Request": "true"}).content.decode()

    assert "dashboards-kiosk" not in html
