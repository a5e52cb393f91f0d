"""Numbers in the format of the active locale."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.conf import settings
from django.utils import formats, translation
from pytest_django import Settings

from dashboards.component.formats import format_compact, format_number


@pytest.mark.parametrize("number", [0, 7, -7, 999, 1000, -1234567, 10**17, Decimal("-1234.50")])
def test_number_format_equals_djangos_in_every_language(number: int | Decimal):
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            expected = formats.number_format(number, force_grouping=True)
            assert format_number(number) == expected, language


def test_number_format_follows_a_changed_setting(settings: Settings):
    # Django has no formats for Swahili, so it takes those of the settings.
    with translation.override("sw"):
        assert format_number(1234567) == "1234567"
        settings.NUMBER_GROUPING = (3, 2, 0)
        assert format_number(1234567) == "12,34,567"
        settings.NUMBER_GROUPING = 3
        settings.THOUSAND_SEPARATOR = "'"
        assert format_number(1234567) == "1'234'567"


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        (9_999, None, "9,999"),
        (10_000, None, "10.0\xa0k"),
        (999_949, None, "999.9\xa0k"),
        (999_999, None, "1.0\xa0M"),  # not "1,000.0 k"
        (-123_456_789, None, "-123.5\xa0M"),
        (123_456_789.5, 0, "123\xa0M"),
        (Decimal("98765432109.87"), 2, "98.77\xa0B"),
        (Fraction(10**7, 3), None, "3.3\xa0M"),
        (999_999_999_999_999_999, None, "1,000,000.0\xa0T"),
        (10**18, None, "1.00e+18"),
        (float("nan"), None, "\N{EN DASH}"),
    ],
)
def test_compact_number_has_a_letter_and_no_line_break(
    number: Any, decimals: int | None, text: str
):
    assert format_compact(number, decimals) == text


def test_fraction_beyond_a_float_is_written_with_its_exponent():
    assert format_number(Fraction(10**400, 3)) == "3.33e+399"


def test_compact_number_is_written_in_the_active_language():
    with translation.override("de"):
        assert format_compact(123_456_789) == "123,5\xa0Mio."
