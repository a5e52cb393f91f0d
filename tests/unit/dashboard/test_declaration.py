"""Declaring dashboards: what the class collects, refuses, and never writes to."""

import copy
import itertools
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import Any, ClassVar, Optional

import pytest
from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from dashboards.component import (
    CTA,
    BasicTable,
    Chart,
    Component,
    Drawing,
    Form,
    Gauge,
    Map,
    Progress,
    Stat,
    Table,
    Text,
)
from dashboards.component.base import Bound
from dashboards.component.layout import Card, ComponentLayout, Div, Tab, TabContainer
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DashboardError, DeclarationError, UnknownComponentError
from dashboards.live import Every, OnChange, push
from dashboards.menus.menu import Menu, MenuItem
from dashboards.menus.registry import MenuRegistry
from dashboards.permissions import AllowAny, IsAdminUser, IsAuthenticated
from dashboards.views import ComponentsView, ComponentView, PageView
from tests.addresses import addresses
from tests.harness import as_read
from tests.unit.component.test_layout import everything, strip


class Base(Dashboard):
    # Typed so that subclasses may declare them as another kind, or take them away.
    first: Any = Stat(value=1)
    second: Any = Stat(value=2)

    class Meta:
        app_label = "site"
        name = "The base"
        permission_classes = (IsAuthenticated,)


# What the class collects.


def test_components_are_collected_in_the_order_they_were_written():
    assert list(Base.declared) == ["first", "second"]
    assert [component.key for component in Base()] == ["first", "second"]


def test_declarations_leave_the_class_so_that_nothing_can_reach_them_by_name():
    assert not hasattr(Base, "first")
    assert not hasattr(Base(), "first")


def test_what_is_no_component_stays_an_attribute():
    class Mixed(Base):
        limit = 5
        third = Stat()

    assert Mixed.limit == 5
    assert list(Mixed.declared) == ["first", "second", "third"]


def test_a_dashboard_without_components_is_a_dashboard():
    class Bare(Dashboard):
        pass

    assert dict(Bare.declared) == {}
    assert list(Bare()) == []


def test_a_component_may_be_called_like_anything_a_dashboard_has():
    names = ["name", "channel", "request", "declared", "filters", "dom_id", "position"]
    components = {name: Stat(value=f"value of {name}") for name in names}
    dashboard = type("Shadowing", (Base,), components)()

    assert dashboard.name == "Shadowing"
    assert dashboard.channel == "site.shadowing"
    assert dashboard.request is None
    for name in names:
        assert dashboard[name].get_value().text == f"value of {name}"


def test_an_unknown_component_is_told_with_those_there_are():
    with pytest.raises(UnknownComponentError) as raised:
        Base()["third"]

    assert str(raised.value) == "Base has no component 'third'; there are first, second."


def test_an_unknown_component_of_an_empty_dashboard_is_told_too():
    class Bare(Dashboard):
        pass

    with pytest.raises(UnknownComponentError) as raised:
        Bare()["any"]

    assert str(raised.value) == "Bare has no component 'any'; there are none."


# Inheritance.


def test_components_are_inherited_and_followed_by_new_ones():
    class Child(Base):
        third = Stat()

    assert list(Child.declared) == ["first", "second", "third"]
    assert list(Base.declared) == ["first", "second"]


def test_an_overriding_component_takes_its_predecessors_place():
    class Child(Base):
        first = Text(value="other")

    assert list(Child.declared) == ["first", "second"]
    assert isinstance(Child.declared["first"], Text)
    assert isinstance(Base.declared["first"], Stat)


def test_a_name_set_to_none_takes_an_inherited_component_away():
    class Child(Base):
        first = None

    assert list(Child.declared) == ["second"]
    assert list(Base.declared) == ["first", "second"]


def test_what_was_taken_away_stays_away_in_grandchildren():
    class Child(Base):
        first = None

    class Grandchild(Child):
        third = Stat()

    assert list(Grandchild.declared) == ["second", "third"]


def test_what_was_taken_away_can_be_declared_anew():
    class Child(Base):
        first = None

    class Grandchild(Child):
        first = Text()

    assert isinstance(Grandchild.declared["first"], Text)


def test_the_nearest_of_several_bases_wins():
    class Left(Base):
        first = Text()
        left = Stat()

    class Right(Base):
        right = Stat()

    class Both(Left, Right):
        pass

    assert set(Both.declared) == {"first", "second", "left", "right"}
    assert isinstance(Both.declared["first"], Text)


def test_values_come_from_methods_that_a_mixin_brings():
    class Values:
        def get_first_value(self) -> str:
            return "of the mixin"

    class Child(Values, Base):
        pass

    assert Child()["first"].get_value().text == "of the mixin"


def test_a_subclass_overrides_how_an_inherited_component_gets_its_value():
    class Child(Base):
        def get_second_value(self) -> int:
            return 22

    assert [component.get_value().text for component in Child()] == [1, 22]


# Meta.


def test_meta_is_inherited_but_for_the_name():
    class Child(Base):
        third = Stat()

    assert Child().name == "Child"
    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_a_meta_of_its_own_does_not_open_what_its_parent_guards():
    class Child(Base):
        class Meta:
            name = "The child"

    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_an_inherited_component_with_a_key_of_its_own_is_replaced_by_attribute():
    class Parent(Dashboard):
        cpu = Stat(key="processor")
        memory = Stat()

    class Replaced(Parent):
        cpu = Text(key="processor")  # type: ignore[assignment]

    class Removed(Parent):
        cpu = None  # type: ignore[assignment]

    assert type(Replaced.declared["processor"]) is Text
    assert list(Replaced.declared) == ["processor", "memory"]
    assert list(Removed.declared) == ["memory"]


def test_meta_may_extend_its_parents_meta():
    class Child(Base):
        class Meta(Base.Meta):
            name = "The child"

    assert Child().name == "The child"
    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]
    assert Base().name == "The base"


@pytest.mark.parametrize(
    ("class_name", "title"),
    [
        ("Operations", "Operations"),
        ("OperationsDashboard", "Operations"),
        ("NightShift", "Night shift"),
        ("NightShiftDashboard", "Night shift"),
        ("Dashboard", "Dashboard"),
    ],
)
def test_a_title_is_made_from_the_class_name(class_name: str, title: str):
    assert type(class_name, (Dashboard,), {})().name == title


def test_an_unknown_attribute_of_meta_is_refused_with_what_is_allowed():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                name = "fine"
                permissions = ()
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour, permissions; "
        "allowed are app_label, audience, event_channels, filter_form, include_in_menu, name, "
        "permission_classes, template_name."
    )


def test_what_only_a_dashboard_about_one_object_may_say_is_refused_elsewhere():
    """It was taken in silence, and the page had no object."""
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                model = User
                lookup_field = "username"
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta may have lookup_field, model only where Wrong is about one object: "
        "derive it from ModelDashboard."
    )


def test_a_dashboard_about_one_object_inherits_what_a_plain_one_guards():
    class Guarded(Base, ModelDashboard):
        class Meta:
            model = User

    class Child(Guarded):
        pass

    assert [type(each) for each in Guarded().get_permissions()] == [IsAuthenticated]
    assert Child.get_model() is User
    assert Child.get_lookup_kwarg() == "pk"


def test_an_unknown_attribute_of_a_meta_about_one_object_is_refused_too():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(ModelDashboard):
            class Meta:
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour; allowed are app_label, audience, event_channels, "
        "filter_form, include_in_menu, "
        "lookup_field, lookup_kwarg, model, name, permission_classes, template_name."
    )


def test_private_attributes_of_meta_are_nobodys_business():
    class Fine(Dashboard):
        class Meta:
            _note = "mine"
            name = "fine"

    assert Fine().name == "fine"


@pytest.mark.parametrize(
    "classes",
    [
        [IsAdminUser],
        (IsAdminUser,),
        ["dashboards.permissions.IsAdminUser"],
    ],
    ids=["list", "tuple", "dotted path"],
)
def test_permission_classes_are_classes_or_dotted_paths(classes: Any):
    class Guarded(Dashboard):
        class Meta:
            permission_classes = classes

    assert [type(each) for each in Guarded().get_permissions()] == [IsAdminUser]


def test_without_permission_classes_the_setting_decides_and_is_read_at_use(
    settings: Settings,
):
    class Open(Dashboard):
        pass

    assert [type(each) for each in Open().get_permissions()] == [AllowAny]

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAdminUser"]}

    assert [type(each) for each in Open().get_permissions()] == [IsAdminUser]


def test_no_permission_classes_are_not_the_setting(settings: Settings):
    class Open(Dashboard):
        class Meta:
            permission_classes = ()

    settings.DASHBOARDS = {"PERMISSION_CLASSES": [IsAdminUser]}

    assert Open().get_permissions() == []


# Keys.


def test_a_key_may_differ_from_the_attribute():
    class Renamed(Dashboard):
        attribute = Stat(value=1, key="other")

        def get_other_value(self) -> int:
            return 2

    assert list(Renamed.declared) == ["other"]
    assert Renamed()["other"].get_value().text == 2


@pytest.mark.parametrize(
    "key", ["a-b", "a b", "1st", "a.b", "a/b", "a\nb", "a\0", "", "<b>", "class"]
)
def test_a_key_must_be_an_identifier_and_no_keyword(key: str):
    # An empty key is no key: the attribute's name is taken.
    wrong = Stat(key=key) if key else Stat()
    attribute = "attribute" if key else "not an identifier"

    with pytest.raises(DeclarationError) as raised:
        type("Wrong", (Dashboard,), {attribute: wrong})

    assert str(raised.value) == (
        f"Wrong.{attribute}: the key must be a Python identifier, got {key or attribute!r}."
    )


def test_a_keyword_that_was_smuggled_in_as_an_attribute_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong\.for: the key must be a Python identifier"):
        type("Wrong", (Dashboard,), {"for": Stat()})


@pytest.mark.parametrize("key", ["größe", "данные", "_private", "match", "type", "x1"])
def test_any_identifier_is_a_key(key: str):
    assert list(type("Fine", (Dashboard,), {key: Stat()}).declared) == [key]  # type: ignore[attr-defined]


def test_a_key_used_twice_is_refused():
    with pytest.raises(DeclarationError) as raised:

        class Twice(Dashboard):
            one = Stat(key="same")
            two = Text(key="same")

    assert str(raised.value) == "Twice.two: the key 'same' is used twice in Twice."


def test_a_key_that_is_anothers_attribute_is_refused():
    with pytest.raises(DeclarationError, match="the key 'one' is used twice in Twice"):

        class Twice(Dashboard):
            one = Stat()
            two = Stat(key="one")


# Dependents.


@pytest.mark.parametrize(
    "live", [Every(seconds=2, delivery="per_viewer"), OnChange("auth.User", delivery="per_viewer")]
)
def test_a_series_that_each_page_shall_load_for_itself_is_refused(live: Every | OnChange):
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            speed = Chart(max_points=10, live=live, key="other")

    assert str(raised.value) == (
        "Wrong.speed: to a series points are appended for all viewers alike, so "
        f"{type(live).__name__} must have delivery='broadcast', the default, got 'per_viewer'."
    )


def test_a_series_whose_values_ask_for_filters_is_refused():
    """Its points are the same for all: a narrowed page would show what everybody is sent."""
    said = r"speed: .* its values cannot ask for filters: leave out max_points"
    with pytest.raises(DeclarationError, match=said):

        class Wrong(Dashboard):
            speed = Chart(max_points=10, live=Every(seconds=2), value=lambda filters: filters)

    with pytest.raises(DeclarationError, match=said):

        class WrongToo(Dashboard):
            speed = Chart(max_points=10, live=Every(seconds=2))

            def get_speed_value(self, filters: Any) -> Any:
                return filters


def test_dependents_that_do_not_exist_are_told_with_those_that_do():
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
def test_dependents_that_go_in_a_circle_are_refused(graph: dict[str, list[str]]):
    components = {key: Stat(dependents=dependents) for key, dependents in graph.items()}

    with pytest.raises(DeclarationError, match="Wrong: dependents go in a circle: ") as raised:
        type("Wrong", (Dashboard,), components)

    circle = str(raised.value).partition("circle: ")[2].rstrip(".").split(" → ")
    assert circle[0] == circle[-1]
    assert all(before in graph or after in graph for before, after in itertools.pairwise(circle))
    assert set(circle) <= set(graph)


def test_dependents_that_meet_again_are_no_circle():
    class Diamond(Dashboard):
        top = Stat(dependents=["left", "right"])
        left = Stat(dependents=["bottom"])
        right = Stat(dependents=["bottom"])
        bottom = Stat()

    assert [each.key for each in Diamond().get_dependencies("bottom")] == ["left", "right"]


def test_dependents_may_be_inherited_components():
    class Child(Base):
        leader = Stat(dependents=("first",))

    assert [each.key for each in Child().get_dependencies("first")] == ["leader"]


def test_taking_away_a_component_that_another_depends_on_is_refused():
    class Child(Base):
        leader = Stat(dependents=("first",))

    with pytest.raises(DeclarationError, match=r"Wrong\.leader: dependents names 'first'"):

        class Wrong(Child):
            first = None


def test_declaration_errors_are_errors_of_this_package():
    assert issubclass(DeclarationError, DashboardError)


# Components that users write.


@dataclass
class Badge(Stat):
    """Fields redefined the way users do, and a helper that its template calls."""

    template: str = "site/badge.html"
    poll_rate: Optional[int] = 10  # noqa: UP045 - written as users write it
    thresholds: list[int] = field(default_factory=lambda: [1, 2])

    @staticmethod
    def badge() -> str:
        return "★ <new>"


class Badges(Dashboard):
    plain = Badge(value="as declared")
    quick = Badge(value={"text": "quicker"}, poll_rate=2)
    still = Badge(value="still", poll_rate=None, thresholds=[7])

    class Meta:
        app_label = "site"


def test_a_users_dataclass_redefines_fields():
    assert [component.trigger for component in Badges()] == ["every 10s", "every 2s", ""]
    assert {component.template for component in Badges()} == {"site/badge.html"}


def test_a_users_dataclass_has_fields_of_its_own_and_shares_none_of_them():
    assert [component.thresholds for component in Badges()] == [[1, 2], [1, 2], [7]]
    assert Badges.declared["plain"].thresholds is not Badges.declared["quick"].thresholds  # type: ignore[attr-defined]


def test_a_static_method_of_a_users_dataclass_is_called_from_its_template():
    component = Badges()["quick"]

    html = component.render(component.get_value())

    assert '<b class="badge">★ &lt;new&gt;</b>' in html
    assert "<span>quicker</span>" in html


def test_a_bound_component_lacks_what_its_declaration_lacks():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = Badges()["plain"].nonsense


def test_a_component_sees_its_own_parameters_only():
    request = RequestFactory().get(
        "/", {"first-page": ["2", "3"], "second-page": "9", "first": "x", "page": "1", "first-": ""}
    )

    params = Base(request)["first"].params

    assert dict(params.lists()) == {"page": ["2", "3"], "": [""]}
    assert params["page"] == "3"
    assert Base()["first"].params == {}


def test_a_kind_may_show_its_value_as_the_request_asks_for():
    @dataclass
    class Paged(Component):
        def prepare_value(self, value: Any, bound: Bound | None = None) -> str:
            assert bound is not None
            return f"{value}, page {bound.params.get('page', '1')}"

    class Pages(Base):
        rows = Paged(value="rows")

    request = RequestFactory().get("/", {"rows-page": "7"})

    assert Pages(request)["rows"].get_value() == "rows, page 7"
    assert Pages()["rows"].prepare("pushed") == "pushed, page 1"


def test_a_bound_component_can_be_copied():
    component = Badges()["plain"]

    twin = copy.copy(component)

    assert twin is not component
    assert twin.get_value() == component.get_value()


# Nothing declared is ever written to.

_meeting = threading.Barrier(2)


def of_user(request: HttpRequest, filters: Mapping[str, Any]) -> str:
    """Return what only this user may see, when both users are in the middle of a page."""
    _meeting.wait(timeout=10)
    return f"{request.user}'s own, {filters['round']}"


def rows_of_user(request: HttpRequest, filters: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"who": of_user(request, filters)}]


def figure_of_user(request: HttpRequest, filters: Mapping[str, Any]) -> dict[str, Any]:
    return {"layout": {"title": of_user(request, filters)}, "data": []}


async def await_user(request: HttpRequest, filters: Mapping[str, Any]) -> str:
    return of_user(request, filters)


class Say(forms.Form):
    what = forms.CharField()


@dataclass
class Lines(Drawing):
    element: ClassVar[str] = "test-lines"


class Round(forms.Form):
    round = forms.IntegerField(required=False)


class Own(Dashboard):
    """Every kind of component, all with values of the user who looks."""

    stat = Stat(value=of_user, title="Stat", icon="star", css_classes="wide")
    text = Text(value=of_user, poll_rate=5, cta=CTA("/more/"))
    chart = Chart(value=figure_of_user, dependents=["text"])
    world = Map(value=figure_of_user)
    lines = Lines(value=rows_of_user)
    table = Table(value=rows_of_user)
    basic = BasicTable(value=rows_of_user)
    form = Form(
        form=Say,
        value=lambda request, filters: {"what": of_user(request, filters)},
        method="post",
        submit_url="/said/",
    )
    prose = Text(value=of_user, markup="markdown")
    awaited = Text(value=await_user)
    gauge = Gauge(value=lambda **kwargs: {"value": 5, "text": kwargs["request"].user.username})
    progress = Progress()
    badge = Badge(value=of_user)
    later = Text(defer=of_user)
    deferred = Stat(value=of_user, defer=True)
    pushed = Text(live=True)
    turning = Stat(value=lambda: "for everybody", live=Every(seconds=60))

    class Meta:
        app_label = "site"
        filter_form = Round

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Card("stat", "text", "chart", heading="Card", actions=[("/more/", "More")]),
            TabContainer(Tab("Same", "world", "lines"), Tab("Same", Div("table", "basic"))),
            *("form", "prose", "awaited", "gauge", "progress", "badge", "later", "deferred"),
            *("pushed", "turning"),
        )

    def get_progress_value(self) -> dict[str, Any]:
        assert self.request is not None
        return {"value": len(self.request.user.username), "text": self.request.user.username}


urlpatterns = addresses(Own)

VISITED = ("later", "deferred", "stat", "chart")

BELOW = MenuItem(title="Below", url="/below/")
ITEM = MenuItem(title="Shared", url=lambda request: f"/of/{request.user}/", children=[BELOW])


class Shared(Menu):
    name = "Shared"

    @classmethod
    def get_items(cls, obj: Any = None) -> Sequence[MenuItem]:
        return [ITEM]


def snapshot() -> tuple[Any, ...]:
    """Return a copy of all that is declared, down to the last list."""
    items = [{**vars(each), "children": str(each.children)} for each in (ITEM, BELOW)]
    return copy.deepcopy(dict(Own.declared)), strip(everything(Own.Layout.components)), items


def visit(name: str, rounds: int) -> list[str]:
    """Load the page and its later components as one user, over and over."""
    page, component, components = (
        view.as_view(dashboard_class=Own) for view in (PageView, ComponentView, ComponentsView)
    )
    seen = []
    for turn in range(rounds):
        request = RequestFactory().get("/", {"round": str(turn)})
        request.user = User(username=name)
        responses: list[Any] = [page(request)]
        responses += [component(request, key=key) for key in VISITED]
        # None of those that wait for the other user: what is slow is left out of a batch.
        responses += [components(request, keys="gauge,progress")]
        assert responses[-1].content.count(f">{name}<".encode()) == 2
        seen.append(as_read(unescape(b"".join(each.content for each in responses).decode())))
    return seen


@pytest.mark.urls(__name__)
def test_declarations_are_never_written_to_and_nobody_sees_anothers_values(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}},
        # The value for everybody is on each page, however busy the machine is.
        "PAGE_WAIT_SECONDS": 20,
    }
    registry = MenuRegistry()
    registry.register(Shared)
    monkeypatch.setattr("dashboards.menus.registry.menu_registry", registry)
    before, rounds, users = snapshot(), 100, ("alice-of-sales", "bob-of-support")
    push(Own, "pushed", "for all")

    with ThreadPoolExecutor(2) as threads:
        seen = dict(zip(users, threads.map(visit, users, [rounds, rounds]), strict=True))

    assert snapshot() == before
    for user, other in (users, users[::-1]):
        assert len(seen[user]) == rounds
        for turn, page in enumerate(seen[user]):
            assert other not in page
            # Eleven on the page; later, deferred, stat and chart alone.
            assert page.count(f"{user}'s own, {turn}") == 15
            assert page.count(f"'s own, {turn}") == 15
            assert "for all" in page
            assert "for everybody" in page
            assert f'href="/of/{user}/"' in page
            assert f'name="round" value="{turn}"' in page


def test_a_mutable_value_is_shown_and_left_alone():
    figure = {"data": [{"y": [3, 1, 2]}], "layout": {"title": "</script>"}}

    class Shared(Dashboard):
        chart = Chart(value=figure)
        stat = Stat(value={"text": "<b>", "sub_text": None})

    before = copy.deepcopy(dict(Shared.declared))

    for component in Shared():
        component.render(component.get_value())

    assert dict(Shared.declared) == before


def test_what_is_declared_cannot_be_replaced():
    with pytest.raises(TypeError, match="does not support item assignment"):
        Base.declared["first"] = Stat()  # type: ignore[index]


def test_instances_keep_apart_what_belongs_to_them():
    one, other = Base(object="one"), Base(object="other")

    assert (one.object, other.object) == ("one", "other")
    assert one["first"] is not other["first"]
    assert one["first"] is one["first"]


# An instance without a request, and where things are found.


def test_an_unbound_dashboard_has_no_filters():
    assert Base().filters == {}


def test_filters_are_what_the_page_was_asked_for():
    request = RequestFactory().get("/", {"year": "2024", "q": "<x>"})

    assert Base(request).filters == {"year": "2024", "q": "<x>"}


def test_scripts_are_named_once_however_many_components_need_them():
    class Charts(Base):
        one = Chart()
        two = Chart()

    assert Charts().scripts == list(Chart.scripts)
    assert len(set(Chart.scripts)) == len(Chart.scripts) > 1
    assert Base().scripts == []


def test_a_dashboard_that_is_not_live_reads_no_store(
    django_assert_num_queries: DjangoAssertNumQueries, db: None
):
    with django_assert_num_queries(0):
        assert Base().position is None
        assert Base().is_live is False
        assert Base().render_content("first") is not None
