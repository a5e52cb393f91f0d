"""The words of the code: those of the glossary in ARCHITECTURE.md, and plain docstrings."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
# A retired word may stay where it is another standard's, or where an older name still works.
ALLOWED = {
    "src/dashboards/compat.py": {"how", "spread", "window"},
    "src/dashboards/live/compute/triggers.py": {"how", "spread", "window"},
    "src/dashboards/component/chart/component.py": {"window"},
    "src/dashboards/component/map.py": {"window"},
    "src/dashboards/live/asgi/__init__.py": {"LiveEdge"},
}
RIDDLES = re.compile(r"(Whether|What|Who|How|Where|Whatever|Whoever)\b")


def get_retired_words() -> set[str]:
    """Return the names in the first column of the table "Retired words"."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| (`[^|]*) \|", text.partition("## Retired words")[2], re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`(\w+)`", row)}


def get_names(path: Path) -> set[str]:
    with path.open("rb") as file:
        return {
            each.string for each in tokenize.tokenize(file.readline) if each.type == tokenize.NAME
        }


def get_docstrings(path: Path) -> Iterator[str]:
    """Return the docstrings of a module, also those below attributes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for each in node.body:
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                yield str(each.value.value)


def test_table_of_retired_words_is_read():
    assert {"Hold", "EVERYBODY", "window"} <= get_retired_words()


@pytest.mark.parametrize("path", [str(each.relative_to(ROOT)) for each in SOURCES])
def test_module_uses_no_retired_word(path: str):
    retired = get_retired_words() - ALLOWED.get(path, set())
    if "/live/grip/" in path:
        retired.discard("hint")
    assert not get_names(ROOT / path) & retired


@pytest.mark.parametrize("path", [str(each.relative_to(ROOT)) for each in SOURCES])
def test_no_docstring_of_a_module_opens_with_a_relative_clause(path: str):
    assert not [each for each in get_docstrings(ROOT / path) if RIDDLES.match(each)]
