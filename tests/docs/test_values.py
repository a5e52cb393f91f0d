"""docs/values.md: each cell of its table is what that kind of component shows of that value."""

from collections.abc import Iterator

import pytest
from django.utils import translation
from pytest_django import Settings

import dashboards.component
from dashboards.component import Component, Form
from tests.harness import ROOT
from tests.odd_values import COLUMNS, NAMES, show

PAGE = (ROOT / "docs" / "values.md").read_text()
[HEADS, _, *ROWS] = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


@pytest.fixture(autouse=True)
def _project(settings: Settings) -> Iterator[None]:
    """Be the project of which the page speaks."""
    settings.TIME_ZONE = "Europe/Berlin"
    with translation.override("en"):
        yield


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_value_is_shown_by_each_kind_as_its_row_says(row: list[str]):
    """A drawing refused the numbers of NumPy and wrote ``NaT`` as a word, and a text showed another
    hour than the figure beside it. One table says what each kind takes and shows."""
    value, *cells = row

    shown = [
        {show(make, eval(value.strip("`"), dict(NAMES))) for make in makes}
        for makes in COLUMNS.values()
    ]

    assert shown == [{cell} for cell in cells]


def test_table_has_a_column_for_each_kind_of_component():
    kinds = {
        name
        for name in dashboards.component.__all__
        if isinstance(kind := getattr(dashboards.component, name), type)
        and issubclass(kind, Component)
        and kind not in (Component, Form)
    }

    assert ["value", *COLUMNS] == HEADS
    assert {kind for kind in kinds if f"`{kind}`" in " ".join(HEADS)} == kinds


def test_table_has_a_row_for_each_kind_of_value():
    kinds = ("nan", "inf", "Decimal", "lazy", "tzinfo", "None", "np.", "pd.", "for n in", "date(")

    assert [kind for kind in kinds if not any(kind in row[0] for row in ROWS)] == []
