"""What the test kit reads in the HTML of a page."""

import pytest

from dashboards.testing.html import find_elements, read_content, read_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>1<span>234</span>&nbsp;€</p>", "1234 €"),
        ("<tr><td>a</td><td>b</td></tr>", "a b"),
        ('<b><span class="dashboards-hidden">Orders: </span>12</b>', "12"),
        ("a<br>b<script>c</script><style>d</style><p hidden>e</p>", "a b"),
        ("</p>a</p>&lt;b&gt;", "a <b>"),
        ("", ""),
        (
            '<div class="dashboards-drawing"><p class="dashboards-drawing-empty">No</p></div>',
            "",
        ),
        (
            '<p class="dashboards-drawing-loading">…</p><p class="dashboards-drawing-empty">No</p>',
            "No",
        ),
    ],
    ids=["inline", "cells", "hidden", "unread", "broken", "empty", "chart", "empty-chart"],
)
def test_text_is_what_a_viewer_reads(html: str, text: str) -> None:
    assert read_text(html) == text


def test_content_of_a_chart_is_its_figure() -> None:
    assert read_content('<p>a</p><script type="application/json">{"y":1}</script>') == 'a {"y":1}'


def test_elements_are_found_by_id_with_what_they_contain() -> None:
    html = (
        '<!doctype html>\n<main id="a" sse-connect="/s/?a&amp;b">\n<p>one<br>\n'
        '<b id="b">two</b></p><input id="c"></main>\n<p id="a">later</p>'
    )

    found = find_elements(html)

    assert found["a"].html == '\n<p>one<br>\n<b id="b">two</b></p><input id="c">'
    assert (found["b"].tag, found["b"].html) == ("b", "two")
    assert list(find_elements(html, "sse-connect")) == ["/s/?a&b"]
