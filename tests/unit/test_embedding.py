"""Dashboards and components inside pages of the project."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.template import Context, Template
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from dashboards import embedding
from dashboards.component import BasicTable, Form, Table, Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError, UnknownComponentError
from dashboards.live import push
from tests.site.dashboards import (
    HOSTILE,
    Drawn,
    Dynamic,
    Filtered,
    GroupBoard,
    Live,
    Mixed,
    Period,
    Staff,
)
from tests.unit.guards import request_of

ADDRESSES = ("/embedded/", "/embedded-jinja/")
"""The same page, by Django's templates and by Jinja2."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ADDRESSES)
def test_embedding_page_shows_dashboards_once(client: Client, address: str):
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    push(Mixed, open="told to all", secret="classified")
    page = client.get(address).content.decode()

    assert page.count("<h1") == page.count("<html") == 1
    assert page.count("sse-connect=") == 3, "two dashboards, and a live component alone"
    assert "Hello nobody" in page
    assert "told to all" in page
    assert "after" in page
    assert "classified" not in page
    assert len(re.findall(r"dashboards\.css", page)) == 1
    for script in ("live.js", "drawing.js", "chart.js", "tabs.js", "deferred.js"):
        assert page.count(script) == 1
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("address", ADDRESSES)
def test_bad_query_leaves_the_embedding_page(client: Client, address: str):
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    for query in ("?name=%00", "?" + "a=1&" * 300, "?open-page=%FF", f"?name={HOSTILE}"):
        page = client.get(f"{address}{query}")
        assert page.status_code == 200
        assert "<img src=x" not in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_forbidden_dashboard_or_component_is_empty():
    assert embedding.render_dashboard(Staff(), request_of()) == ""
    assert embedding.render_component(Staff(), "secret", request_of()) == ""
    staff = request_of(User(username="s", is_staff=True))
    assert "classified" in embedding.render_dashboard(Staff(), staff)
    assert embedding.render_component(Mixed(), "later", request_of()) == ""
    assert "Loading" in embedding.render_component(Mixed(), "later", staff)


@pytest.mark.django_db(transaction=True)
def test_instance_keeps_its_request():
    """The request of the instance decides about access, not that of the page."""
    staff = request_of(User(username="s", is_staff=True))

    assert "classified" in embedding.render_dashboard(Staff(staff), None)


@pytest.mark.django_db(transaction=True)
def test_components_of_one_instance_share_a_stream():
    dashboard = Live(request_of())
    html = "".join(embedding.render_component(dashboard, key) for key in ("note", "number"))

    [one, other] = re.findall(r'sse-connect="([^"]*)"', html)
    assert one == other


@pytest.mark.django_db(transaction=True)
def test_embedded_component_without_live_opens_no_stream():
    assert "sse-connect" not in embedding.render_component(Mixed(), "after", request_of())


@pytest.mark.django_db(transaction=True)
def test_dashboards_of_two_objects_have_different_ids():
    request = request_of()
    groups = [Group.objects.create(name=name) for name in ("one", "two")]
    html = "".join(embedding.render_dashboard(GroupBoard(object=each), request) for each in groups)

    ids = re.findall(r'id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert "group one" in html
    assert "group two" in html
    assert GroupBoard(object=User(pk=None)).dom_id != GroupBoard(object=groups[0]).dom_id


def rows() -> list[dict[str, str]]:
    return [{"name": "one"}, {"name": "two"}]


class Stock(Dashboard):
    orders = Table(value=rows)
    prices = BasicTable(value=rows)
    find = Form(form=Period, method="get")

    class Meta:
        app_label = "site"


class Sales(Dashboard):
    orders = Table(value=rows)
    prices = Table(value=rows)
    find = Table(value=rows)

    class Meta:
        app_label = "site"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("key", "is_refused"), [("orders", True), ("prices", False), ("find", True)]
)
def test_second_dashboard_with_the_same_parameters_is_refused(
    key: str, is_refused: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """Tables and filters of two dashboards on one page, alike in their key, had one place in its
    address: sorting the one sorted the other. The second is refused, and says which key it is."""
    pytest.importorskip("django_tables2")
    monkeypatch.setattr(Dashboard, "get_component_url", lambda self, key: f"/{key}/")
    request = request_of()
    assert embedding.render_component(Stock(), key, request)
    if not is_refused:
        assert ">one<" in embedding.render_component(Sales(), key, request)
        return
    with pytest.raises(DeclarationError) as raised:
        embedding.render_component(Sales(), key, request)
    assert str(raised.value) == (
        f"Sales.{key}: Stock.{key} is on the same page, and the parameters of both begin with "
        f"{key!r} in its URL (?{key}-…): give one of them another key."
    )
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": False}
    assert "Could not be loaded." in embedding.render_component(Sales(), key, request)
    assert ">one<" in embedding.render_component(Stock(), "prices", request)


@pytest.mark.django_db(transaction=True)
def test_instances_of_one_dashboard_share_parameters(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("django_tables2")
    monkeypatch.setattr(Dashboard, "get_component_url", lambda self, key: f"/{key}/")
    request = request_of(**{"orders-sort": "-name"})
    for html in (embedding.render_component(Stock(), "orders", request) for _ in range(2)):
        assert html.index(">two<") < html.index(">one<")


@pytest.mark.django_db(transaction=True)
def test_embedded_dashboard_has_its_filter_form():
    html = embedding.render_dashboard(Filtered(), request_of(word="ab", other="1"))

    assert '<input type="hidden" name="other" value="1">' in html
    assert "[ab]" in html


@pytest.mark.django_db(transaction=True)
def test_unknown_component_is_refused():
    with pytest.raises(UnknownComponentError, match="Mixed has no component 'nothing'"):
        embedding.render_component(Mixed(), "nothing", request_of())


@pytest.mark.django_db(transaction=True)
def test_class_or_instance_without_request_is_refused():
    given: Any = "Live"
    with pytest.raises(TypeError, match="Only an instance of a dashboard can be rendered, got 'L"):
        embedding.render_dashboard(given, request_of())
    with pytest.raises(TypeError, match=r"Live is rendered without a request: .* add django\.tem"):
        embedding.render_dashboard(Live())


@pytest.mark.django_db(transaction=True)
def test_render_component_tag_accepts_a_class():
    html = Template("{% load dashboards %}{% render_component board 'greeting' %}").render(
        Context({"board": Live, "request": request_of(name="Ann")})
    )
    assert "Hello Ann" in html


@pytest.mark.django_db(transaction=True)
def test_head_has_the_scripts_of_its_dashboards():
    class Plain(Dashboard):
        it = Text(value="x")

    head = embedding.render_head([Plain()], nonce="n0nce")

    assert "live.js" in head
    assert "chart.js" not in head
    assert 'nonce="n0nce"' in head


@pytest.mark.django_db(transaction=True)
def test_component_of_other_requests_is_empty():
    assert embedding.render_component(Dynamic(None), "for_staff", request_of()) == ""
    assert "added 1" in embedding.render_component(Dynamic(None), "dynamic_1", request_of())


@pytest.mark.django_db
def test_links_of_an_embedded_dashboard_keep_parameters_of_the_page(client: Client):
    page = client.get("/embedded/?tab=2&x=1").content.decode()

    assert "tab=2" in page or "hx-get" not in page


def test_scripts_have_the_active_zone_and_translated_words():
    with timezone.override("Asia/Tokyo"), translation.override("de"):
        html = embedding.render_scripts([Drawn(None)])
    assert 'data-dashboards-timezone="Asia/Tokyo"' in html
    words = html.split('data-dashboards-words="')[1].split('"')[0].replace("&quot;", '"')
    assert json.loads(words)["Zoom in"] == "Vergrößern"
