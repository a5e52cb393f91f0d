"""The pages of docs/howto about live values and what surrounds them: what they show is executed."""

import re
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from dashboards.component import Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.permissions import BasePermission, IsAdminUser, IsAuthenticated
from dashboards.registry import Registry
from tests.books.models import Author, Book

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
FACTORY = RequestFactory()

pytestmark = pytest.mark.django_db


def blocks(page: str, language: str = "python") -> list[str]:
    return re.findall(rf"```{re.escape(language)}\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.registry.registry", Registry())
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    monkeypatch.setattr(Dashboard, "get_component_url", lambda self, key: f"/{key}/")
    for name in ("get_absolute_url", "get_batch_url", "get_stream_url"):
        monkeypatch.setattr(Dashboard, name, lambda self: "/")


def execute(page: str, **names: Any) -> dict[str, Any]:
    names["__name__"] = "books.dashboards"
    for block in blocks(page):
        # The page's project has models of its own.
        exec(re.sub(r'"shop\.\w+"', '"books.Book"', block), names)
    return names


def test_page_about_live_values_pushes_what_it_says():
    user = User.objects.create(username="ann")
    names = execute(
        "live.md",
        Order=Book,
        Customer=Author,
        customer=Author.objects.create(name="Ann"),
        user=user,
        queue_length=lambda: 3,
        revenue_figure=lambda: {"data": []},
        unread_of=lambda user: f"unread of {user}",
        offers_for=lambda user: f"offers for {user}",
        balance_of=lambda object: f"balance of {object.name}",  # noqa: A006
    )

    request = FACTORY.get("/")
    request.user = user
    assert ">12<" in str(names["Operations"](request)["orders"])
    assert "Copying" in str(names["Operations"](request)["deploy"])
    assert "19.8" in str(names["Sensors"](request)["temperature"])
    assert "unread of ann" in str(names["Inbox"](request)["unread"])
    assert "40" in str(names["Mine"](request, user=user)["export"])
    assert "12" in str(names["CustomerBoard"](request, object=names["customer"])["balance"])


def test_page_about_filters_narrows_its_dashboard():
    names = execute(
        "filters.md",
        forms=forms,
        YEARS=[(2025, "2025"), (2026, "2026")],
        Region=Author,
        Dashboard=Dashboard,
        Stat=Stat,
        OnChange=OnChange,
        Order=Book,
        revenue=lambda year, region: f"in {year}",
    )

    def shown(query: str) -> str:
        revenue = names["Sales"](FACTORY.get(f"/{query}"))["revenue"]
        return str(revenue.render(revenue.get_value()))

    assert ">2026<" in shown("")
    assert ">2025<" in shown("?year=2025")


class Never(BasePermission):
    def has_permission(self, request: Any) -> bool:
        return False


def test_page_about_permissions_hides_a_component():
    names = execute(
        "permissions.md",
        Dashboard=Dashboard,
        Stat=Stat,
        Every=Every,
        IsAuthenticated=IsAuthenticated,
        IsAdminUser=IsAdminUser,
        IsAccountant=Never,
        IsTrainee=Never,
        head_count=lambda: 3,
        total=lambda: 4,
    )

    def shown(user: Any) -> set[str] | None:
        request = FACTORY.get("/")
        request.user = user
        dashboard = names["Wages"](request)
        return {each.key for each in dashboard} if dashboard.has_permission(request) else None

    assert shown(AnonymousUser()) is None
    assert shown(User(username="ann")) == {"head_count"}
    assert shown(User(username="ada", is_staff=True)) == {"head_count", "total"}


def test_page_about_pages_of_your_own_renders_what_it_shows():
    names = execute(
        "embedding.md",
        Dashboard=Dashboard,
        Stat=Stat,
        Text=Text,
        Account=Author,
        last_audit=lambda: f"audited {timezone.now().year}",
    )
    Author.balance = 7  # type: ignore[attr-defined]
    try:
        Author.objects.create(name="Ann")
        request = FACTORY.get("/")
        request.user = User(is_staff=True)
        accounts = names["Accounts"](request)
        assert "audited" in str(accounts["audit"])
        (text,) = blocks("embedding.md", "html+django")
        stock = type("Stock", (Dashboard,), {"orders": Stat(value=5)})()
        page = Template(text).render(
            Context({"request": request, "dashboard": accounts, "stock": stock})
        )
        assert ">7<" in page
        assert ">5<" in page
    finally:
        del Author.balance  # type: ignore[attr-defined]
