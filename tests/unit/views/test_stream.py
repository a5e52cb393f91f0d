"""The stream of a page: its events since a position."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.event_stream import Reader
from tests.site.dashboards import Live, Quiet
from tests.unit.views.support import ALL, COMPONENT, PAGE, STREAM, keys, put, read

pytestmark = pytest.mark.django_db


def test_head_request_of_a_stream_is_not_allowed(client: Client):
    assert client.head(STREAM).status_code == 405


ALONE = {"HX-Request": "true"}
"""The header that gets a page's dashboard without what is around it."""


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


OTHER_QUERIES = [
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
@pytest.mark.parametrize("query", [*POSITIONS, *OTHER_QUERIES])
def test_invalid_query_is_ignored(client: Client, query: str):
    put(Live, number="the state")

    assert client.get(f"{PAGE}?{query}", headers=ALONE).status_code == 200
    assert client.get(f"{COMPONENT}?{query}").status_code == 200


@pytest.mark.usefixtures("_no_exceptions")
def test_page_with_many_invalid_parameters_is_shown(client: Client):
    put(Live, number="the state")

    page = client.get(f"{PAGE}?{'&'.join([*POSITIONS, *OTHER_QUERIES])}")

    assert page.status_code == 200
    assert "the state" in page.content.decode()


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("query", [*POSITIONS, *OTHER_QUERIES])
def test_invalid_position_gets_the_whole_state(client: Client, query: str):
    position = put(Live, number="the state")

    reader = read(client, f"{STREAM}?{query}")

    # A computed value has its own version.
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
def test_invalid_last_event_id_is_ignored(client: Client, path: str, header: str):
    put(Live, number="the state")

    response = client.get(
        path, headers={"Last-Event-ID": header, **(ALONE if path == PAGE else {})}
    )

    assert response.status_code == 200
    if path == STREAM:
        assert keys(Reader().read(response.content)) == {"number", "turns"}


def test_future_position_gets_the_whole_state(client: Client):
    position = put(Quiet, silence="all there is")

    reader = read(client, f"/site/quiet/@stream/?position={position.epoch}.999")

    assert keys(reader) == {"silence"}
    assert reader.last_event_id == str(position)


def test_parameters_select_no_other_channel(client: Client):
    put(Quiet, silence="not for this page")

    response = client.get(f"{STREAM}?channel=site.quiet&dashboard=quiet&position=x.1")

    assert b"not for this page" not in response.content


def test_stream_has_its_content_type_and_is_uncached(client: Client):
    response = client.get(STREAM)

    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-transform, no-store, private"
    assert response["X-Accel-Buffering"] == "no"


def test_stream_without_async_server_ends_with_a_retry(client: Client, settings: Settings):
    response = client.get("/site/quiet/@stream/")

    assert response.streaming is False
    assert Reader().read(response.content).retry == 1000

    settings.DASHBOARDS = {"POLL_MILLISECONDS": 250}
    assert read(client, "/site/quiet/@stream/").retry == 250


def test_stream_has_the_changes_since_the_position(client: Client):
    first = put(Live, number="1", note="old")
    second = put(Live, note="new")
    # The first request computes the value, so it is not new in the second.
    newest = read(client, STREAM).last_event_id

    reader = read(client, f"{STREAM}?position={first}")

    assert keys(reader) == {"note", "turns"}
    assert "new" in dict(reader.events)["note"]
    assert reader.last_event_id == newest == f"{second.epoch}.3"


def test_stream_at_the_current_position_is_empty(client: Client):
    position = put(Quiet, silence="x")

    reader = read(client, f"/site/quiet/@stream/?position={position}")

    assert reader.events == []
    assert reader.last_event_id == ""


def test_stream_has_only_the_newest_value(client: Client):
    for number in range(50):
        put(Quiet, silence=f"value {number}.")

    [(key, data)] = read(client, "/site/quiet/@stream/").events

    assert key == "silence"
    # The number is in an element of its own, so that no line breaks inside it.
    assert ">49.<" in data


def test_last_event_id_overrides_the_query(client: Client):
    old = put(Quiet, silence="x")
    new = put(Quiet, silence="y")
    url = f"/site/quiet/@stream/?position={old}"

    assert keys(read(client, url)) == {"silence"}
    assert keys(read(client, url, **{"Last-Event-ID": str(new)})) == set()


def test_empty_last_event_id_is_ignored(client: Client):
    position = put(Quiet, silence="x")

    reader = read(client, f"/site/quiet/@stream/?position={position}", **{"Last-Event-ID": ""})

    assert reader.events == []


def test_stream_before_the_first_push_is_empty(client: Client):
    reader = read(client, "/site/quiet/@stream/")

    assert reader.events == []
    assert reader.last_event_id == ""


def test_stream_of_unpushed_components_is_empty(client: Client):
    assert read(client, "/site/hostile/@stream/").events == []


def test_wiped_store_is_streamed_whole_with_a_new_epoch(client: Client):
    from dashboards.models import Channel  # noqa: PLC0415

    old = put(Quiet, silence="before")
    Channel.objects.all().delete()
    new = put(Quiet, silence="after")

    reader = read(client, f"/site/quiet/@stream/?position={old}")

    assert "after" in dict(reader.events)["silence"]
    assert new.epoch != old.epoch
    assert reader.last_event_id == str(new)


def test_stream_of_a_dashboard_without_live_components_is_204(client: Client):
    response = client.get("/site/hostile/@stream/")
    assert response.status_code == 200, "something there is live"
    response = client.get("/site/pie/@stream/")
    assert response.status_code == 204
