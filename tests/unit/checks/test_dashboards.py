"""System checks of registered dashboards and menus."""

import pytest
from django.core.checks import Warning  # noqa: A004
from pytest_django import Settings

from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import MenuRegistry
from dashboards.registry import Registry
from tests.unit.checks.support import found


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
