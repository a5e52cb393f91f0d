"""The translations that the package brings: German and Arabic."""

import subprocess
import sys

import pytest
from django.utils.translation import gettext_lazy, override

from dashboards.component.formats import format_duration, format_number
from dashboards.component.stat import Stat
from dashboards.contrib.system.units import as_milliseconds
from dashboards.dashboard import Dashboard
from tests.harness import ROOT

LOCALES = {path.name for path in (ROOT / "src/dashboards/locale").iterdir()}


def test_each_translation_has_every_word_with_its_placeholders_and_is_compiled():
    """Templates and modules are searched for words. Nothing is empty, fuzzy or unused."""
    command = [sys.executable, "scripts/messages.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert {"de", "ar"} == LOCALES


@pytest.mark.parametrize(
    ("count", "german", "arabic"),
    [
        (0, "0\xa0Sekunden", "0\xa0ثانية"),
        (1, "1\xa0Sekunde", "ثانية\xa0واحدة"),
        (2, "2\xa0Sekunden", "ثانيتان"),
        (5, "5\xa0Sekunden", "5\xa0ثوانٍ"),
        (11, "11\xa0Sekunden", "11\xa0ثانية"),
    ],
)
def test_duration_has_the_plural_of_its_language(count: int, german: str, arabic: str):
    with override("de"):
        assert format_duration(count) == german
    with override("ar"):
        assert format_duration(count) == arabic


def test_lazy_title_and_name_are_in_the_language_of_the_page():
    class Board(Dashboard):
        latency = Stat(value=1, title=gettext_lazy("Latency"))

        class Meta:
            name = gettext_lazy("System")
            app_label = "site"

    board = Board()
    for language, title in (("de", "Antwortzeit"), ("ar", "زمن الاستجابة")):
        with override(language):
            assert board["latency"].title == title
    with override("ar"):
        assert board.name == "النظام"


def test_numbers_and_dates_of_a_translation_are_those_of_django():
    with override("de"):
        assert format_number(1234567.5) == "1.234.567,5"
        assert as_milliseconds(1.5) == "1.500\xa0ms"
    with override("ar"):
        # Django writes the digits 0 to 9 in Arabic, too, and does not group them.
        assert format_number(1234567.5) == "1234567,5"
