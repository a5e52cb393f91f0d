"""docs/howto/figures.md: what it shows is executed, and shown."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone

from dashboards.dashboard import Dashboard
from dashboards.registry import Registry
from tests.books import models
from tests.books.models import Book

HOWTO = Path(__file__).parents[2] / "docs" / "howto"


@pytest.mark.django_db
def test_howto_figures_blocks_show_values(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    monkeypatch.setitem(sys.modules, "books.models", models)
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    monkeypatch.setattr("dashboards.registry.registry", Registry())
    Book.objects.create(title="One", pages=300, sold=timezone.now())
    page = (HOWTO / "figures.md").read_text()
    names: dict[str, Any] = {"__name__": "books.dashboards"}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    with django_capture_on_commit_callbacks(execute=True):
        names["run"]()

    shown = {}
    for name in ("Shop", "Sales", "Boiler", "Notes"):
        dashboard = names[name](RequestFactory().get("/"))
        for component in dashboard:
            shown[component.key] = str(component.render(component.get_value()))
    assert "12,840.50" in shown["takings"]
    assert "Down, better:" in shown["answer"]
    assert names["Sales"]()["pages"].title == "Pages in print"
    assert ">300<" in shown["pages"]
    assert "in 1\xa0week" in shown["week"]
    assert "Getting hot" in shown["water"]
    assert "&lt;b&gt;" in shown["plain"]
    assert "<strong>Counted</strong>" in shown["prose"]
    assert "onclick" not in shown["html"]
    job = names["Import"](RequestFactory().get("/")).render_content("job")
    assert "Done" in str(job)
