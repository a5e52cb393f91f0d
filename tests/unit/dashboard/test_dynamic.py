"""Components that an instance adds to itself: served, streamed and pushed like any other."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory

from dashboards.component import Stat, Text
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError, UnknownComponentError
from dashboards.live import Every, push
from tests.site.dashboards import Dynamic

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_instance_has_its_own_and_the_class_stays_as_it_was(client: Client):
    page = client.get("/site/dynamic/").content.decode()
    staff = client.get("/site/dynamic/?as=staff").content.decode()

    assert page.index("added 2") < page.index("added 1")
    assert "only here" not in page
    assert "only here" in staff
    assert list(Dynamic.declared) == ["declared_one"]


def test_it_has_an_address_where_the_request_has_it(client: Client):
    address = "/site/dynamic/@component/for_staff/"

    assert "only here" in client.get(f"{address}?as=staff").content.decode()
    assert client.get(address).status_code == 404
    assert b"added and deferred" in client.get("/site/dynamic/@component/later/").content


@pytest.mark.parametrize("key", ["dynamic_3", "dynamic_", "__init__", "%00", "k" * 5000])
def test_what_no_instance_has_is_not_found(client: Client, key: str):
    assert client.get(f"/site/dynamic/@component/{key}/").status_code == 404


def test_it_streams_and_takes_pushes(client: Client):
    push(Dynamic, "dynamic_1", "pushed to it")

    stream = client.get("/site/dynamic/@stream/")

    assert stream.status_code == 200
    assert b"pushed to it" in stream.content
    assert b"only here" not in client.get("/site/dynamic/@stream/?as=staff").content


def test_what_only_a_request_has_cannot_be_pushed_to():
    with pytest.raises(UnknownComponentError) as raised:
        push(Dynamic, "for_staff", "x")

    assert str(raised.value) == (
        "Dynamic has no component 'for_staff'; there are declared_one, dynamic_1, dynamic_2, "
        "later, permissions."
    )


def test_a_template_shows_a_component_by_its_key():
    class Own(Dashboard):
        one = Text(value="<b>first</b>")
        items = Text(value="not a method")

        class Meta:
            app_label = "site"

    html = Template("{{ dashboard.components.one }}{{ dashboard.components.items }}{{ x }}").render(
        Context({"dashboard": Own(RequestFactory().get("/"))})
    )

    assert html.count("<section") == 2
    assert "&lt;b&gt;first&lt;/b&gt;" in html
    assert "not a method" in html


def test_a_component_can_be_taken_away_and_replaced():
    class Own(Dashboard):
        one = Text(value="declared")
        two = Text(value="declared")

        def __init__(self, request: HttpRequest | None = None) -> None:
            super().__init__(request)
            del self.components["one"]
            self.components["two"] = Stat(value="of this instance")

    assert [each.key for each in Own()] == ["two"]
    assert Own()["two"].get_value().text == "of this instance"
    assert len(Own().components) == 1
    assert isinstance(Own.declared["two"], Text)
    with pytest.raises(UnknownComponentError):
        del Own().components["one"]


@pytest.mark.parametrize(
    ("key", "component", "message"),
    [
        ("a-b", Text(), "Own.a-b: the key must be a Python identifier, got 'a-b'."),
        ("k" * 101, Text(), "the key may have 100 characters at most."),
        ("one", "text", "Own.components['one'] must be a component, got 'text'."),
        ("one", Text(dependents=["one"]), "Own: dependents go in a circle: one → one."),
    ],
)
def test_what_cannot_be_added_is_told(key: str, component: Any, message: str):
    class Own(Dashboard):
        pass

    with pytest.raises(DeclarationError) as raised:
        Own().components[key] = component

    assert str(raised.value).endswith(message)


def test_an_init_that_needs_a_request_says_so_where_there_is_none():
    class Needs(Dashboard):
        one = Text(value=lambda: "x", live=Every(seconds=60))

        def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
            super().__init__(request=request, **kwargs)
            self.components["path"] = Text(value=request.path)

        class Layout(Dashboard.Layout):
            components = ComponentLayout("path", "one")

        class Meta:
            app_label = "site"

    dashboard = Needs(RequestFactory().get("/here/"))
    with pytest.raises(DeclarationError, match=r"Needs.__init__ must work without a request, too"):
        dashboard.get_computed_values()


def test_an_init_that_needs_a_request_is_enough_where_nothing_is_live():
    class Needs(Dashboard):
        def __init__(self, request: HttpRequest) -> None:
            super().__init__(request)
            self.components["path"] = Text(value=request.path)

        class Meta:
            app_label = "site"

    dashboard = Needs(RequestFactory().get("/here/"))
    dashboard.compute_due(deferred=True)
    assert "/here/" in dashboard.render_components()
