"""Numbers in the format of the active locale."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import formats, translation
from pytest_django import Settings

from dashboards.component.formats import format_number


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
