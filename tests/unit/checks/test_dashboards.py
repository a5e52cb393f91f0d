"""System checks of registered dashboards and menus."""

from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from pytest_django import Settings

import dashboards
from dashboards.checks.dashboards import check_login
from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import MenuRegistry
from dashboards.permissions import AllowAny, BasePermission, IsAuthenticated
from dashboards.registry import Registry
from tests.unit.checks.support import found, found_by_id


def test_w007_registered_dashboard_without_url(settings: Settings):
    settings.ROOT_URLCONF = "tests.no_urls"

    assert found() == [
        Warning(
            "Live is registered, but no address leads to it.",
            hint='Add path("dashboards/", include("dashboards.urls")) to your URLs.',
            id="dashboards.W007",
        )
    ]


def test_urls_of_a_package_that_is_not_installed_are_refused(monkeypatch: pytest.MonkeyPatch):
    """No check of the package runs then, and each page was 404."""
    monkeypatch.setattr(apps, "is_installed", "shop".__eq__)

    with pytest.raises(ImproperlyConfigured, match='add "dashboards" to INSTALLED_APPS'):
        run_path(str(Path(dashboards.__file__).with_name("urls.py")), run_name="dashboards.urls")


def test_w007_absent_without_dashboards(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    settings.ROOT_URLCONF = "tests.no_urls"
    monkeypatch.setattr("dashboards.checks.dashboards.registry", Registry())

    assert found() == []


def test_w019_login_url_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch):
    """Regression: a wrong name of the login's view was found by no check. Each request that the
    permission class refused was answered 500."""
    registry = Registry()
    monkeypatch.setattr("dashboards.checks.dashboards.registry", registry)
    for url in ("/login/", "https://login.example/", "dashboards:index", "nowhere"):
        permission = type(f"Is{len(registry)}", (BasePermission,), {"login_url": url})
        meta = type("Meta", (), {"app_label": "auth", "permission_classes": [permission]})
        registry.register(type(f"Board{len(registry)}", (Dashboard,), {"Meta": meta}))

    [message] = found_by_id("dashboards.W019")

    assert message.msg.endswith(
        "Is3.login_url is 'nowhere', and no view has this name: a request that it refuses is "
        "answered 500."
    )


def test_w019_login_url_of_a_combined_class(monkeypatch: pytest.MonkeyPatch):
    """The parts of ``A & B`` answer, and were not looked at. ``A`` of ``~A`` never answers."""

    class Lost(BasePermission):
        login_url = "nowhere"

    class Unused(BasePermission):
        login_url = "nowhere, too"

    class Board(Dashboard):
        class Meta:
            app_label = "auth"
            permission_classes = (AllowAny & (Lost | ~Unused), ~Unused)

    registry = Registry()
    registry.register(Board)
    monkeypatch.setattr("dashboards.checks.dashboards.registry", registry)

    [message] = found_by_id("dashboards.W019")

    assert "Lost.login_url is 'nowhere'" in message.msg


@pytest.mark.parametrize("login_url", ["/accounts/login/", "login"])
def test_w086_dashboard_that_redirects_to_a_missing_login(settings: Settings, login_url: str):
    settings.LOGIN_URL = login_url

    [message] = found()

    assert message.id == "dashboards.W086"
    assert message.msg.endswith(
        " redirects viewers who are not signed in to LOGIN_URL, and there is no page at "
        f"{login_url!r}."
    )


@pytest.mark.parametrize("login_url", ["https://login.example.com/", "/login/?by=mail"])
def test_w086_absent_with_a_login_of_the_project_or_elsewhere(settings: Settings, login_url: str):
    settings.LOGIN_URL = login_url

    assert found() == []


class Own(IsAuthenticated):
    """Answers in its own way."""


class Elsewhere(Dashboard):
    class Meta:
        app_label = "auth"
        permission_classes = (Own, AllowAny)


class Signed(Dashboard):
    class Meta:
        app_label = "auth"
        permission_classes = (IsAuthenticated,)


class Mine(Dashboard):
    class Meta:
        app_label = "auth"
        audience = "user"


class Both(Dashboard):
    """Each part of ``&`` may answer, and the first part of ``|``."""

    class Meta:
        app_label = "auth"
        permission_classes = (AllowAny & (IsAuthenticated | Own),)


class Signless(Dashboard):
    """``~`` refuses only users who are signed in."""

    class Meta:
        app_label = "auth"
        permission_classes = (~IsAuthenticated,)


@pytest.mark.parametrize(
    ("dashboard", "reported"),
    [(Elsewhere, False), (Signed, True), (Mine, True), (Both, True), (Signless, False)],
)
def test_w086_names_only_a_dashboard_for_signed_in_users(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    dashboard: type[Dashboard],
    reported: bool,
):
    settings.LOGIN_URL = "/accounts/login/"
    own = Registry()
    own.register(dashboard)
    monkeypatch.setattr("dashboards.checks.dashboards.registry", own)
    monkeypatch.setattr("dashboards.checks.dashboards.check_urls", list)

    named = [each.msg.partition(" ")[0] for each in check_login()]

    assert named == [dashboard.__name__] * reported


def test_w015_menu_of_an_unknown_app(monkeypatch: pytest.MonkeyPatch):
    own = MenuRegistry()
    monkeypatch.setattr("dashboards.checks.dashboards.menu_registry", own)

    @own.register
    class Shop(DashboardMenu):
        app_label = "shop"

    class Fine(DashboardMenu):
        app_label = "auth"

    own.register(Fine)
    [message] = found()
    assert message.id == "dashboards.W015"
    assert message.msg.endswith(
        "Shop.app_label is 'shop', and there is no such app: the menu is never shown."
    )
    assert message.hint is not None
    assert message.hint.startswith("Dashboards are registered for '")


class NeedsOrders(BasePermission):
    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return request.user.has_perm(kwargs["dashboard"].permission_required)


@pytest.mark.parametrize("name", ["permission_required", "has_object_permission", "dispatch"])
def test_e054_attribute_that_only_views_have(monkeypatch: pytest.MonkeyPatch, name: str):
    """Regression: it was ignored without a word. Everybody who was signed in got the page."""
    registry = Registry()
    monkeypatch.setattr("dashboards.checks.dashboards.registry", registry)
    mixin = type("Mixin", (), {name: "shop.view_order"})
    registry.register(type("Board", (mixin, Dashboard), {}))
    [message] = found_by_id("dashboards.E054")
    assert message.msg == f"Board.{name} refuses nobody, unless code of yours reads it."


@pytest.mark.parametrize(
    "attributes",
    [
        {"Meta": type("Meta", (), {"permission_classes": [~(AllowAny & ~NeedsOrders)]})},
        {"orders": Stat(permission_classes=[NeedsOrders])},
        {"has_permission": lambda self, request: self.permission_required == ""},
        {"permission_required": None},
        {"permission_required": Stat()},
    ],
    ids=["permission class", "of a component", "method", "None", "component"],
)
def test_e054_absent_where_code_of_the_project_may_read_the_attribute(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, Any]
):
    registry = Registry()
    monkeypatch.setattr("dashboards.checks.dashboards.registry", registry)
    registry.register(
        type("Board", (Dashboard,), {"permission_required": "shop.view_order", **attributes})
    )
    assert not found_by_id("dashboards.E054")
    assert not found_by_id("dashboards.E009")
