"""Page, component and stream, asked over HTTP: well, badly, and with malice."""

import re
from html import unescape
from typing import Any
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
from dashboards.live.compute.groups import acquire_lease, group_by_interval
from dashboards.live.stores import get_store
from dashboards.live.wire.positions import Position
from tests.addresses import addresses
from tests.event_stream import Reader
from tests.site.dashboards import Live, Quiet

pytestmark = pytest.mark.django_db

PAGE, COMPONENT, STREAM = "/site/live/", "/site/live/@component/greeting/", "/site/live/@stream/"
ALL = [PAGE, COMPONENT, STREAM]


def put(dashboard: type[Dashboard], **values: Any) -> Position:
    """Store what ``push`` would, whatever transaction the test runs in."""
    target = dashboard()
    frames = {key: target.prepare_pushed(key, value).render() for key, value in values.items()}
    return get_store().put(target.channel, frames)


def stream_url(page: Any) -> str:
    """Return the one address that a page opens its stream at."""
    [url] = re.findall(r'sse-connect="([^"]*)"', page.content.decode())
    return unescape(url)


def read(client: Client, url: str, **headers: str) -> Reader:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return Reader().read(response.content)


def keys(reader: Reader) -> set[str]:
    return {key for key, _ in reader.events}


# What is not there.


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
def test_an_unknown_dashboard_is_not_found(client: Client, path: str):
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
def test_an_unknown_component_is_not_found(client: Client, key: str):
    assert client.get(f"/site/live/@component/{key}/").status_code == 404


def test_an_unknown_key_is_not_shown_as_html(client: Client, settings: Settings):
    settings.DEBUG = True

    response = client.get("/site/live/@component/<script>alert(1)</script>/".replace("</", "<%2F"))

    assert response.status_code == 404
    assert b"<script>alert" not in response.content


# What may not be done.


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("path", ALL)
def test_nothing_can_be_done_but_looking(client: Client, path: str, method: str):
    response = getattr(client, method)(path)

    assert response.status_code == 405
    allowed = set(response["Allow"].split(", "))
    assert allowed == ({"GET"} if path == STREAM else {"GET", "HEAD", "OPTIONS"})


@pytest.mark.parametrize("path", [PAGE, COMPONENT])
def test_a_head_request_is_answered_without_a_body(client: Client, path: str):
    response = client.head(path)

    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response.content == b""


def test_a_stream_has_no_head(client: Client):
    assert client.head(STREAM).status_code == 405


@pytest.mark.parametrize(("path", "status"), [(PAGE, 200), (COMPONENT, 200), (STREAM, 405)])
def test_options_are_told_without_a_value(client: Client, path: str, status: int):
    response = client.options(path)

    assert response.status_code == status
    assert response.content == b""


# What makes no sense.

POSITIONS = [
    "position=",
    "position=nonsense",
    "position=.",
    "position=0.0",
    "position=abc",
    "position=abc.",
    "position=.5",
    "position=abc.-1",
    "position=abc.1e9",
    "position=abc." + "9" * 18,
    "position=abc." + "9" * 19,
    "position=abc." + "9" * 5_000,
    "position=" + "a" * 5_000 + ".1",
    "position=%00",
    "position=abc.1%00",
    "position=abc.1%0D%0Aid:%20x",
    "position=%FF%FE",
    "position=%",
    "position=%F0%9F%8E%89.1",
    "position=abc.%D9%A1",
    "position=%27%20OR%201=1--",
    "position=abc.1&position=abc.2",
    "position=&position=",
    "position[]=abc.1",
    "position",
]
OTHERS = [
    "unknown=1",
    "hold=0",
    "hold=nonsense",
    "hold",
    "request=x&object=y&filters=z",
    "self=1&key=number",
    "name=%00%FF",
    "&&&===",
    "%00=%00",
    "a=1&" * 500,
    "channel=site.staff",
]


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("query", [*POSITIONS, *OTHERS])
@pytest.mark.parametrize("path", ALL)
def test_no_query_brings_it_down(client: Client, path: str, query: str):
    put(Live, number="the state")

    assert client.get(f"{path}?{query}").status_code == 200


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("query", [*POSITIONS, *OTHERS])
def test_whoever_says_no_sensible_position_is_told_the_whole_state(client: Client, query: str):
    position = put(Live, number="the state")

    reader = read(client, f"{STREAM}?{query}")

    # A value that is computed comes along under a version of its own.
    assert keys(reader) == {"number", "turns"}
    assert reader.last_event_id == f"{position.epoch}.2"


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize(
    "header",
    [
        "nonsense",
        "abc.",
        "abc." + "9" * 18,
        "abc." + "9" * 5_000,
        "a" * 5_000,
        "abc.1, abc.2",
        "abc.1\0",
        "\0",
        "\xff\xfe",
        "é.1",
        " ",
        "'; DROP TABLE dashboards_frame; --",
    ],
)
@pytest.mark.parametrize("path", ALL)
def test_no_last_event_id_brings_it_down(client: Client, path: str, header: str):
    put(Live, number="the state")

    response = client.get(path, headers={"Last-Event-ID": header})

    assert response.status_code == 200
    if path == STREAM:
        assert keys(Reader().read(response.content)) == {"number", "turns"}


def test_a_position_from_the_future_is_told_the_whole_state(client: Client):
    position = put(Quiet, silence="all there is")

    reader = read(client, f"/site/quiet/@stream/?position={position.epoch}.999")

    assert keys(reader) == {"silence"}
    assert reader.last_event_id == str(position)


def test_no_parameter_names_another_channel(client: Client):
    put(Quiet, silence="not for this page")

    response = client.get(f"{STREAM}?channel=site.quiet&dashboard=quiet&position=x.1")

    assert b"not for this page" not in response.content


# The stream.


def test_a_stream_says_that_it_is_one_and_that_nobody_may_keep_it(client: Client):
    response = client.get(STREAM)

    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-transform, no-store, private"
    assert response["X-Accel-Buffering"] == "no"


def test_a_stream_that_nobody_holds_ends_and_says_when_to_ask_again(
    client: Client, settings: Settings
):
    response = client.get("/site/quiet/@stream/")

    assert response.streaming is False
    assert Reader().read(response.content).retry == 1000

    settings.DASHBOARDS = {"POLL_MILLISECONDS": 250}
    assert read(client, "/site/quiet/@stream/").retry == 250


def test_a_reader_is_told_what_changed_since_its_position(client: Client):
    first = put(Live, number="1", note="old")
    second = put(Live, note="new")
    # One reading, so that the computed value is not news below.
    newest = read(client, STREAM).last_event_id

    reader = read(client, f"{STREAM}?position={first}")

    assert keys(reader) == {"note", "turns"}
    assert "new" in dict(reader.events)["note"]
    assert reader.last_event_id == newest == f"{second.epoch}.3"


def test_a_reader_who_is_up_to_date_is_told_nothing_and_stays_where_it_is(client: Client):
    position = put(Quiet, silence="x")

    reader = read(client, f"/site/quiet/@stream/?position={position}")

    assert reader.events == []
    assert reader.last_event_id == ""


def test_only_the_newest_state_of_a_component_is_told(client: Client):
    for number in range(50):
        put(Quiet, silence=f"value {number}.")

    [(key, data)] = read(client, "/site/quiet/@stream/").events

    assert key == "silence"
    # The number is held together by an element of its own.
    assert ">49.<" in data


def test_the_header_goes_before_the_query(client: Client):
    old = put(Quiet, silence="x")
    new = put(Quiet, silence="y")
    url = f"/site/quiet/@stream/?position={old}"

    assert keys(read(client, url)) == {"silence"}
    assert keys(read(client, url, **{"Last-Event-ID": str(new)})) == set()


def test_an_empty_header_is_no_header(client: Client):
    position = put(Quiet, silence="x")

    reader = read(client, f"/site/quiet/@stream/?position={position}", **{"Last-Event-ID": ""})

    assert reader.events == []


def test_a_stream_of_a_dashboard_that_was_never_pushed_to_is_empty(client: Client):
    reader = read(client, "/site/quiet/@stream/")

    assert reader.events == []
    assert reader.last_event_id == ""


def test_a_stream_of_a_dashboard_that_is_not_live_is_empty(client: Client):
    assert read(client, "/site/hostile/@stream/").events == []


def test_a_store_that_was_wiped_is_told_as_a_whole_under_a_new_epoch(client: Client):
    from dashboards.models import Channel  # noqa: PLC0415

    old = put(Quiet, silence="before")
    Channel.objects.all().delete()
    new = put(Quiet, silence="after")

    reader = read(client, f"/site/quiet/@stream/?position={old}")

    assert "after" in dict(reader.events)["silence"]
    assert new.epoch != old.epoch
    assert reader.last_event_id == str(new)


# The page.


class Careful(Dashboard):
    """While a value is computed, something is pushed."""

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
def test_a_page_prints_the_position_it_read_before_its_values_were_computed(client: Client):
    put(Careful, pushed="before")

    page = client.get("/site/careful/", {"push": ["meanwhile", "and again"]})

    assert "before" in page.content.decode()
    assert "and again" not in page.content.decode()
    reader = read(client, stream_url(page))
    assert keys(reader) == {"pushed"}
    assert "and again" in dict(reader.events)["pushed"]


@served
def test_what_is_pushed_while_the_very_first_page_is_rendered_is_told(client: Client):
    page = client.get("/site/careful/", {"push": "the first ever"})

    assert "the first ever" in dict(read(client, stream_url(page)).events)["pushed"]


@served
def test_a_page_that_missed_nothing_is_told_nothing(client: Client):
    put(Careful, pushed="before")

    page = client.get("/site/careful/")

    assert read(client, stream_url(page)).events == []


def test_a_page_without_a_position_opens_its_stream_all_the_same(client: Client):
    assert stream_url(client.get("/site/quiet/")) == "/site/quiet/@stream/"


def test_a_page_opens_one_stream_however_many_components_are_live(client: Client):
    page = client.get(PAGE).content.decode()

    assert page.count("sse-connect=") == 1
    assert page.count("sse-swap=") == sum(bool(each.live) for each in Live())


@served
def test_a_page_that_is_not_live_opens_none(client: Client):
    page = client.get("/site/bare/").content.decode()

    assert "nothing moves" in page
    assert "sse-connect" not in page
    assert "dashboards-live-status" not in page


@served
def test_a_page_is_headed_by_its_dashboards_name(client: Client):
    page = client.get("/site/bare/").content.decode()

    assert "<title>A bare &lt;page&gt;</title>" in page
    assert page.count("A bare &lt;page&gt;") == 2


def test_a_page_loads_the_scripts_it_needs_and_no_others(client: Client):
    def scripts(path: str) -> list[str]:
        page = client.get(path).content.decode()
        return re.findall(r'<script[^>]* src="[^"]*/([^"/]*)"', page)

    needed_by_all = scripts("/site/quiet/")
    assert "live.js" in needed_by_all
    assert any("htmx" in name for name in needed_by_all)
    *others, menus = needed_by_all
    of_charts = [path.rpartition("/")[2] for path in Chart.scripts]
    assert scripts(PAGE) == [*others, *of_charts, menus]


def test_no_template_holds_executable_script(client: Client):
    for path in (PAGE, "/site/quiet/", "/site/hostile/", "/site/later/"):
        page = client.get(path).content.decode()
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
        assert scripts
        for attributes, body in scripts:
            assert 'type="application/json"' in attributes or (" src=" in attributes and not body)
        without_values = re.sub(r'="[^"]*"', "=", page)
        assert not re.search(r"<[^>]*\son[a-z]+=", without_values)


def test_values_of_the_viewer_are_in_the_page(client: Client):
    assert "Hello Ann" in client.get(PAGE, {"name": "Ann"}).content.decode()
    assert "Hello Bob" in client.get(PAGE, {"name": "Bob"}).content.decode()


# A component alone.


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/site/live/@component/greeting/?name=Ann", "Hello Ann"),
        ("/site/later/@component/deferred/", "arrived"),
        ("/site/later/@component/called/", "called with filters, filterset, object, request"),
        ("/site/later/@component/above/", "above"),
    ],
)
def test_a_component_is_told_alone_and_kept_by_nobody(client: Client, path: str, words: str):
    response = client.get(path)

    assert response.status_code == 200
    assert words in response.content.decode()
    assert b"<html" not in response.content
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Type"] == "text/html; charset=utf-8"


def test_a_page_is_sent_before_what_is_deferred(client: Client):
    page = client.get("/site/later/").content.decode()

    assert "arrived" not in page
    assert "called with" not in page


def test_a_live_component_is_told_as_it_was_pushed_last(client: Client):
    put(Live, number="old")
    put(Live, number="newest")

    assert b"newest" in client.get("/site/live/@component/number/").content


def test_a_live_component_that_has_no_value_yet_leaves_its_box_alone(client: Client):
    response = client.get("/site/live/@component/number/")

    assert response.status_code == 204
    assert response.content == b""
    assert response["Cache-Control"] == "no-store, private"


def test_a_component_that_has_nothing_new_to_say_leaves_its_box_alone(client: Client):
    """A poll put back the "waiting" that an event from elsewhere had replaced meanwhile."""
    ann, bob = f"{COMPONENT}?name=Ann", f"{COMPONENT}?name=Bob"
    first = client.get(ann)

    again = client.get(ann, headers={"If-None-Match": first["ETag"]})
    zipped = client.get(ann, headers={"If-None-Match": f"W/{first['ETag']}"})
    other = client.get(bob, headers={"If-None-Match": first["ETag"]})

    assert [again.status_code, zipped.status_code, other.status_code] == [304, 304, 200]
    assert again.content == b""
    assert again["Cache-Control"] == "no-store, private"
    assert other["ETag"] != first["ETag"]


def test_a_computed_component_is_computed_for_who_asks_first(client: Client):
    first = client.get("/site/live/@component/turns/").content
    second = client.get("/site/live/@component/turns/").content

    assert b"/" in first
    assert second == first


class Initial(Dashboard):
    """Live values that have one of their own before anybody pushes."""

    plain = Stat(value="declared", live=True)
    computed = Stat(value=lambda: "true now", live=True)

    class Meta:
        app_label = "site"


def test_a_plain_value_is_shown_until_the_first_push_and_a_callable_always():
    assert "declared" in str(Initial().render_content("plain"))
    put(Initial, plain="pushed", computed="pushed")
    assert "pushed" in str(Initial().render_content("plain"))
    assert "true now" in str(Initial().render_content("computed"))


class Shared(Dashboard):
    """A computed value whose first computing somebody else has claimed."""

    number = Stat(value=lambda: "computed at once", live=Every(seconds=60))
    broken = Stat(value=lambda: 1 / 0, live=Every(seconds=60))

    class Meta:
        app_label = "site"


def test_a_computed_value_is_there_though_another_request_is_computing_it(
    caplog: pytest.LogCaptureFixture,
):
    [turn] = group_by_interval(Shared().get_computed_values())
    assert acquire_lease(get_store(), Shared().channel, turn)
    dashboard = Shared()
    dashboard.compute_due(deferred=False)
    assert "computed at once" in str(dashboard.render_content("number"))
    assert dashboard.render_content("broken") is None
    assert "ZeroDivisionError" in caplog.text


def test_a_dashboard_with_nothing_live_has_no_stream(client: Client):
    response = client.get("/site/hostile/@stream/")
    assert response.status_code == 200, "something there is live"
    response = client.get("/site/pie/@stream/")
    assert response.status_code == 204


def test_the_page_says_its_language(client: Client):
    with translation.override("de"):
        assert '<html lang="de">' in client.get("/site/pie/").content.decode()


def test_where_everybody_must_log_in_no_login_page_is_put_into_a_box(
    client: Client, settings: Settings
):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    batch = "/site/live/@components/greeting,number/"
    for path in (COMPONENT, batch):
        assert client.get(path, headers={"HX-Request": "true"}).status_code == 403
        # A file that is downloaded, a form without scripts.
        assert client.get(path).headers["Location"] == f"/login/?next={quote(path)}"
    assert client.get(PAGE).headers["Location"] == f"/login/?next={PAGE}"
    client.force_login(User.objects.create(username="somebody"))
    for path in (PAGE, COMPONENT, batch):
        assert client.get(path, headers={"HX-Request": "true"}).status_code == 200
