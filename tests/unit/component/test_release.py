"""Frames of other releases: a declaration that has changed is another one."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from dashboards.component import Component
from dashboards.component.release import make_release


@dataclass
class Shelf(Component):
    template: str = "dashboards/components/text.html"
    given: Any = None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 2),
        (Decimal(1), Decimal(2)),
        (date(2026, 1, 1), date(2026, 1, 2)),
        (timedelta(seconds=1), timedelta(seconds=2)),
        (b"a", b"b"),
        ({1}, {2}),
        (["a"], ["b"]),
        (gettext_lazy("Day"), gettext_lazy("Night")),
        (format_lazy("{} a day", "t"), format_lazy("{} a day", "kg")),
    ],
)
def test_declaration_with_another_value_has_another_release(before: Any, after: Any):
    # Only texts, whole numbers and floats were told apart: a gauge that was computed once an hour
    # kept its old maximum for an hour, if that was a Decimal.
    releases = [make_release(Shelf(given=each)).declaration for each in (before, after)]
    assert releases[0] != releases[1]


def test_declaration_with_the_same_values_has_the_same_release():
    values = Decimal(1), {"b", "a"}, gettext_lazy("Day"), lambda: 1
    one, other = (make_release(Shelf(given=list(values))) for _ in range(2))
    assert one.declaration == other.declaration
