"""Stat, Gauge, Progress and Text: what they say of a value, and what they refuse."""

import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection
from django.db.models import Count, Sum
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import formats, timezone, translation
from django.utils.safestring import mark_safe
from pytest_django import Settings

from dashboards.component import Component, Gauge, Progress, Stat, Text
from dashboards.component.formats import NOTHING, format_number
from dashboards.component.stat import StatDateChangeSerializer, StatSerializer
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.live import push
from dashboards.registry import Registry
from tests.books import models
from tests.books.models import Book
from tests.site.dashboards import Drawn, Figures

HOWTO = Path(__file__).parents[3] / "docs" / "howto"


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
        ({"by": 2, "text": "two more", "unit": "%"}, None, "▲ Up: two more"),
        ({"text": "as ever"}, "up", "as ever"),
        ({"by": -2.5, "unit": "%", "period": "since May"}, None, "▼ Down: 2.5 % since May"),
        ({"by": 2, "period": timedelta(days=7)}, None, "▲ Up: 2 in 1 week"),
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


@pytest.mark.parametrize("number", [0, 7, -7, 999, 1000, -1234567, 10**17, Decimal("-1234.50")])
def test_number_format_is_the_same_as_djangos_in_every_language(number: int | Decimal):
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
    ("value", "declared", "english", "german"),
    [
        (date(2026, 3, 2), {}, "March 2, 2026", "2. März 2026"),
        (time(9, 5), {}, "9:05 a.m.", "09:05"),
        (datetime(2026, 3, 2, 20, tzinfo=UTC), {}, "March 2, 2026, 9 p.m.", "2. März 2026 21:00"),
        (datetime(2026, 3, 2, 20), {}, "March 2, 2026, 8 p.m.", "2. März 2026 20:00"),  # noqa: DTZ001
        (date(2026, 3, 2), {"date_format": "D j M"}, "Mon 2 Mar", "Mo 2 Mär"),
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), {"date_format": "Y-m-d"}, *["2026-03-03"] * 2),
        (date(2026, 3, 2), {"date_format": "SHORT_DATE_FORMAT"}, "03/02/2026", "02.03.2026"),
        (5, {"decimals": 2}, "5.00", "5,00"),
        (1234.567, {"decimals": 0}, "1,235", "1.235"),
        ({"text": 5, "decimals": 1}, {"decimals": 2}, "5.0", "5,0"),
        ({"text": time(9, 5), "date_format": "H.i"}, {"date_format": "H"}, *["09.05"] * 2),
    ],
)
def test_dates_and_digits_are_written_as_declared_or_as_the_locale_does(
    value: Any, declared: dict[str, Any], english: str, german: str
):
    with timezone.override("Europe/Berlin"):
        for language, said in (("en", english), ("de", german)):
            with translation.override(language):
                assert words(Stat(value=value, **declared)) == said


def test_a_value_has_an_icon_of_its_own():
    html = render(Stat(value={"text": 1, "icon": 'bi bi-"star'}))
    assert '<i class="bi bi-&quot;star" aria-hidden="true"></i> 1' in html


@pytest.mark.parametrize(
    "series", [[], [None], [float("nan")] * 3, [1], [2, 2, 2], [1, None, 3], range(100_000)]
)
def test_any_series_has_a_sparkline_or_none(series: Any):
    html = render(Stat(value={"text": 1, "sparkline": series}))
    assert "nan" not in html.lower()
    assert len(html) < 10_000
    assert ("<svg" in html) == any(each == each and each is not None for each in series)  # noqa: PLR0124


def test_a_number_between_two_gaps_is_a_dot_that_can_be_seen():
    """It was a dot of the line's own thickness: a speck."""
    shown = Stat(value={"text": 1, "sparkline": [1, 2, None, 3, None, 4, 5]}).get_value().sparkline
    assert shown.line.count("M") == 2
    assert [dot.partition(",")[0] for dot in shown.end.split("M")] == ["", "50", "100"]


def test_bad_values_are_named():
    for value, said in (
        ({"text": 1, "colour": "red"}, "A Stat's value may have text, "),
        ({"text": 1, "change": "much"}, "A Stat's change's by must be a finite number"),
        ({"text": 1, "good": "left"}, "A Stat's good must be 'up', 'down' or None, got 'left'"),
        ({"text": 1, "sparkline": "abc"}, "sparkline"),
        ({"text": 1, "decimals": -2}, "A Stat's decimals must be a whole number from 0 to 20"),
        ({"text": 1, "change": {"by": 2, "decimals": "two"}}, "A Stat's change's decimals must be"),
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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("meta", "before", "since", "said"),
    [
        ({}, 2, 3, "5 books ▲ Up: 150 % in 1 week"),
        ({"date_field_name": "published"}, 2, 3, "5 books ▲ Up: 150 % in 1 week"),
        ({}, 3, 1, "4 books ▲ Up: 33.3 % in 1 week"),
        ({}, 0, 3, "3 books ▲ Up: 3 books in 1 week"),
        ({}, 0, 0, "0 books = Unchanged: 0 % in 1 week"),
        ({}, 2, 0, "2 books = Unchanged: 0 % in 1 week"),
        ({"cumulative": False}, 4, 3, "3 books ▼ Down: 25 % in 1 week"),
        ({"cumulative": False, "date_field_name": "published"}, 4, 1, "1 books ▼ Down: 75 %"),
        ({"previous_delta": None}, 2, 3, "5 books"),
        ({"date_field_name": None}, 2, 3, "9 books"),
    ],
)
def test_a_change_over_time(meta: dict[str, Any], before: int, since: int, said: str):
    class Sold(StatDateChangeSerializer):
        class Meta:
            model = Book
            annotation = Count
            annotation_field = "pk"
            unit = " books"
            date_field_name = "sold"
            previous_delta = timedelta(days=7)

    it = type("It", (Sold,), {"Meta": type("Meta", (), meta)})
    now = timezone.now()
    for days, count in ((10, before), (3, since), (-3, 4)):
        at = now - timedelta(days=days)
        for _ in range(count):
            Book.objects.create(title="x", sold=at, published=timezone.localdate(at))
    with CaptureQueriesContext(connection) as queries:
        assert words(Stat(value=it)).startswith(said)
    assert len(queries) == (1 if None in meta.values() else 2)


@pytest.mark.django_db
def test_a_day_is_the_readers():
    """At one moment it is Tuesday in Kiritimati and still Monday in Honolulu."""

    class Published(StatDateChangeSerializer):
        class Meta:
            model = Book
            annotation = Count
            annotation_field = "pk"
            date_field_name = "published"

        def get_date_current(self) -> datetime:
            return datetime(2026, 3, 2, 20, tzinfo=UTC)

    Book.objects.create(title="x", published=date(2026, 3, 3))
    for zone, count in (("Pacific/Kiritimati", 1), ("Pacific/Honolulu", 0)):
        with timezone.override(zone):
            assert Published.serialize().value == count


@pytest.mark.django_db
def test_what_is_counted_of_nothing_may_be_nothing():
    class Pages(StatDateChangeSerializer):
        class Meta:
            model = Book
            annotation = Sum("pages")
            date_field_name = "sold"
            previous_delta = timedelta(days=7)

    assert words(Stat(value=Pages)) == NOTHING


def test_a_serializer_that_cannot_count_is_told():
    with pytest.raises(DeclarationError, match=r"Wrong\.Meta has no attribute field; allowed are"):
        type("Wrong", (StatSerializer,), {"Meta": type("Meta", (), {"field": "id"})})
    for meta, said in (({}, "Meta.model or get_queryset"), ({"model": Book}, "Meta.annotation")):
        bare = type("Bare", (StatSerializer,), {"Meta": type("Meta", (), meta)})
        with pytest.raises(ComponentValueError, match=f"Bare needs {said}"):
            Stat(value=bare).get_value()


def test_a_figure_may_lead_somewhere():
    assert 'href="/site/drawn/"' in render(Stat(value=1, href="dashboards:site_drawn"))
    assert 'href="/site/drawn/"' in render(Stat(value={"text": 1, "href": Drawn}, href="/x/"))
    for evil in ("javascript:alert(1)", " java\nscript:alert(1)", "DATA:text/html,x"):
        with pytest.raises(ComponentValueError, match="A link must lead to a relative address"):
            Stat(value={"text": 1, "href": evil}).get_value()


@pytest.mark.django_db
def test_what_is_pushed_is_written_in_the_sites_language(
    django_capture_on_commit_callbacks: Any,
):
    with translation.override("de"), django_capture_on_commit_callbacks(execute=True):
        push(Figures, errors=1234.5)
    html = Client().get("/site/figures/").content.decode()
    assert "1,234.5" in html
    assert "1,234,567" in html, "computed"


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
def test_nothing_that_a_client_sends_breaks_them(django_capture_on_commit_callbacks: Any):
    client, board = Client(), "/site/figures/"
    with django_capture_on_commit_callbacks(execute=True):
        push(Figures, errors=1, job={"step": "Read"}, notice="<i>it</i>")
    for key in Figures.declared:
        query = f"?{key}-sort=%00&{key}={'9' * 5000}&{key}-value=-1&filters=[]&value=<b>&=%FF"
        for path in ("", f"@component/{key}/", f"@components/{key},nothing/"):
            assert client.get(f"{board}{path}{query}").status_code == 200, (path, query)
        assert client.post(f"{board}@component/{key}/{query}", {key: "1"}).status_code == 405


# Gauge


def test_a_band_is_told_in_words_and_drawn_where_it_lies():
    gauge = Gauge(value=71, bands=[{"end": 60, "level": "good"}, {"level": "critical"}])
    html = render(gauge)
    assert 'aria-valuetext="71, Critical"' in html
    assert "Critical" in words(gauge)
    assert re.findall(r'stroke-dasharray="(0 [^"]*)"', html) == [
        "0 0.0 59.0 200",
        "0 60.0 40.0 200",
    ]


@pytest.mark.parametrize(
    "bands",
    [
        "low",
        [{"end": 60}, {"end": 20}],
        [{"end": 101}],
        [{"level": "bad"}],
        [{"level": []}],
        [{"from": 3}],
        [{"end": "much"}],
    ],
)
def test_bands_that_are_none_are_refused_when_declared(bands: Any):
    with pytest.raises(DeclarationError, match="Gauge"):
        Gauge(bands=bands)


@pytest.mark.parametrize(
    "value",
    [
        {"value": 1, "decimals": -2},
        {"value": 1, "decimals": "two"},
        {"value": 1, "decimals": 10**9},
        {"value": 0, "min": -1e308, "max": 1e308},
        {"value": 1, "bands": [{"level": []}]},
    ],
)
def test_a_gauge_that_is_none_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match="Gauge"):
        Gauge(value=value).get_value()


@pytest.mark.parametrize("kind", [Stat, Gauge])
def test_digits_that_are_none_are_refused_when_declared(kind: Any):
    with pytest.raises(DeclarationError, match="decimals must be a whole number from 0 to 20"):
        kind(decimals=-1)


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
    assert "○ Waiting" in words(Progress(value={"state": "waiting", "steps": ["Build"]}))


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
        {"state": ["done"]},
        {"step": "nowhere"},
        {"value": "much"},
        {"max": 0},
        {"started": "yesterday"},
        {"estimate": "soon"},
        {"steps": [{"title": "x"}]},
        {"steps": "abc"},
        {"steps": {"Build": "done"}},
        {"steps": [3]},
    ],
)
def test_progress_that_is_none_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match="Progress"):
        Progress(value=value).get_value()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("abc", r"Progress\(steps='abc'\): A Progress's steps must be a list of texts"),
        (["Build", 3], "A Progress's step must have a text as its name, got 3"),
        (["Build", None], "A Progress's step must have a text as its name, got None"),
        ([{"name": "Build", "state": "lost"}], "must have a state of waiting, running, done"),
    ],
)
def test_steps_that_are_none_are_refused_when_declared(steps: Any, said: str):
    with pytest.raises(DeclarationError, match=said):
        Progress(steps=steps)


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


def test_a_table_in_markdown_has_no_inline_style():
    html = render(Text(markup="markdown", value="| a | b |\n|---|--:|\n| x | 1 |"))
    assert "style=" not in html
    assert '<td class="dashboards-is-right">1</td>' in html


def test_what_is_marked_safe_stays_as_it_is():
    assert render(Text(value=mark_safe("<p>a</p>\n<p>b</p>"))).count("<br>") == 0
    assert "<br>" in render(Text(value="a\nb"))


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "dashboards.checks.components.find_spec", lambda name: name != "markdown_it" or None
    )
    [error] = [each for each in run_checks(tags=["dashboards"]) if each.id == "dashboards.E013"]
    assert error.msg == (
        "Figures.prose is a Text with markup='markdown', but markdown_it is not installed."
    )
    assert error.hint == 'pip install "django-live-dashboards[text]"'


# The page about them


@pytest.mark.django_db
def test_what_the_page_about_figures_shows(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    monkeypatch.setitem(sys.modules, "books.models", models)
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    monkeypatch.setattr("dashboards.registry.registry", Registry())
    Book.objects.create(title="One", pages=300, sold=timezone.now())
    page = (HOWTO / "figures.md").read_text()
    names: dict[str, Any] = {"__name__": "books.dashboards"}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    with django_capture_on_commit_callbacks(execute=True):
        names["run"]()

    shown = {}
    for name in ("Shop", "Sales", "Boiler", "Notes"):
        dashboard = names[name](RequestFactory().get("/"))
        for component in dashboard:
            shown[component.key] = str(component.render(component.get_value()))
    assert "12,840.50" in shown["takings"]
    assert "Down, better:" in shown["answer"]
    assert names["Sales"]()["pages"].title == "Pages in print"
    assert ">300<" in shown["pages"]
    assert "in 1\xa0week" in shown["week"]
    assert "Getting hot" in shown["water"]
    assert "&lt;b&gt;" in shown["plain"]
    assert "<strong>Counted</strong>" in shown["prose"]
    assert "onclick" not in shown["html"]
    job = names["Import"](RequestFactory().get("/")).render_content("job")
    assert "Done" in str(job)
