"""One page of rows, and links to other states of the table."""

import re
from html import unescape

import pytest
from django.template.loader import render_to_string

pytest.importorskip("django_tables2")

from dashboards.component import BasicTable, Table
from tests.unit.component.table.support import html_of, view

pytestmark = pytest.mark.django_db


def test_table_outside_a_dashboard_has_no_controls():
    table = Table(value=[{"n": n} for n in range(40)], key="alone")
    html = render_to_string(
        table.template, {"component": table, "rendered_value": table.get_value()}
    )

    assert html.count("<tr>") == 41
    assert "hx-" not in html
    assert "<form" not in html


def test_link_of_a_heading_sorts_by_it_first_and_keeps_the_others():
    table = Table(value=[{"a": 1, "b": 2, "c": 3, "d": 4}], order="b")

    def get_links(query: str) -> dict[str, str]:
        return {
            str(heading.label): unescape(heading.link.href) if heading.link else ""
            for heading in view(table, query).headings
        }

    assert get_links("x=1")["A"] == "?x=1&it-sort=a%2Cb"
    assert get_links("")["B"] == "?it-sort=-b"
    assert get_links("it-sort=a,-b,c&it-page=2")["D"] == "?it-sort=d%2Ca%2C-b"
    html = html_of(table, "it-sort=-a,b")
    assert html.count("aria-sort") == 1
    assert '<th scope="col" aria-sort="descending"' in html
    assert '<sup aria-hidden="true">2</sup>' in html


def test_links_to_pages_keep_other_parameters():
    table = Table(value=[{"n": n} for n in range(60)], page_size=10)

    shown = view(table, "it-page=3&it-search=&a=1&a=2")

    assert (shown.first_row, shown.last_row, shown.total_text) == ("21", "30", "60")
    assert shown.previous_page is not None
    assert shown.previous_page.href == "?a=1&a=2&it-page=2"
    assert shown.first_page is not None
    assert shown.first_page.href == "?a=1&a=2"
    assert shown.last_page is not None
    assert shown.last_page.load.endswith("/@component/it/?a=1&a=2&it-page=6")
    assert view(table).first_page is None
    assert view(table, "it-page=6").next_page is None
    assert len(view(table, "it-size=50&it-page=2").rows) == 10


def test_search_form_keeps_order_and_foreign_parameters():
    table = Table(value=[{"n": n} for n in range(60)])
    html = html_of(table, "it-sort=-n&it-page=2&it-size=10&other-page=3&x=%3Cb%3E")
    hidden = re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', html)

    assert hidden == [("other-page", "3"), ("x", "&lt;b&gt;"), ("it-sort", "-n")]


@pytest.mark.parametrize(
    ("query", "page"),
    [("page=x", 1), ("page=-3", 1), ("page=2", 2), ("page=99", 3), ("page=1&it-page=2", 2)],
)
def test_page_out_of_range_is_the_nearest(query: str, page: int):
    table = Table(value=[{"n": n} for n in range(25)], page_size=10)

    assert view(table, f"it-{query}").page == page


def test_basic_table_ignores_parameters():
    table = BasicTable(value=[{"n": n} for n in range(60)])

    html = html_of(table, "it-sort=-n&it-search=5&it-page=2&it-size=10")

    assert html.count("<tr>") == 61
    assert html.index(">0<") < html.index(">59<")
    assert "<a" not in html
    assert "<form" not in html


def test_table_has_caption_region_and_labels():
    html = html_of(Table(value=[{"a": 1}, {"a": 2}], title="Two rows", page_size=1))

    assert '<caption class="dashboards-hidden">Two rows</caption>' in html
    assert 'role="group" aria-label="Two rows" tabindex="0"' in html
    assert '<th scope="col"' in html
    assert '<th scope="row"' in html
    assert 'role="status">1–1 of 2' in html  # noqa: RUF001
    assert 'aria-label="Pages of Two rows"' in html
    assert 'aria-current="page">Page 1 of 2<' in html
    visible = html_of(Table(value={"data": [{"a": 1}], "title": "Seen"}))
    assert "<caption>Seen</caption>" in visible
