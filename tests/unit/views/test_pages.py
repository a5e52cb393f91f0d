"""Pages and components over HTTP, with valid and invalid requests."""

import re
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from dashboards.component import Chart, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from tests.addresses import addresses
from tests.site.dashboards import Live
from tests.unit.views.support import ALL, COMPONENT, PAGE, STREAM, keys, put, read, stream_url

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize(
    "path",
    [
        "/site/nothing/",
        "/site/nothing/@stream/",
        "/site/nothing/@component/number/",
        "/site/nothing/@components/number/",
        "/site/live/@components/",
        "/site/live/@components/nothing/",
        "/elsewhere/live/",
        "/site/LIVE/",
        "/site/live/nonsense/",
        "/site/live/@component/",
        "/site/live/@stream/more/",
        "/site/live/@nothing/",
        "/site/dashboard/",
        "/site/%00/",
        "/site/live%0A/",
    ],
)
def test_unknown_dashboard_is_not_found(client: Client, path: str):
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize(
    "key",
    [
        "unknown",
        "Number",
        "number ",
        "__class__",
        "get_value",
        "declared",
        "..",
        "%00",
        "%0A",
        "number%00",
        "%F0%9F%8E%89",
        "%FF%FE",
        "<script>",
        "k" * 5_000,
    ],
)
def test_unknown_component_is_not_found(client: Client, key: str):
    assert client.get(f"/site/live/@component/{key}/").status_code == 404


def test_unknown_key_is_escaped_in_the_404_page(client: Client, settings: Settings):
    settings.DEBUG = True

    response = client.get("/site/live/@component/<script>alert(1)</script>/".replace("</", "<%2F"))

    assert response.status_code == 404
    assert b"<script>alert" not in response.content


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("path", ALL)
def test_unsafe_methods_are_not_allowed(client: Client, path: str, method: str):
    response = getattr(client, method)(path)

    assert response.status_code == 405
    allowed = set(response["Allow"].split(", "))
    assert allowed == ({"GET"} if path == STREAM else {"GET", "HEAD", "OPTIONS"})


@pytest.mark.parametrize("path", [PAGE, COMPONENT])
def test_head_request_has_no_body(client: Client, path: str):
    response = client.head(path)

    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response.content == b""


@pytest.mark.parametrize(("path", "status"), [(PAGE, 200), (COMPONENT, 200), (STREAM, 405)])
def test_options_request_has_no_body(client: Client, path: str, status: int):
    response = client.options(path)

    assert response.status_code == status
    assert response.content == b""


class Careful(Dashboard):
    """A dashboard that pushes while one of its values is computed."""

    pushed = Text(live=True)
    slow = Text()
    turning = Stat(value=lambda: "computed", live=Every(seconds=60))

    class Meta:
        app_label = "site"

    def get_slow_value(self, request: HttpRequest) -> str:
        for value in request.GET.getlist("push"):
            put(Careful, pushed=value)
        return "slow"


class Bare(Dashboard):
    text = Text(value="nothing moves")

    class Meta:
        app_label = "site"
        name = "A bare <page>"


urlpatterns = addresses(Careful, Bare)


served = pytest.mark.urls(__name__)


@served
def test_push_during_rendering_is_streamed_after_the_page(client: Client):
    put(Careful, pushed="before")

    page = client.get("/site/careful/", {"push": ["meanwhile", "and again"]})

    assert "before" in page.content.decode()
    assert "and again" not in page.content.decode()
    reader = read(client, stream_url(page))
    assert keys(reader) == {"pushed"}
    assert "and again" in dict(reader.events)["pushed"]


@served
def test_first_push_during_rendering_is_streamed_after_the_page(client: Client):
    page = client.get("/site/careful/", {"push": "the first ever"})

    assert "the first ever" in dict(read(client, stream_url(page)).events)["pushed"]


@served
def test_stream_of_an_up_to_date_page_is_empty(client: Client):
    put(Careful, pushed="before")

    page = client.get("/site/careful/")

    assert read(client, stream_url(page)).events == []


def test_page_without_a_position_has_a_stream_url(client: Client):
    assert stream_url(client.get("/site/quiet/")) == "/site/quiet/@stream/"


def test_page_opens_one_stream(client: Client):
    page = client.get(PAGE).content.decode()

    assert page.count("sse-connect=") == 1
    assert page.count("sse-swap=") == sum(bool(each.live) for each in Live())


@served
def test_page_without_live_components_opens_no_stream(client: Client):
    page = client.get("/site/bare/").content.decode()

    assert "nothing moves" in page
    assert "sse-connect" not in page
    assert "dashboards-live-status" not in page


@served
def test_page_has_the_name_as_title_and_heading(client: Client):
    page = client.get("/site/bare/").content.decode()

    assert "<title>A bare &lt;page&gt;</title>" in page
    assert page.count("A bare &lt;page&gt;") == 2


def test_page_loads_only_the_scripts_of_its_components(client: Client):
    def scripts(path: str) -> list[str]:
        page = client.get(path).content.decode()
        return re.findall(r'<script[^>]* src="[^"]*/([^"/]*)"', page)

    needed_by_all = scripts("/site/quiet/")
    assert "live.js" in needed_by_all
    assert any("htmx" in name for name in needed_by_all)
    *others, menus = needed_by_all
    of_charts = [path.rpartition("/")[2] for path in Chart.scripts]
    assert scripts(PAGE) == [*others, *of_charts, menus]


def test_templates_have_no_inline_scripts(client: Client):
    pytest.importorskip("plotly")
    for path in (PAGE, "/site/quiet/", "/site/hostile/", "/site/later/"):
        page = client.get(path).content.decode()
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
        assert scripts
        for attributes, body in scripts:
            assert 'type="application/json"' in attributes or (" src=" in attributes and not body)
        without_values = re.sub(r'="[^"]*"', "=", page)
        assert not re.search(r"<[^>]*\son[a-z]+=", without_values)


def test_page_has_the_values_of_its_request(client: Client):
    assert "Hello Ann" in client.get(PAGE, {"name": "Ann"}).content.decode()
    assert "Hello Bob" in client.get(PAGE, {"name": "Bob"}).content.decode()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/site/live/@component/greeting/?name=Ann", "Hello Ann"),
        ("/site/later/@component/deferred/", "arrived"),
        ("/site/later/@component/called/", "called with filters, filterset, object, request"),
        ("/site/later/@component/above/", "above"),
    ],
)
def test_component_response_is_html_without_a_page_and_uncached(
    client: Client, path: str, words: str
):
    response = client.get(path)

    assert response.status_code == 200
    assert words in response.content.decode()
    assert b"<html" not in response.content
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Type"] == "text/html; charset=utf-8"


def test_page_leaves_deferred_values_out(client: Client):
    page = client.get("/site/later/").content.decode()

    assert "arrived" not in page
    assert "called with" not in page


def test_component_response_has_the_last_push(client: Client):
    put(Live, number="old")
    put(Live, number="newest")

    assert b"newest" in client.get("/site/live/@component/number/").content


def test_live_component_without_a_value_is_204(client: Client):
    response = client.get("/site/live/@component/number/")

    assert response.status_code == 204
    assert response.content == b""
    assert response["Cache-Control"] == "no-store, private"


def test_component_with_a_matching_etag_is_304(client: Client):
    """A poll showed "waiting" again after an event had replaced it."""
    ann, bob = f"{COMPONENT}?name=Ann", f"{COMPONENT}?name=Bob"
    first = client.get(ann)

    again = client.get(ann, headers={"If-None-Match": first["ETag"]})
    zipped = client.get(ann, headers={"If-None-Match": f"W/{first['ETag']}"})
    other = client.get(bob, headers={"If-None-Match": first["ETag"]})

    assert [again.status_code, zipped.status_code, other.status_code] == [304, 304, 200]
    assert again.content == b""
    assert again["Cache-Control"] == "no-store, private"
    assert other["ETag"] != first["ETag"]


def test_component_is_computed_for_the_first_request_only(client: Client):
    first = client.get("/site/live/@component/turns/").content
    second = client.get("/site/live/@component/turns/").content

    assert b"/" in first
    assert second == first


@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("ar", "rtl")])
def test_page_has_its_language_and_direction(client: Client, language: str, direction: str):
    with translation.override(language):
        page = client.get("/site/live/").content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page


def test_login_required_middleware_refuses_htmx_requests(client: Client, settings: Settings):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    batch = "/site/live/@components/greeting,number/"
    for path in (COMPONENT, batch):
        assert client.get(path, headers={"HX-Request": "true"}).status_code == 403
        # A download, or a form without scripts.
        assert client.get(path).headers["Location"] == f"/login/?next={quote(path)}"
    assert client.get(PAGE).headers["Location"] == f"/login/?next={PAGE}"
    client.force_login(User.objects.create(username="somebody"))
    for path in (PAGE, COMPONENT, batch):
        assert client.get(path, headers={"HX-Request": "true"}).status_code == 200


def test_printed_page_says_its_time_with_the_name_of_the_month(client: Client):
    """On paper, 11/12/2026 is a day in November or in December."""
    html = client.get("/site/live/").content.decode()

    [printed] = re.findall(r'<p class="dashboards-printed">.*<time [^>]*>(.+)</time></p>', html)
    assert re.match(r"[A-Z][a-z]+\.? \d+, \d{4}, ", printed)
