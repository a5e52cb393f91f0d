"""Code of the project that raises: only its own box or entry fails."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from django.utils.functional import lazy
from pytest_django import Settings

from dashboards.component import CTA, Chart, Component, Form, Gauge, Progress, Stat, Table, Text
from dashboards.component.errors import catch_errors, is_under_test
from dashboards.component.layout import Card, ComponentLayout, Header
from dashboards.component.stat import StatSerializer
from dashboards.dashboard import Dashboard
from dashboards.menus.menu import Menu, MenuItem
from dashboards.menus.registry import MenuRegistry, get_sections
from dashboards.permissions import BasePermission
from tests.addresses import addresses
from tests.unit.component.failing import (
    FAILED,
    BrokenError,
    Later,
    configure,
    declare,
    fail,
    page,
    state_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


async def fail_later() -> Any:
    return fail()


async def find_later() -> str:
    await asyncio.sleep(0)
    return "found later"


def find_nothing() -> Any:
    raise Http404


def deny() -> Any:
    raise PermissionDenied


def recur() -> Any:
    return recur()


def yield_badly() -> Iterator[Any]:
    yield {"a": 1}
    fail()


class Unprintable:
    """Its text raises."""

    def __str__(self) -> str:
        return str(fail())


class Lost:
    """Its URL raises."""

    def get_absolute_url(self) -> str:
        return str(fail())


@dataclass
class Untemplated(Component):
    """Its template is missing."""

    template: str = "site/there_is_no_such.html"


@dataclass
class Scriptless(Text):
    """Its list of scripts raises."""

    @property
    def scripts(self) -> Any:  # type: ignore[override]
        return fail()


class Uncounted(StatSerializer):
    """Its queryset raises."""

    def get_queryset(self, *_args: Any, **_kwargs: Any) -> Any:
        return fail()


class BadForm(forms.Form):
    """Its constructor raises."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        fail()


class BadPermission(BasePermission):
    """Its check raises."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(fail())


BAD: Any = Unprintable()


VALUES: dict[str, Component] = {
    "value": Text(value=fail),
    "awaited": Text(value=fail_later),
    "not_found": Text(value=find_nothing),
    "denied": Stat(value=deny),
    "recursion": Stat(value=recur),
    "template": Untemplated(value=1),
    "text": Text(value=BAD),
    "figure": Stat(value=BAD),
    "cell": Table(value=[{"a": BAD}]),
    "rows": Table(value=yield_badly),
    "serializer": Stat(value=Uncounted),
    "form": Form(form=BadForm),
    "chart": Chart(value="no figure"),
    "gauge": Gauge(value="high"),
    "progress": Progress(value=object()),
}


PARTS: dict[str, Component] = {
    "title": Text(value="x", title=BAD),
    "css": Text(value="x", css_classes={"box": BAD}),
    "grid": Text(value="x", grid_css_classes=lazy(fail, str)()),
    "icon": Text(value="x", icon=BAD),
    "link": Text(value="x", cta=CTA(fail)),
    "link_object": Text(value="x", cta=CTA(Lost())),
    "link_text": Text(value="x", cta=CTA("/", BAD)),
    "menu": Text(value="x", menu=[CTA(fail)]),
    "scripted": Scriptless(value="x"),
}


Broken = declare("Broken", **VALUES)


Dressed = declare("Dressed", **PARTS)


Hidden = declare("Hidden", secret=Text(value="secret", permission_classes=[BadPermission]))


Led = declare(
    "Led",
    form=Form(form=BadForm, method="get", dependents=("led",)),
    led=Text(value=lambda filters: f"of {filters}"),
)


Narrowed = declare(
    "Narrowed", it=Text(value=lambda filters: f"of {filters}"), Meta={"filter_form": BadForm}
)


def fail_unfit() -> Any:
    msg = "no such sensor \udcff"
    raise OSError(msg)


Sized = declare(
    "Sized",
    large=Text(value=lambda: "x" * 2_000_001),
    loaded=Text(defer=lambda: "x" * 2_000_001),
    unfit=Text(value="a\udcffb", title="t\udcff"),
    unfit_later=Text(defer=lambda: "a\udcffb"),
    unfit_error=Text(defer=fail_unfit),
)


class Named(Dashboard):
    """Its name raises."""

    first = Text(value="the first")

    class Meta:
        """In the test site."""

        app_label = "site"

    @property
    def name(self) -> str:
        return str(fail())


urlpatterns = addresses(Broken, Dressed, Hidden, Later, Led, Narrowed, Named, Sized)


@pytest.fixture(autouse=True)
def _as_served(settings: Settings) -> None:
    """Let values that raise fail in their box, as on a server."""
    memory = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
    configure(settings, STORES={"default": memory}, RAISE_VALUE_ERRORS=False)


def reports(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    """Return dashboard, key and part of each logged failure."""
    return [
        (each.__dict__["dashboard"], each.__dict__["key"], each.__dict__["part"])
        for each in caplog.records
        if getattr(each, "event", "") == "value_failed"
    ]


@pytest.mark.parametrize(("name", "broken"), [("Broken", VALUES), ("Dressed", PARTS)])
def test_failing_component_costs_only_its_box(
    client: Client, caplog: pytest.LogCaptureFixture, name: str, broken: dict[str, Component]
):
    """A plain value, a template or a title that raised made the whole page a 500. Now its own box
    says that it has failed, and the log says it once."""
    html = page(client, name.lower())

    failed = {
        key
        for key in broken
        if state_of(html, key).startswith('<span class="dashboards-is-failed"')
    }
    assert failed == set(broken)
    assert "the first" in html
    assert "the last" in html
    assert Counter(each[:2] for each in reports(caplog)) == Counter((name, key) for key in broken)


def test_failure_is_logged_with_traceback_and_hidden_on_the_page(
    client: Client, caplog: pytest.LogCaptureFixture
):
    html = page(client, "later")

    [record] = [each for each in caplog.records if each.__dict__.get("key") == "polled"]
    assert record.name == "dashboards"
    assert record.getMessage() == "The value of Later.polled failed."
    assert record.exc_info
    assert record.exc_info[0] is BrokenError
    assert "no sensor" not in html


def test_failing_title_class_or_link_leaves_the_value(client: Client):
    html = page(client, "dressed")

    for key in ("title", "css", "grid", "icon", "link", "link_object", "link_text"):
        box = html.split(f'id="site_dressed-{key}-content"')[1].split("</section>")[0]
        assert '<div class="dashboards-text">x</div>' in box


def test_failing_title_is_replaced_by_the_key(client: Client):
    assert 'id="site_dressed-title-title">Title</h2>' in page(client, "dressed")


def test_failing_permission_refuses(client: Client, caplog: pytest.LogCaptureFixture):
    """A component's permission class raised, and the page was a 500. It must not be let in either:
    the component is not there."""
    html = page(client, "hidden")

    assert "secret" not in html
    assert "the last" in html
    assert client.get("/site/hidden/@component/secret/").status_code == 404
    assert set(reports(caplog)) == {("Hidden", "secret", "permission")}


def test_failing_name_is_replaced_by_the_class_name(client: Client):
    html = page(client, "named")

    assert "<title>Named</title>" in html
    assert "the first" in html


def test_failing_form_leaves_its_dependents(client: Client):
    html = page(client, "led")

    assert state_of(html, "form").startswith('<span class="dashboards-is-failed"')
    assert "of {}" in html


def test_failing_filter_form_leaves_the_page(client: Client):
    html = client.get("/site/narrowed/?q=1").content.decode()

    assert f'<p class="dashboards-state">{FAILED}</p>' in html
    assert "of {}" in html, "nothing that nobody has cleaned"


def test_failing_layout_object_leaves_the_components_inside():
    """A card with a footer that cannot be written took the page with it. Now the components inside
    are shown without it."""

    class Board(Dashboard):
        first = Text(value="the first")
        inside = Text(value="inside")

        class Layout:
            components = ComponentLayout("first", Card("inside", footer=BAD), Header(BAD))

        class Meta:
            app_label = "site"

    html = str(Board(RequestFactory().get("/")).render_components())

    assert "the first" in html
    assert html.count(">inside<") == 1
    assert html.count(FAILED) == 2


def test_failing_layout_leaves_the_components():
    class Whole(ComponentLayout):
        """A layout of the project."""

    class Board(Dashboard):
        first = Text(value="the first")

        class Layout:
            components = Whole("first")

        class Meta:
            app_label = "site"

    # They are replaced after the declaration, where the exception would be raised.
    for name in ("render", "get_scripts", "get_keys"):
        setattr(Whole, name, fail)
    board = Board(RequestFactory().get("/"))

    assert "the first" in board.render_components()
    assert board.scripts == []


async def cancel_itself() -> None:
    raise asyncio.CancelledError


def test_cancelled_value_costs_only_its_box(caplog: pytest.LogCaptureFixture):
    """A value was cancelled by a library that it used, and the page was a 500."""
    board = declare("Cancelled", it=Text(value=cancel_itself), other=Text(value=find_later))
    html = str(board(RequestFactory().get("/")).render_components())

    assert state_of(html, "it") == FAILED
    assert "found later" in html
    assert "The value was cancelled by what it awaits." in caplog.text


def test_failing_menu_entry_is_left_out(monkeypatch: pytest.MonkeyPatch):
    """A check that raised, or a title that cannot be written, took every page with a menu with it.
    Now it costs its own entry, and a menu that raises itself."""
    registry = MenuRegistry()
    monkeypatch.setattr("dashboards.menus.registry.menu_registry", registry)

    @registry.register
    class Good(Menu):
        name = "Good"

        @classmethod
        def get_items(cls, obj: Any = None) -> list[MenuItem]:
            return [
                MenuItem(title="Here", url="/here/"),
                MenuItem(title="Checked", url="/", check_func=fail),
                MenuItem(title=BAD, url="/"),
                MenuItem(title="Led", url=fail),
                MenuItem(title="Above", url="/above/", children=fail),
            ]

    @registry.register
    class Bad(Menu):
        name = "Bad"

        @classmethod
        def get_items(cls, obj: Any = None) -> list[MenuItem]:
            return fail()  # type: ignore[no-any-return]

    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    sections = get_sections(request).sections

    assert {name: [each.title for each in items] for name, items in sections.items()} == {
        "Good": ["Here"]
    }


def test_failing_query_in_a_transaction_costs_only_its_box(settings: Settings, client: Client):
    """With ``ATOMIC_REQUESTS`` a failed query ends the transaction, and every later query of the
    page failed with it. Each value runs in a savepoint of its own."""

    def break_transaction() -> None:
        User.objects.create(username="twice")
        User.objects.create(username="twice")

    class Board(Dashboard):
        bad = Text(value=break_transaction)
        good = Text(value=lambda: f"{User.objects.count()} users")

        class Meta:
            app_label = "site"

    assert connection.in_atomic_block, "as this test is"
    html = str(Board(RequestFactory().get("/")).render_components())

    assert state_of(html, "bad") == FAILED
    assert "0 users" in html


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_exceptions_of_process_exit_pass(error: type[BaseException]):
    def end() -> None:
        raise error

    with pytest.raises(error):
        catch_errors(end, dashboard="Board", part="value")


def test_debug_shows_the_last_line_of_the_error(settings: Settings, client: Client):
    settings.DEBUG = True
    html = page(client, "later")

    assert "<code>tests.unit.component.failing.BrokenError: no sensor &lt;script&gt;" in state_of(
        html, "polled"
    )
    assert "<script>document.title" not in html


@pytest.mark.parametrize(
    ("is_staff", "setting", "is_shown"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_error_is_shown_to_staff_with_the_setting_only(
    settings: Settings, client: Client, *, is_staff: bool, setting: bool, is_shown: bool
):
    configure(settings, SHOW_ERRORS_TO_STAFF=setting)
    client.force_login(User.objects.create(username="ann", is_staff=is_staff))

    assert ("no sensor" in page(client, "later")) is is_shown
    assert "no sensor" not in page(Client(), "later")


def test_errors_are_raised_while_tests_run(settings: Settings, client: Client):
    """By default, tests of a project see the exceptions of its values."""
    configure(settings, RAISE_VALUE_ERRORS=None)

    assert is_under_test()
    with pytest.raises(BrokenError, match="no sensor"):
        client.get("/site/later/")


def test_too_large_value_costs_only_its_box(client: Client, caplog: pytest.LogCaptureFixture):
    """A page was sent whatever a value made, fifty megabytes too. The box refuses it, and the log
    says the limit and the setting."""
    html = page(client, "sized")

    assert state_of(html, "large") == FAILED
    assert client.get("/site/sized/@component/loaded/").status_code == 204
    assert "at most 2,000,000 are stored and sent to pages" in caplog.text
    assert "DASHBOARDS['MAX_FRAME_BYTES']" in caplog.text


def test_text_with_a_lone_surrogate_is_shown_with_a_replacement(client: Client):
    """File names may have lone surrogates, which UTF-8 cannot encode: the page was a 500."""
    html = page(client, "sized")

    assert "a\ufffdb" in html
    assert 'id="site_sized-unfit-title">t\ufffd</h2>' in html
    assert "a\ufffdb" in client.get("/site/sized/@component/unfit_later/").content.decode()


def test_error_with_a_lone_surrogate_is_shown_with_a_replacement(
    settings: Settings, client: Client, caplog: pytest.LogCaptureFixture
):
    settings.DEBUG = True
    # A worker of pytest-xdist cannot report a log with a lone surrogate.
    caplog.set_level("CRITICAL", "dashboards")
    state = client.get("/site/sized/@component/unfit_error/")["Dashboards-State"]

    assert "no such sensor \ufffd" in unquote(state)
