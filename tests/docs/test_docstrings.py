"""Docstrings of the package are plain sentences."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
RELATIVE_CLAUSE = re.compile(r"(Whether|What|Who|How|Where|Whatever|Whoever)\b")


def get_docstrings(path: Path) -> Iterator[str]:
    """Return the docstrings of a module, also those below attributes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for each in node.body:
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                yield str(each.value.value)


@pytest.mark.parametrize("path", [str(each.relative_to(ROOT)) for each in SOURCES])
def test_no_docstring_of_a_module_opens_with_a_relative_clause(path: str):
    assert not [each for each in get_docstrings(ROOT / path) if RELATIVE_CLAUSE.match(each)]
