"""docs/howto/charts.md: what it shows is executed, and shown."""

import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.dashboard import Dashboard
from tests.books.models import Book


def test_howto_charts_blocks_draw_figures(monkeypatch: pytest.MonkeyPatch, db: None):
    page = (Path(__file__).parents[2] / "docs" / "howto" / "charts.md").read_text()
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    Book.objects.create(title="One", pages=3, price=2)
    names: dict[str, Any] = {"__name__": "books.dashboards", "Book": Book, "BASE_DIR": Path()}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    shown = names["Library"]()
    for key in ("prices", "sales", "ranking"):
        assert 'type="application/json"' in str(shown[key].render(shown[key].get_value()))
