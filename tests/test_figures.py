"""Stat, Gauge, Progress and Text: what they say of a value, and what they refuse."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Count
from django.template.loader import render_to_string
from django.utils import timezone, translation

from dashboards.component import Component, Gauge, Progress, Stat, Text
from dashboards.component.formats import NOTHING
from dashboards.component.stat import StatSerializer
from dashboards.exceptions import ComponentValueError, DeclarationError


def render(component: Component) -> str:
    value = component.get_value()
    context = {"component": component, "rendered_value": value}
    return render_to_string(component.template, context)


def words(component: Component) -> str:
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", render(component))).split())
    return re.sub(r" (?=[,:])", "", text)


# Stat


@pytest.mark.parametrize(
    ("change", "good", "said"),
    [
        (12.5, "up", "▲ Up, better: 12.5"),
        (12.5, "down", "▲ Up, worse: 12.5"),
        (-3, "down", "▼ Down, better: 3"),
        (-3, None, "▼ Down: 3"),
        (0, "up", "= Unchanged: 0"),
        (Decimal("0.10"), None, "▲ Up: 0.10"),
    ],
)
def test_a_change_is_told_by_sign_and_words(change: Any, good: Any, said: str):
    assert words(Stat(value={"text": 1, "change": change}, good=good)) == f"1 {said}"


@pytest.mark.parametrize("change", [None, float("nan"), float("inf")])
def test_a_change_that_is_none_is_not_shown(change: Any):
    assert words(Stat(value={"text": 1, "change": change})) == "1"


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (1234567, "1,234,567", "1.234.567"),
        (1234.5, "1,234.5", "1.234,5"),
        (Decimal("1234.50"), "1,234.50", "1.234,50"),
        (0.000123, "0.000123", "0,000123"),
        (True, "True", "True"),
        ("1234.5", "1234.5", "1234.5"),
        (None, NOTHING, NOTHING),
        (float("nan"), NOTHING, NOTHING),
    ],
)
def test_numbers_are_written_as_the_locale_does(value: Any, english: str, german: str):
    for language, said in (("en", english), ("de", german)):
        with translation.override(language):
            assert words(Stat(value={"text": value})) == said


@pytest.mark.parametrize(
    "series", [[], [None], [float("nan")] * 3, [1], [2, 2, 2], [1, None, 3], range(100_000)]
)
def test_any_series_has_a_sparkline_or_none(series: Any):
    html = render(Stat(value={"text": 1, "sparkline": series}))
    assert "nan" not in html.lower()
    assert len(html) < 10_000
    assert ("<svg" in html) == any(each == each and each is not None for each in series)  # noqa: PLR0124


def test_bad_values_are_named():
    for value, said in (
        ({"text": 1, "colour": "red"}, "A Stat's value may have text, "),
        ({"text": 1, "change": "much"}, "A Stat's change's by must be a finite number"),
        ({"text": 1, "good": "left"}, "A Stat's good must be 'up', 'down' or None, got 'left'"),
        ({"text": 1, "sparkline": "abc"}, "sparkline"),
    ):
        with pytest.raises(ComponentValueError, match=said):
            Stat(value=value).get_value()


def test_hostile_text_stays_text():
    evil = "<img src=x onerror=alert(1)>"
    html = render(Stat(value={"text": evil, "sub_text": evil, "unit": evil, "href": "/x/?" + evil}))
    assert "<img" not in html


@pytest.mark.django_db
def test_a_serializer_counts_by_one_query(django_assert_num_queries: Any):
    class Users(StatSerializer):
        class Meta:
            model = User
            annotation = Count
            annotation_field = "id"
            title = "Users"

    for number in range(2):
        with django_assert_num_queries(1):
            assert words(Stat(value=Users)).split()[0] == str(number)
        User.objects.create(username=str(number))
    assert Stat(value=Users).title == "Users"


# Gauge


def test_a_band_is_told_in_words_and_drawn_where_it_lies():
    gauge = Gauge(value=71, bands=[{"end": 60, "level": "good"}, {"level": "critical"}])
    html = render(gauge)
    assert 'aria-valuetext="71, Critical"' in html
    assert "Critical" in words(gauge)
    assert re.findall(r'stroke-dasharray="(0 [^"]*)"', html) == [
        "0 0.0 60.0 200",
        "0 60.0 40.0 200",
    ]


@pytest.mark.parametrize(
    "bands",
    [
        "low",
        [{"end": 60}, {"end": 20}],
        [{"end": 101}],
        [{"level": "bad"}],
        [{"from": 3}],
        [{"end": "much"}],
    ],
)
def test_bands_that_are_none_are_refused_when_declared(bands: Any):
    with pytest.raises(DeclarationError, match="Gauge"):
        Gauge(bands=bands)


# Progress


def test_steps_tell_how_far_it_is():
    html = words(Progress(steps=["Build", "Test", "Ship"], value={"step": "Test"}))
    assert "33 %" in html
    assert "Done: Build" in html
    assert "Running: Test" in html


def test_states_are_told_in_words():
    assert "✕ Failed" in words(Progress(value={"value": 62, "state": "failed"}))
    assert "✓ Done" in words(Progress(value=100))
    assert "● Running" in words(Progress(value={"text": "on it"}))


def test_the_time_that_is_left_and_that_it_took():
    now = timezone.now()
    hour = timedelta(hours=1)
    assert "about 1 hour left" in words(Progress(value={"value": 50, "started": now - hour}))
    ended = {"value": 100, "started": now - 2 * hour, "finished": now}
    assert "took 2 hours" in words(Progress(value=ended))
    assert "about 1 minute left" in words(Progress(value={"value": 1, "estimate": 60}))


@pytest.mark.parametrize(
    "value",
    [
        {"state": "lost"},
        {"step": "nowhere"},
        {"value": "much"},
        {"max": 0},
        {"started": "yesterday"},
        {"estimate": "soon"},
        {"steps": [{"title": "x"}]},
    ],
)
def test_progress_that_is_none_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match="Progress"):
        Progress(value=value).get_value()


def test_a_moment_without_a_time_zone_is_the_sites():
    naive = timezone.make_naive(timezone.now()) - timedelta(hours=1)
    assert isinstance(naive, datetime)
    assert "about 1 hour left" in words(Progress(value={"value": 50, "started": naive}))


# Text


def test_html_is_shown_without_what_does_harm():
    html = render(Text(markup="html", value='<b onclick="x()">bold</b><script>x()</script>'))
    assert "<b>bold</b>" in html
    assert "script" not in html
    assert "onclick" not in html


def test_markdown_is_read_and_html_in_it_is_text():
    html = render(Text(markup="markdown", value="# Head\n\n<img src=x> [a](javascript:alert(1))"))
    assert "<h3>Head</h3>" in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_an_unknown_markup_is_refused():
    with pytest.raises(DeclarationError, match=r"Text\(markup='rst'\)"):
        Text(markup="rst")
