"""Menus: declared as the older package documents it, shown to those who may go there."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils.translation import gettext_lazy
from jinja2 import Environment

from dashboards.component import Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import RegistrationError
from dashboards.menus import registry as registry_module
from dashboards.menus.menu import DashboardMenu, Menu, MenuItem, make_dashboard_item
from dashboards.menus.registry import MenuRegistry, Sections, get_sections
from dashboards.permissions import IsAdminUser
from tests.books.dashboards import AuthorDesk, Desk, Vault
from tests.books.models import Author

pytestmark = pytest.mark.django_db


@pytest.fixture
def menus(monkeypatch: pytest.MonkeyPatch) -> MenuRegistry:
    menus = MenuRegistry()
    monkeypatch.setattr(registry_module, "menu_registry", menus)
    return menus


def ask(path: str = "/books/desk/", *, is_staff: bool = False) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(is_staff=is_staff) if is_staff else AnonymousUser()  # type: ignore[assignment]
    return request


def titles(shown: Sections) -> dict[str, list[str]]:
    return {name: [str(each) for each in items] for name, items in shown.sections.items()}


def is_boss(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_staff", False))


def test_menus_as_documented(menus: MenuRegistry):
    @menus.register
    class ExampleMenu(Menu):
        name = "Example Menu"

        @classmethod
        def get_items(cls, obj: Any = None):
            return [
                MenuItem(title="Login", url="/login/"),
                MenuItem(title="Top", url="/top/", children=[MenuItem(title="Sub", url="/1/")]),
                MenuItem(title="Boss Page", url="/boss/", check_func=is_boss),
            ]

    @menus.register
    class BossMenu(Menu):
        name = "Boss Only"

        @classmethod
        def get_items(cls, obj: Any = None):
            return [MenuItem(title="Boss Page", url="/boss/", check_func=is_boss)]

    @menus.register
    class Nothing(Menu):
        name = "Nothing"

        @classmethod
        def get_items(cls, obj: Any = None):
            return None

    assert titles(get_sections(ask())) == {"Example Menu": ["Login", "Top"]}
    shown = get_sections(ask("/1/", is_staff=True))
    assert titles(shown) == {
        "Example Menu": ["Login", "Top", "Boss Page"],
        "Boss Only": ["Boss Page"],
    }
    assert shown.active == "Example Menu"
    top = shown.sections["Example Menu"][1]
    assert top.open
    assert not top.selected
    assert top.children[0].selected
    assert get_sections(None) == Sections()


def test_where_items_lead_and_what_becomes_of_headings(menus: MenuRegistry):
    shared = MenuItem(title=gettext_lazy("Monday"), url="books")
    nobody = MenuItem(title="x", url="/x/", check_func=lambda request: False)

    @menus.register
    class Links(Menu):
        name = "Links"

        @classmethod
        def get_items(cls, obj: Any = None, request: HttpRequest | None = None):
            return [
                shared,
                MenuItem(title="View", url="dashboards:books_desk"),
                MenuItem(title="Here", url=lambda request: request.path),
                MenuItem(title="Other", url="https://other.example/books/desk/"),
                MenuItem(title="Own", url="http://testserver/books/desk/#top"),
                MenuItem(title="Mail", url="mailto:a@b.example"),
                MenuItem(title="Heading", children=lambda request: [nobody]),
                MenuItem(title="Heading 2", children=lambda request: [nobody, shared]),
                MenuItem(title="<b>", url='"><script>'),
            ]

    before = vars(shared).copy()
    items = {each.title: each for each in get_sections(ask()).sections["Links"]}
    assert "Heading" not in items
    assert [each.title for each in items["Heading 2"].children] == ["Monday"]
    assert items["View"].url == "/books/desk/"
    selected = {title for title, each in items.items() if each.selected}
    assert selected == {"View", "Here", "Own"}
    assert [title for title, each in items.items() if each.is_external] == ["Other"]
    assert vars(shared) == before
    html = Client().get("/books/desk/").content.decode()
    assert html.count('aria-current="page"') == 3
    assert 'href="https://other.example/books/desk/" target="_blank" rel="noopener"' in html
    assert "&lt;b&gt;" in html
    assert '"><script>' not in html


def test_dashboards_follow_permissions_and_object(menus: MenuRegistry):
    @menus.register
    class BooksMenu(DashboardMenu):
        name = "Books"
        app_label = "books"

    ann = Author.objects.create(name="Ann")
    assert titles(get_sections(ask())) == {"Books": ["Shelf", "Ticking", "Desk"]}
    assert "Vault" in titles(get_sections(ask(is_staff=True)))["Books"]
    assert "Ann" in titles(get_sections(ask(), ann))["Books"]
    url = f"/books/authordesk/{ann.pk}/"
    assert f'href="{url}" aria-current="page"' in Client().get(url).content.decode()
    item = make_dashboard_item(AuthorDesk, ann, title="Hers")
    assert (item.title, item.url) == ("Hers", url)
    assert make_dashboard_item(Vault).bind(ask()) is None


def test_without_a_menu_each_app_has_a_section(menus: MenuRegistry, django_assert_num_queries: Any):
    with django_assert_num_queries(0):
        shown = get_sections(ask())
    assert {"Books", "Site"} <= set(shown.sections)
    assert shown.active == "Books"


def test_an_instance_is_made_only_for_methods_of_ones_own():
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
    assert Counting.allows(ask(is_staff=True))
    assert Counting.made == 0
    assert Asking.allows(ask())
    assert Asking.made == 1


def test_in_templates_of_ones_own(menus: MenuRegistry):
    text = (
        "{% load dashboards %}{% dashboard_menus %}{% for section, items in sections.items %}"
        "{% if section == active_section %}*{% endif %}{{ section }}:"
        "{% for item in items %}{{ item.title }}{% if item.selected %}!{% endif %} {% endfor %}"
        "{% endfor %}"
    )
    html = Template(text).render(Context({"request": ask(), "dashboard": Desk()}))
    assert "*Books:" in html
    assert "Desk! " in html
    environment = Environment(extensions=["dashboards.jinja2.DashboardsExtension"], autoescape=True)
    template = environment.from_string("{{ dashboard_menus().active }}")
    assert template.render(request=ask()) == "Books"


def test_what_is_no_menu_is_refused(menus: MenuRegistry):
    class Nameless(Menu):
        pass

    class Homeless(DashboardMenu):
        name = "x"

    for menu, told in (
        (Desk, "takes a subclass of Menu, got"),
        (Nameless, "Nameless.name must say what the menu is called."),
        (Homeless, "Homeless.app_label must be the label of an app"),
    ):
        with pytest.raises(RegistrationError) as raised:
            menus.register(menu)  # type: ignore[type-var]
        assert told in str(raised.value)
    assert not len(menus)
