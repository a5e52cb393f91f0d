"""System checks of registered dashboards and menus."""

import pytest
from django.core.checks import Warning  # noqa: A004
from pytest_django import Settings

from dashboards.dashboard import Dashboard
from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import MenuRegistry
from dashboards.permissions import BasePermission
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
