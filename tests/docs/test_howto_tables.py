"""The pages of docs/howto: what they show is executed, and shown."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from dashboards.dashboard import Dashboard
from dashboards.registry import Registry
from tests.books import models

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs" / "howto"

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_every_page_can_be_found(name: str):
    text = (ROOT / name).read_text()
    pages = [f"({page.relative_to(ROOT)})" for page in HOWTO.iterdir()]
    assert [page for page in pages if page not in text] == []


def test_what_the_page_about_tables_shows(monkeypatch: pytest.MonkeyPatch):
    author = models.Author.objects.create(name="Ann")
    models.Book.objects.create(title="On <tables>", author=author, pages=600, genre="p")
    monkeypatch.setitem(sys.modules, "books.models", models)
    monkeypatch.setattr("dashboards.registry.registry", Registry())
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    monkeypatch.setattr(Dashboard, "get_component_url", lambda self, key: f"/{key}/")
    blocks = re.findall(r"```python\n(.*?)```", (HOWTO / "tables.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "books.dashboards"}

    for block in blocks:
        exec(block, names)

    assert len(blocks) == 4
    shown = {}
    for name in ("Library", "Printed", "Formatted", "Live"):
        dashboard = names[name](RequestFactory().get("/"))
        for component in dashboard:
            shown[f"{name}.{component.key}"] = str(component.render(component.get_value()))
    del shown["Live.pushed"]
    assert all("On &lt;tables&gt;" in html for html in shown.values())
    assert "Poems (600 pages)" in shown["Printed.books"]
    assert "<td>long</td>" in shown["Formatted.books"]
    assert f'<a href="/authors/{author.pk}/">Ann</a>' in shown["Formatted.books"]
