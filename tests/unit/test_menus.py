"""Menus: their entries for each user, and the marked one."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from dashboards.component import Text
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import RegistrationError
from dashboards.menus import registry as menus
from dashboards.menus.menu import DashboardMenu, Menu, MenuItem, make_dashboard_item
from dashboards.menus.registry import MenuRegistry, get_sections
from dashboards.menus.registry import menu_registry as discovered
from dashboards.permissions import AllowAny, IsAdminUser
from dashboards.registry import Registry
from tests.addresses import addresses

pytestmark = pytest.mark.urls(__name__)


class Open(Dashboard):
    class Meta:
        app_label = "auth"
        permission_classes = (AllowAny,)


class Closed(Dashboard):
    class Meta:
        app_label = "auth"
        permission_classes = (IsAdminUser,)


class Hidden(Dashboard):
    class Meta:
        app_label = "auth"
        permission_classes = (AllowAny,)
        include_in_menu = False


class Person(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        permission_classes = (AllowAny,)


class Seen(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        permission_classes = (AllowAny,)

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[User]:
        return User.objects.exclude(username="eve")


class Report(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        name = "Report"
        permission_classes = (AllowAny,)


urlpatterns = addresses(Open, Closed, Hidden, Person, Seen, Report)


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> MenuRegistry:
    """Registries without the classes of other tests."""
    registry, own = Registry(), MenuRegistry()
    for each in (Open, Closed, Hidden, Person):
        registry.register(each)
    monkeypatch.setattr("dashboards.menus.menu.registry", registry)
    monkeypatch.setattr(menus, "menu_registry", own)
    return own


def ask(path: str = "/auth/open/", *, staff: bool = False) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = User(username="ann", is_staff=True) if staff else AnonymousUser()
    return request


def declare(own: MenuRegistry, title: str, *items: MenuItem) -> None:
    class Declared(Menu):
        name = title

        @classmethod
        def get_items(cls, obj: Any = None) -> Sequence[MenuItem]:
            return items

    own.register(Declared)


def titles(request: HttpRequest, obj: Any = None) -> dict[str, list[str]]:
    sections = get_sections(request, obj).sections
    return {name: [item.title for item in items] for name, items in sections.items()}


def render(request: HttpRequest, **context: Any) -> str:
    context = {"request": request, "dashboard": Open(request), **context}
    return render_to_string("dashboards/menus.html", context)


def test_default_menu_has_the_permitted_dashboards_by_app():
    [(name, shown)] = titles(ask()).items()
    assert (name, shown) == ("Authentication and Authorization", ["Open"])
    assert list(titles(ask(staff=True)).values()) == [["Open", "Closed"]]


def test_model_dashboard_is_in_the_menu_of_its_object():
    person = User(pk=7, username="bob")
    sections = get_sections(ask("/auth/person/7/"), person).sections
    [item] = [item for items in sections.values() for item in items if item.title == "bob"]
    assert item.url == "/auth/person/7/"
    assert item.selected


def test_current_page_is_the_only_marked_entry(own: MenuRegistry):
    declare(
        own,
        "Main",
        MenuItem(title="Here", url="/auth/open/"),
        MenuItem(title="There", url="/auth/open/more/"),
        MenuItem(title="Group", children=[make_dashboard_item(Open)]),
    )

    request = ask()
    html = render(request)
    marked = re.findall(r'<a[^>]*href="([^"]*)"[^>]*aria-current="page"', html)
    assert set(marked) == {"/auth/open/"}
    assert get_sections(request).active == "Main"


def test_link_with_the_query_of_the_page_is_marked_first(own: MenuRegistry):
    new = MenuItem(title="New", url="/auth/open/?x=1")
    declare(
        own, "Main", MenuItem(title="All", url="/auth/open/"), MenuItem(title="x", children=[new])
    )

    def marked(path: str) -> list[str]:
        return re.findall(r'href="([^"]*)" aria-current="page"', render(ask(path)))

    assert marked("/auth/open/?x=1") == ["/auth/open/?x=1"]
    assert marked("/auth/open/") == ["/auth/open/"]
    # No link has this query, so the link to the page itself is marked.
    assert marked("/auth/open/?x=1&page=2") == ["/auth/open/"]
    [all_, group] = get_sections(ask("/auth/open/?x=1")).sections["Main"]
    assert group.open
    assert not all_.selected


@pytest.mark.django_db
def test_hidden_object_is_not_linked(
    own: MenuRegistry, django_assert_num_queries: DjangoAssertNumQueries
):
    bob, eve = User.objects.create(username="bob"), User.objects.create(username="eve")
    items = [make_dashboard_item(kind, each) for kind in (Seen, Person) for each in (bob, eve)]
    declare(own, "Main", *items)

    with django_assert_num_queries(2):  # The one that hides some is asked for each.
        assert titles(ask()) == {"Main": ["bob", "bob", "eve"]}
    with django_assert_num_queries(1):  # Its own page has found it.
        assert titles(ask(f"/auth/seen/{bob.pk}/")) == {"Main": ["bob", "bob", "eve"]}


@pytest.mark.django_db
def test_items_of_objects_have_the_texts_of_the_objects(own: MenuRegistry):
    """Regression: with a ``Meta.name`` all items had that name."""
    users = [User.objects.create(username=name) for name in ("bob", "eve")]
    declare(own, "Main", *[make_dashboard_item(Report, each) for each in users])

    assert titles(ask()) == {"Main": ["bob", "eve"]}


@pytest.mark.django_db
def test_items_of_one_dashboard_about_the_object_has_its_text_and_of_several_their_titles(
    monkeypatch: pytest.MonkeyPatch,
):
    class OfUsers(DashboardMenu):
        app_label = "auth"

    bob = User.objects.create(username="bob")

    def items(*dashboards: type[Dashboard]) -> list[str]:
        monkeypatch.setattr(OfUsers, "get_dashboards", lambda: list(dashboards))
        return [each.title for each in OfUsers.get_items(bob)]

    assert items(Open, Report) == ["Open", "bob"]
    assert items(Open, Report, Person) == ["Open", "Report: bob", "bob"]


def test_page_without_a_dashboard_has_no_skip_link(own: MenuRegistry):
    """On a page without a dashboard, "Skip to content" led to the top."""
    declare(own, "Main", MenuItem(title="There", url="/auth/open/more/"))
    assert 'href="#auth_open"' in render(ask())
    assert 'href="#' not in render(ask(), dashboard=None)


def test_external_links_are_marked_and_titles_escaped(own: MenuRegistry):
    title = "<b>Wiki</b>"

    declare(
        own,
        "Links & more",
        MenuItem(title=title, url="https://wiki.example/"),
        MenuItem(title="Mine", url=lambda request: f"/of/{request.user.is_staff}/"),
    )

    html = render(ask())
    [link] = re.findall(r'<a[^>]*href="https://wiki.example/"[^>]*>', html)
    assert "noopener" in link
    assert title not in html
    assert escape(title) in html
    assert 'href="/of/False/"' in html


def test_forbidden_entries_and_empty_groups_are_left_out(own: MenuRegistry):
    closed = [make_dashboard_item(Closed)]

    declare(
        own,
        "Main",
        MenuItem(title="Group", children=closed),
        MenuItem(title="Never", url="/x/", check_func=lambda request: False),
    )

    assert titles(ask()) == {}
    assert titles(ask(staff=True)) == {"Main": ["Group"]}
    assert titles(ask()) == {}, "nothing of staff's page is left on the shared items"
    assert vars(closed[0]) == vars(make_dashboard_item(Closed))


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
def test_bad_query_leaves_the_menu(client: Client, own: MenuRegistry):
    evil = "<script>x</script>"
    back = MenuItem(title=evil, url=lambda request: request.GET.get("back", ""))
    boards = [make_dashboard_item(each) for each in (Open, Closed)]
    declare(own, "Main", back, *boards, MenuItem(title="There", url="/there/"))

    queries = (f"back={evil}", "back=%00", "back=%FF", "back=//[", "back=http://[x]:y/")
    for query in (*queries, "a=1&" * 400, "menu=Main&="):
        response = client.get(f"/auth/open/?{query}")
        assert response.status_code == 200, query
        html = response.content.decode()
        assert 'href="/auth/open/" aria-current="page"' in html
        assert evil not in html
        assert "closed" not in html


def test_menus_of_the_older_module_name_are_discovered():
    assert [each.__name__ for each in discovered] == ["Site", "Books", "Elsewhere"]
    assert {each.__module__ for each in discovered} == {"tests.site.dashboard_menu"}


def test_menu_without_users_has_the_public_dashboards():
    request = RequestFactory().get("/auth/open/")
    assert list(titles(request).values()) == [["Open"]]


def test_menus_in_jinja2_templates():
    jinja2 = pytest.importorskip("jinja2")
    environment = jinja2.Environment(
        extensions=["dashboards.jinja2.DashboardsExtension"], autoescape=True
    )
    template = environment.from_string(
        "{% for each in dashboard_menus().sections %}{{ each }}{% endfor %}"
    )
    assert template.render(request=ask()) == "Authentication and Authorization"


def test_allows_makes_an_instance_for_overridden_methods_only():
    class Counting(Dashboard):
        made = 0

        def __init__(self, request: HttpRequest | None = None, **kwargs: Any) -> None:
            super().__init__(request, **kwargs)
            type(self).made += 1

        class Meta:
            permission_classes = (IsAdminUser,)

    class Asking(Counting):
        text = Text()

        def has_permission(self, request: HttpRequest) -> bool:
            return "text" in self.components

    assert not Counting.allows(ask())
    assert Counting.allows(ask(staff=True))
    assert Counting.made == 0
    assert Asking.allows(ask())
    assert Asking.made == 1


def test_invalid_menu_is_refused(own: MenuRegistry):
    with pytest.raises(RegistrationError, match="takes a subclass of Menu, got 'menu'"):
        own.register("menu")  # type: ignore[type-var]
    with pytest.raises(RegistrationError, match=r"Nameless\.name must say"):
        own.register(type("Nameless", (Menu,), {}))
    with pytest.raises(RegistrationError, match=r"Appless\.app_label must be"):
        own.register(type("Appless", (DashboardMenu,), {}))
    assert len(own) == 0
