"""The pages of docs/howto about forms and menus: what they show is executed, and shown."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory

from dashboards.dashboard import Dashboard
from dashboards.menus import registry
from tests.books import models

HOWTO = Path(__file__).parents[2] / "docs" / "howto"

pytestmark = pytest.mark.django_db


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{re.escape(language)}\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)


def test_what_the_page_about_forms_shows(monkeypatch: pytest.MonkeyPatch):
    models.Book.objects.create(title="Long", pages=900)
    book = models.Book.objects.create(title="Short", pages=20, genre="p")
    monkeypatch.setitem(sys.modules, "books.models", models)
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    monkeypatch.setattr(Dashboard, "get_absolute_url", lambda self: "/")
    monkeypatch.setattr(Dashboard, "get_component_url", lambda self, key: f"/{key}/")
    names: dict[str, Any] = {"__name__": "books.dashboards"}
    for block in blocks("forms.md", "python"):
        exec(block, names)

    library = names["Library"](RequestFactory().get("/?find-genre=p"))
    assert "Short" in str(library["books"])
    assert "Long" not in str(library["books"])
    assert ">1<" in str(library["count"])
    assert ">2<" in str(names["Library"](RequestFactory().get("/"))["count"])

    def post(dashboard: Any, key: str, **data: str) -> str:
        request = RequestFactory().post("/", data, headers={"HX-Request": "true"})
        answer = dashboard(request=request)[key].post(request)
        return f"{answer.status_code} {answer.content.decode()}"

    assert "On the shelf." in post(names["Desk"], "add", title="New", pages="1", genre="n")
    assert "422" in (refused := post(names["Desk"], "suggest", title="New"))
    assert "We have it." in refused
    assert "200" in post(names["Desk"], "suggest", title="Newer")
    page = lambda request: names["BookPage"](request=request, object=book)  # noqa: E731
    assert "200" in post(page, "rename", title="Renamed")
    book.refresh_from_db()
    assert book.title == "Renamed"


def test_what_the_page_about_menus_shows(monkeypatch: pytest.MonkeyPatch):
    menus = registry.MenuRegistry()
    monkeypatch.setattr(registry, "menu_registry", menus)
    for block in blocks("menus.md", "python"):
        exec(block, {"__name__": "books.menus"})
    request = RequestFactory().get("/books/desk/")
    request.user = AnonymousUser()
    [text] = blocks("menus.md", "html+django")
    html = Template(text).render(Context({"request": request}))
    assert len(menus) == 2
    assert html.count('<a href="/books/desk/" aria-current="page">Desk</a>') == 2
    assert "Django</a>" in html
    assert "Staff" not in html
