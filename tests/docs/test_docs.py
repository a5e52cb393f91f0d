"""docs/what-happens-when.md and ARCHITECTURE.md name only what there is."""

import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.harness import ROOT

PAGE = (ROOT / "docs" / "what-happens-when.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
EVENT = re.compile(r"`([a-z]+_[a-z_]+)`")


def rows() -> Iterator[list[str]]:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] not in ("fault", "---"):
            yield cells


ROWS = list(rows())


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_row_names_tests_and_events_that_exist(row: list[str]):
    tests = TEST.findall(row[4])
    assert tests, "each row has its test"
    for file, name in tests:
        # Several folders may have a module of this name.
        source = "".join(path.read_text() for path in (ROOT / "tests").rglob(file))
        if file == "test_stores.py":
            # The cases that every store passes come with the package.
            contract = (ROOT / "src/dashboards/testing/stores").glob("*.py")
            source += "".join(path.read_text() for path in contract)
        assert f"def {name}(" in source
    for event in EVENT.findall(row[2]):
        assert f'"event": "{event}"' in SOURCES, event


def test_page_about_faults_names_each_event_that_is_logged():
    logged = set(re.findall(r'"event": "(\w+)"', SOURCES))

    # Said at the level INFO, of one stream: the page comes back by itself.
    assert logged - set(EVENT.findall(PAGE)) == {"stream_open_failed"}


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
PACKAGE = ROOT / "src" / "dashboards"


def test_retired_words_are_names_in_no_module():
    """A concept that has two words is two concepts to a reader."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        with path.open("rb") as opened:
            for token in tokenize.tokenize(opened.readline):
                if token.type == tokenize.NAME:
                    found.setdefault(token.string, set()).add(str(path.relative_to(PACKAGE)))
    section = ARCHITECTURE.partition("## Retired words")[2]
    table = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    words = {
        word: set(re.findall(r"`([\w/.]+)`", still))
        for retired, _, still in table
        for word in re.findall(r"`(\w+)`", retired)
    }

    assert len(words) > 40
    assert {word: found.get(word, set()) - still for word, still in words.items()} == {
        word: set() for word in words
    }


def test_architecture_names_only_modules_that_exist():
    named = re.findall(r"`((?:\w+/)*\w+(?:/|\.py|\.js))`", ARCHITECTURE)
    roots = (ROOT, PACKAGE, PACKAGE / "live" / "stores" / "database")

    assert len(named) > 50
    assert [each for each in named if not any((root / each).exists() for root in roots)] == []
