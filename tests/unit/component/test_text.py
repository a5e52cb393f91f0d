"""Text: plain, as HTML and as Markdown."""

from typing import Any

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from dashboards.component import Text
from dashboards.component.text import Markup
from dashboards.exceptions import DeclarationError
from tests.unit.component.support import html_of, render


@pytest.mark.parametrize("value", ["words", 7, ["a"], {"any": "thing"}, gettext_lazy("Yes")])
def test_text_accepts_any_value(value: Any):
    assert str(value) in render(Text(value=value)).text


def test_text_keeps_line_breaks():
    html = render(Text(value="one\ntwo\r\nthree"))

    assert html.tags.count("br") == 2
    assert [each for each in html.texts if each.strip()] == ["one", "two", "three"]


def test_html_is_sanitized():
    pytest.importorskip("nh3")
    html = html_of(Text(markup="html", value='<b onclick="x()">bold</b><script>x()</script>'))
    assert "<b>bold</b>" in html
    assert "script" not in html
    assert "onclick" not in html


def test_markdown_is_rendered_with_escaped_html():
    pytest.importorskip("markdown_it")
    html = html_of(Text(markup="markdown", value="# Head\n\n<img src=x> [a](javascript:alert(1))"))
    assert "<h3>Head</h3>" in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_unknown_markup_is_refused():
    with pytest.raises(DeclarationError, match=r"Text\(markup='rst'\)"):
        Text(markup="rst")


def test_markdown_table_has_no_inline_style():
    pytest.importorskip("markdown_it")
    html = html_of(Text(markup="markdown", value="| a | b |\n|---|--:|\n| x | 1 |"))
    assert "style=" not in html
    assert '<td class="dashboards-is-right">1</td>' in html


def test_safe_text_is_unchanged():
    assert html_of(Text(value=mark_safe("<p>a</p>\n<p>b</p>"))).count("<br>") == 0
    assert "<br>" in html_of(Text(value="a\nb"))


def test_markup_longer_than_the_limit_is_shown_as_plain_text(caplog: pytest.LogCaptureFixture):
    """``Text(markup=…)`` took 1.3 s for 100 KB of hostile text, and 5.2 s for 200 KB.

    A text beyond the limit is shown as it was written, and the log names the setting.
    """
    pytest.importorskip("markdown_it")
    text = Text(markup="markdown")

    assert isinstance(text.prepare_value("*a*" * 1000), Markup)
    long = text.prepare_value("*" * 20_001)

    assert long == "*" * 20_001
    assert not isinstance(long, Markup)
    assert "shown as plain text: DASHBOARDS['MAX_MARKUP_LENGTH'] is 20000." in caplog.text
