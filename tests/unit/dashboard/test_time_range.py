"""The range of time that the charts of a dashboard share, as declared and in addresses."""

import re
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.test import Client

from dashboards.component import Chart, Stat
from dashboards.dashboard import Dashboard
from dashboards.dashboard.time_range import keep_range
from dashboards.exceptions import DeclarationError
from dashboards.live import Every
from tests.unit.guards import request_of

ENDS = "from=2026-11-28T20:00:00Z&to=2026-11-28T21:00:00.5%2B01:00"


def declare(component: Any, **options: Any) -> type[Dashboard]:
    meta = type("Meta", (), {"app_label": "site", **options})
    return type("Sales", (Dashboard,), {"Meta": meta, "total": component})


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", {}),
        ("range=5m", {"range": "5m"}),
        ("range=today", {"range": "today"}),
        ("range=all", {"range": "all"}),
        ("range=0m", {}),
        ("range=5", {}),
        ("range=5y", {}),
        ("range=99999s", {}),
        ("range=٣m", {}),
        ("range=<script>", {}),
        ("from=2026-11-28T20:00Z&to=2026-11-28T21:00Z&range=5m", None),
        ("from=2026-11-28T22:00:00Z&to=2026-11-28T21:00:00Z", {}),
        ("from=2026-11-28T20:00:00&to=2026-11-28T21:00:00", {}),
        ("from=2026-02-30T20:00:00Z&to=2026-11-28T21:00:00Z", {}),
        ("from=2026-11-28T20:00:00Z", {}),
        ("from=2026-11-28T20:00:00Z&range=1h", {"range": "1h"}),
        (ENDS.replace("20:00", "19:00"), None),
    ],
)
def test_address_keeps_a_valid_range_only(query: str, kept: dict[str, str] | None):
    given = QueryDict(query)
    if kept is None:
        kept = {name: given[name] for name in ("from", "to")}

    assert keep_range(given) == kept


def test_links_of_a_page_keep_its_range_and_not_an_invalid_one():
    sales = declare(Chart())

    assert sales(request_of(range="1h", year="2024")).query == "range=1h&year=2024"
    assert sales(request_of(range="1y", year="2024")).query == "year=2024"


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["range=1y", "range=5m&from=x&to=y", "from=&to=", "range=\0"])
def test_page_with_an_invalid_range_is_shown_with_the_first_one(client: Client, query: str):
    page = client.get(f"/site/timedtoo/?{query}")

    assert page.status_code == 200
    assert 'data-dashboards-range="1h"' in page.content.decode()


def test_range_is_no_filter():
    # A live value that is computed stays the shared one, and values do not see the range.
    sales = declare(Chart())(request_of(range="1h", year="2024"))

    assert sales.filters == {"year": "2024"}
    assert sales.is_filtered
    assert not declare(Chart())(request_of(range="1h")).is_filtered
    assert declare(Chart(), time_ranges=())(request_of(range="1h")).filters == {"range": "1h"}


def test_dashboard_without_charts_that_share_their_time_has_no_picker():
    for component in (Stat(), Chart(shared_time=False)):
        sales = declare(component)(request_of(range="1h"))
        assert not sales.time_ranges
        assert sales.filters == {"range": "1h"}
    assert declare(Chart())().time_ranges == ("5m", "1h", "today")
    assert declare(Chart(), time_ranges=["7d"])().time_ranges == ["7d"]


def test_field_of_a_filter_form_has_precedence():
    period = type("Period", (forms.Form,), {"range": forms.CharField(required=False)})
    sales = declare(Chart(), filter_form=period)(request_of(range="north"))

    assert not sales.time_ranges
    assert sales.query == "range=north"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"time_ranges": ["5 min"]},
            "Meta.time_ranges must be a list of ranges {}; got ['5 min'].",
        ),
        ({"time_ranges": "5m"}, "Meta.time_ranges must be a list of ranges {}; got '5m'."),
        ({"time_range": "1y"}, "Meta.time_range must be \"all\", or {}; got '1y'."),
    ],
)
def test_unknown_range_is_refused_at_declaration(options: dict[str, Any], message: str):
    allowed = 'such as "30s", "5m", "1h", "7d" or "2w", or "today"'
    with pytest.raises(DeclarationError, match=re.escape(message.format(allowed))):
        declare(Chart(), **options)


@pytest.mark.parametrize(
    ("shared_time", "attribute"),
    [(None, ""), (True, 'data-dashboards-shared-time="true"'), (False, '="false"')],
)
def test_chart_says_what_its_author_declared(shared_time: bool | None, attribute: str):
    # A text, which is read without Plotly.
    figure = '{"data": [{"y": [1]}]}'
    html = declare(Chart(value=figure, shared_time=shared_time))(request_of()).render_components()

    assert ("shared-time" in html) is (shared_time is not None)
    assert attribute in html


@pytest.mark.django_db
def test_series_says_how_often_it_is_computed():
    series = Chart(value=lambda: {"x": 1, "y": 2}, live=Every(seconds=2), max_points=5)
    sales = declare(series)
    html = sales()["total"].render_box()

    assert 'data-dashboards-interval="2"' in html
    pushed = declare(Chart(live=True, max_points=5))()["total"].render_box()
    assert "data-dashboards-interval" not in pushed
