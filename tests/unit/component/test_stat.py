"""Stat: its values, their format, and the classes that count them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, Sum
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from dashboards.component import Gauge, Stat, StatData
from dashboards.component.formats import NOTHING
from dashboards.component.stat import StatDateChangeSerializer, StatSerializer
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.live import push
from tests.books.models import Book
from tests.site.dashboards import Drawn, Figures
from tests.unit.component.support import Html, html_of, render, words


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ("61%", StatData("61%")),
        (61, StatData(61)),
        (0, StatData(0)),
        ("", StatData("")),
        (Decimal("1.50"), StatData(Decimal("1.50"))),
        ({"text": "61%"}, StatData("61%")),
        ({"text": "61%", "sub_text": "of all"}, StatData("61%", "of all")),
        (StatData("61%", "of all"), StatData("61%", "of all")),
        (["a", "list"], StatData(["a", "list"])),
        ({}, StatData()),
        (None, None),
    ],
    ids=repr,
)
def test_stat_accepts(value: Any, data: StatData | None):
    assert Stat().prepare_value(value) == data


@pytest.mark.usefixtures("_german")
def test_stat_in_german_has_german_numbers():
    assert render(Stat(value=1234.5)).text.strip() == "1.234,5"


def test_stat_outside_a_dashboard_is_rendered():
    stat = Stat(value={"text": "61%", "sub_text": "Via SSE"}, key="sse_stat")

    html = Html(
        render_to_string(stat.template, {"component": stat, "rendered_value": stat.get_value()})
    )

    assert stat.template_id == "sse_stat"
    assert html.text.split() == ["61%", "Via", "SSE"]


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
def test_change_has_sign_and_words(change: Any, good: Any, said: str):
    assert words(Stat(value={"text": 1, "change": change}, good=good)) == f"1 {said}"


@pytest.mark.parametrize("change", [None, float("nan"), float("inf")])
def test_change_without_a_number_is_hidden(change: Any):
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
def test_numbers_have_the_format_of_the_locale(value: Any, english: str, german: str):
    for language, said in (("en", english), ("de", german)):
        with translation.override(language):
            assert words(Stat(value={"text": value})) == said


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
def test_dates_and_decimals_have_the_declared_or_local_format(
    value: Any, declared: dict[str, Any], english: str, german: str
):
    with timezone.override("Europe/Berlin"):
        for language, said in (("en", english), ("de", german)):
            with translation.override(language):
                assert words(Stat(value=value, **declared)) == said


def test_value_sets_the_icon():
    html = html_of(Stat(value={"text": 1, "icon": 'bi bi-"star'}))
    assert '<i class="bi bi-&quot;star" aria-hidden="true"></i> 1' in html


@pytest.mark.parametrize(
    "series", [[], [None], [float("nan")] * 3, [1], [2, 2, 2], [1, None, 3], range(100_000)]
)
def test_sparkline_is_drawn_for_any_numbers(series: Any):
    html = html_of(Stat(value={"text": 1, "sparkline": series}))
    assert "nan" not in html.lower()
    assert len(html) < 10_000
    assert ("<svg" in html) == any(each == each and each is not None for each in series)  # noqa: PLR0124


def test_sparkline_has_its_newest_numbers_for_the_table():
    html = html_of(Stat(value={"text": 1, "sparkline": [None, *range(300)]}))
    values = json.loads(html.split('data-dashboards-values="')[1].split('"')[0])

    assert values == list(range(100, 300))


def test_number_between_two_gaps_is_a_dot():
    """The dot was as small as the line is thick."""
    shown = Stat(value={"text": 1, "sparkline": [1, 2, None, 3, None, 4, 5]}).get_value().sparkline
    assert shown.line.count("M") == 2
    assert [x for x, _ in shown.dots] == ["50", "100"]


def test_invalid_value_is_refused():
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


def test_hostile_texts_are_escaped():
    evil = "<img src=x onerror=alert(1)>"
    html = html_of(
        Stat(value={"text": evil, "sub_text": evil, "unit": evil, "href": "/x/?" + evil})
    )
    assert "<img" not in html


@pytest.mark.django_db
def test_serializer_counts_with_one_query(django_assert_num_queries: Any):
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
def test_serializer_shows_the_change_over_time(
    meta: dict[str, Any], before: int, since: int, said: str
):
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
def test_serializer_counts_days_of_the_active_zone():
    """When it is Tuesday in Kiritimati, it is still Monday in Honolulu."""

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
def test_sum_without_rows_shows_a_dash():
    class Pages(StatDateChangeSerializer):
        class Meta:
            model = Book
            annotation = Sum("pages")
            date_field_name = "sold"
            previous_delta = timedelta(days=7)

    assert words(Stat(value=Pages)) == NOTHING


def test_incomplete_serializer_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong\.Meta has no attribute field; allowed are"):
        type("Wrong", (StatSerializer,), {"Meta": type("Meta", (), {"field": "id"})})
    for meta, said in (({}, "Meta.model or get_queryset"), ({"model": Book}, "Meta.annotation")):
        bare = type("Bare", (StatSerializer,), {"Meta": type("Meta", (), meta)})
        with pytest.raises(ComponentValueError, match=f"Bare needs {said}"):
            Stat(value=bare).get_value()


def test_href_is_resolved():
    assert 'href="/site/drawn/"' in html_of(Stat(value=1, href="dashboards:site_drawn"))
    assert 'href="/site/drawn/"' in html_of(Stat(value={"text": 1, "href": Drawn}, href="/x/"))
    for evil in ("javascript:alert(1)", " java\nscript:alert(1)", "DATA:text/html,x"):
        with pytest.raises(ComponentValueError, match="A link must lead to a relative address"):
            Stat(value={"text": 1, "href": evil}).get_value()


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
def test_bad_requests_get_a_page_or_405(django_capture_on_commit_callbacks: Any):
    pytest.importorskip("markdown_it")
    pytest.importorskip("nh3")
    client, board = Client(), "/site/figures/"
    with django_capture_on_commit_callbacks(execute=True):
        push(Figures, errors=1, job={"step": "Read"}, notice="<i>it</i>")
    for key in Figures.declared:
        query = f"?{key}-sort=%00&{key}={'9' * 5000}&{key}-value=-1&filters=[]&value=<b>&=%FF"
        for path in ("", f"@component/{key}/", f"@components/{key},nothing/"):
            assert client.get(f"{board}{path}{query}").status_code == 200, (path, query)
        assert client.post(f"{board}@component/{key}/{query}", {key: "1"}).status_code == 405


@pytest.mark.parametrize("kind", [Stat, Gauge])
def test_invalid_decimals_are_refused_at_declaration(kind: Any):
    with pytest.raises(DeclarationError, match="decimals must be a whole number from 0 to 20"):
        kind(decimals=-1)


def test_compact_figure_has_the_whole_number_for_pointer_and_readers():
    html = html_of(Stat(value={"text": 123456789, "prefix": "€", "unit": "net"}, compact=True))
    assert 'title="€123,456,789\xa0net"' in html
    assert '<span class="dashboards-hidden">€123,456,789\xa0net</span>' in html
    assert "123.5\xa0M" in html

    assert "title=" not in html_of(Stat(value=9999, compact=True))
    assert "title=" not in html_of(Stat(value="Off", compact=True))
    assert "title=" not in html_of(Stat(value={"text": 123456789, "compact": False}, compact=True))


def test_empty_sub_text_keeps_its_line_and_none_has_none():
    line = "dashboards-stat-sub-text"
    assert line in html_of(Stat(value={"text": 1, "sub_text": ""}))
    assert line not in html_of(Stat(value={"text": 1, "sub_text": None}))
    assert line not in html_of(Stat(value=1))


def test_long_unit_is_below_a_long_figure_only():
    below = "dashboards-is-below"
    assert below in html_of(Stat(value=123456789, unit="requests"))
    assert below not in html_of(Stat(value=574, unit="orders"))
    assert below not in html_of(Stat(value=123456789012, unit="MB/s"))


@pytest.mark.parametrize(
    ("value", "length"),
    [(1234, ""), (1234567, "9"), (123456789012345, "19"), ("1" * 32, "32"), ("1" * 33, "most")],
)
def test_figure_has_a_class_by_its_length(value: Any, length: str):
    html = html_of(Stat(value=value))
    assert html.count("dashboards-length-") == bool(length)
    assert not length or f"dashboards-length-{length}" in html
