"""The components of one instance, by key: those of its class and those that it added."""

import itertools
import pickle
import weakref
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory

from dashboards.component import Chart, Stat, Text
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError, UnknownComponentError
from dashboards.live import Every, OnChange, push
from dashboards.permissions import BasePermission
from tests.site.dashboards import Dynamic
from tests.unit.dashboard.support import Base


def test_key_may_equal_an_attribute_of_the_dashboard():
    names = ["name", "channel", "request", "declared", "filters", "settings", "position"]
    components = {name: Stat(value=f"value of {name}") for name in names}
    dashboard = type("Shadowing", (Base,), components)()

    assert dashboard.name == "Shadowing"
    assert dashboard.channel == "site.shadowing"
    assert dashboard.request is None
    for name in names:
        assert dashboard[name].get_value().text == f"value of {name}"


def test_unknown_key_error_lists_the_keys():
    with pytest.raises(UnknownComponentError) as raised:
        Base()["third"]

    assert str(raised.value) == "Base has no component 'third'; there are first, second."


def test_unknown_key_of_an_empty_dashboard_is_refused():
    class Bare(Dashboard):
        pass

    with pytest.raises(UnknownComponentError) as raised:
        Bare()["any"]

    assert str(raised.value) == "Bare has no component 'any'; there are none."


def test_unknown_key_error_asks_permissions_once_when_it_is_read():
    """Its text was made anew at each reading, and named other keys after the sign-in."""
    asked: list[HttpRequest] = []

    class Changing(BasePermission):
        def has_permission(self, request: HttpRequest) -> bool:
            asked.append(request)
            return True

    class Own(Dashboard):
        one = Stat(permission_classes=[Changing])

    dashboard = Own(RequestFactory().get("/"))
    with pytest.raises(UnknownComponentError) as raised:
        dashboard["other"]
    error = raised.value
    assert (error.args, asked) == (("Own has no component 'other'.",), [])

    texts = [str(error)]
    dashboard.components["two"] = Stat()
    texts.append(str(error))

    assert texts == ["Own has no component 'other'; there are one."] * 2
    assert len(asked) == 1
    assert error.args == ("Own has no component 'other'.",)


@pytest.mark.parametrize(
    "make", [copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
def test_copy_of_an_unknown_key_error_has_its_text(make: Callable[[Exception], Exception]):
    with pytest.raises(UnknownComponentError) as raised:
        Base()["third"]

    copied = make(raised.value)

    assert type(copied) is UnknownComponentError
    assert str(copied) == "Base has no component 'third'; there are first, second."
    assert copied.args == (str(copied),)


def test_unknown_key_error_is_in_no_reference_circle():
    """Templates look up many unknown keys: each error would wait for the garbage collector."""

    def ask() -> weakref.ref[UnknownComponentError] | None:
        try:
            Base()["third"]
        except UnknownComponentError as error:
            return weakref.ref(error)
        return None

    asked = ask()

    assert asked is not None
    assert asked() is None


def test_key_may_differ_from_the_attribute():
    class Renamed(Dashboard):
        attribute = Stat(value=1, key="other")

        def get_other_value(self) -> int:
            return 2

    assert list(Renamed.declared) == ["other"]
    assert Renamed()["other"].get_value().text == 2


@pytest.mark.parametrize(
    "key", ["a-b", "a b", "1st", "a.b", "a/b", "a\nb", "a\0", "", "<b>", "class"]
)
def test_invalid_key_is_refused(key: str):
    # An empty key is replaced by the name of the attribute.
    wrong = Stat(key=key) if key else Stat()
    attribute = "attribute" if key else "not an identifier"

    with pytest.raises(DeclarationError) as raised:
        type("Wrong", (Dashboard,), {attribute: wrong})

    assert str(raised.value) == (
        f"Wrong.{attribute}: the key must be a Python identifier, got {key or attribute!r}."
    )


def test_keyword_as_an_attribute_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong\.for: the key must be a Python identifier"):
        type("Wrong", (Dashboard,), {"for": Stat()})


@pytest.mark.parametrize("key", ["größe", "данные", "_private", "match", "type", "x1"])
def test_any_identifier_is_a_valid_key(key: str):
    assert list(type("Fine", (Dashboard,), {key: Stat()}).declared) == [key]  # type: ignore[attr-defined]


def test_key_used_twice_is_refused():
    with pytest.raises(DeclarationError) as raised:

        class Twice(Dashboard):
            one = Stat(key="same")
            two = Text(key="same")

    assert str(raised.value) == "Twice.two: the key 'same' is used twice in Twice."


def test_key_equal_to_another_attribute_is_refused():
    with pytest.raises(DeclarationError, match="the key 'one' is used twice in Twice"):

        class Twice(Dashboard):
            one = Stat()
            two = Stat(key="one")


@pytest.mark.parametrize(
    "live", [Every(seconds=2, delivery="per_viewer"), OnChange("auth.User", delivery="per_viewer")]
)
def test_series_per_viewer_is_refused(live: Every | OnChange):
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            speed = Chart(max_points=10, live=live, key="other")

    assert str(raised.value) == (
        "Wrong.speed: to a series points are appended for all viewers alike, so "
        f"{type(live).__name__} must have delivery='broadcast', the default, got 'per_viewer'."
    )


def test_series_with_filters_is_refused():
    """Points are the same for all viewers, so a filtered page would show unfiltered ones."""
    refusal = r"speed: .* its values cannot ask for filters: leave out max_points"
    with pytest.raises(DeclarationError, match=refusal):

        class Wrong(Dashboard):
            speed = Chart(max_points=10, live=Every(seconds=2), value=lambda filters: filters)

    with pytest.raises(DeclarationError, match=refusal):

        class WrongToo(Dashboard):
            speed = Chart(max_points=10, live=Every(seconds=2))

            def get_speed_value(self, filters: Any) -> Any:
                return filters


def test_unknown_dependent_error_lists_the_keys():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            one = Stat(dependents=("two", "three"))
            two = Stat()

    assert str(raised.value) == "Wrong.one: dependents names 'three'; there are one, two."


@pytest.mark.parametrize(
    "graph",
    [
        {"one": ["one"]},
        {"one": ["two"], "two": ["one"]},
        {"one": ["two"], "two": ["three"], "three": ["one"]},
        {"start": ["one"], "one": ["two"], "two": ["one"]},
    ],
)
def test_circular_dependents_are_refused(graph: dict[str, list[str]]):
    components = {key: Stat(dependents=dependents) for key, dependents in graph.items()}

    with pytest.raises(DeclarationError, match="Wrong: dependents go in a circle: ") as raised:
        type("Wrong", (Dashboard,), components)

    circle = str(raised.value).partition("circle: ")[2].rstrip(".").split(" → ")
    assert circle[0] == circle[-1]
    assert all(before in graph or after in graph for before, after in itertools.pairwise(circle))
    assert set(circle) <= set(graph)


def test_dependents_with_a_common_dependent_are_accepted():
    class Diamond(Dashboard):
        top = Stat(dependents=["left", "right"])
        left = Stat(dependents=["bottom"])
        right = Stat(dependents=["bottom"])
        bottom = Stat()

    assert [each.key for each in Diamond().components.get_dependencies("bottom")] == [
        "left",
        "right",
    ]


def test_dependents_may_be_inherited_components():
    class Child(Base):
        leader = Stat(dependents=("first",))

    assert [each.key for each in Child().components.get_dependencies("first")] == ["leader"]


def test_removal_of_a_dependent_is_refused():
    class Child(Base):
        leader = Stat(dependents=("first",))

    with pytest.raises(DeclarationError, match=r"Wrong\.leader: dependents names 'first'"):

        class Wrong(Child):
            first = None


@pytest.mark.django_db
def test_key_of_101_characters_is_refused():
    with pytest.raises(DeclarationError, match="the key may have 100 characters at most"):
        type("Long", (Dashboard,), {"x" * 101: Stat(live=True)})


@pytest.mark.django_db
def test_added_components_belong_to_the_instance(client: Client):
    page = client.get("/site/dynamic/").content.decode()
    staff = client.get("/site/dynamic/?as=staff").content.decode()

    assert page.index("added 2") < page.index("added 1")
    assert "only here" not in page
    assert "only here" in staff
    assert list(Dynamic.declared) == ["declared_one"]


@pytest.mark.django_db
def test_added_component_is_loaded_by_its_key(client: Client):
    address = "/site/dynamic/@component/for_staff/"

    assert "only here" in client.get(f"{address}?as=staff").content.decode()
    assert client.get(address).status_code == 404
    assert b"added and deferred" in client.get("/site/dynamic/@component/later/").content


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["dynamic_3", "dynamic_", "__init__", "%00", "k" * 5000])
def test_unknown_key_is_not_found(client: Client, key: str):
    assert client.get(f"/site/dynamic/@component/{key}/").status_code == 404


@pytest.mark.django_db
def test_added_component_is_pushed_and_streamed(client: Client):
    push(Dynamic, "dynamic_1", "pushed to it")

    stream = client.get("/site/dynamic/@stream/")

    assert stream.status_code == 200
    assert b"pushed to it" in stream.content
    assert b"only here" not in client.get("/site/dynamic/@stream/?as=staff").content


@pytest.mark.django_db
def test_push_to_a_component_of_some_requests_is_refused():
    with pytest.raises(UnknownComponentError) as raised:
        push(Dynamic, "for_staff", "x")

    assert str(raised.value) == (
        "Dynamic has no component 'for_staff'; there are declared_one, dynamic_1, dynamic_2, "
        "later, permissions."
    )


@pytest.mark.django_db
def test_template_shows_a_component_by_its_key():
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


def test_template_shows_nothing_for_a_component_called_name_that_there_is_not():
    """It showed the name of the class, which was an attribute for errors."""
    dashboard = Base(RequestFactory().get("/"))

    html = Template("{{ dashboard.components.name }}").render(Context({"dashboard": dashboard}))

    assert html == ""


@pytest.mark.django_db
def test_instance_removes_and_replaces_components():
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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "component", "message"),
    [
        ("a-b", Text(), "Own.a-b: the key must be a Python identifier, got 'a-b'."),
        ("k" * 101, Text(), "the key may have 100 characters at most."),
        ("one", "text", "Own.components['one'] must be a component, got 'text'."),
        ("one", Text(dependents=["one"]), "Own: dependents go in a circle: one → one."),
    ],
)
def test_invalid_added_component_is_refused(key: str, component: Any, message: str):
    class Own(Dashboard):
        pass

    with pytest.raises(DeclarationError) as raised:
        Own().components[key] = component

    assert str(raised.value).endswith(message)


@pytest.mark.django_db
def test_init_with_required_request_is_refused_for_computed_values():
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


@pytest.mark.django_db
def test_init_with_required_request_works_without_live_components():
    class Needs(Dashboard):
        def __init__(self, request: HttpRequest) -> None:
            super().__init__(request)
            self.components["path"] = Text(value=request.path)

        class Meta:
            app_label = "site"

    dashboard = Needs(RequestFactory().get("/here/"))
    dashboard.compute_due(deferred=True)
    assert "/here/" in dashboard.render_components()
