"""Templates that are rendered once with placeholders, kept, and filled with texts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from pytest_django import Settings

from dashboards.component import CTA, Component, Stat, Text, fragments
from dashboards.dashboard import Dashboard
from tests.site.dashboards import HOSTILE
from tests.unit.component.support import use_templates

pytestmark = pytest.mark.django_db


def box(component: Component) -> SafeString:
    class Boxes(Dashboard):
        class Meta:
            app_label = "site"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.components["it"] = component

    return Boxes(RequestFactory().get("/")).render_box("it")


def test_equal_boxes_keep_their_contents():
    first, second = box(Text(value="1st", title="A")), box(Text(value="2nd", title="A"))

    assert "1st" in first
    assert second == first.replace("1st", "2nd")


@pytest.mark.parametrize(
    "make",
    [
        lambda text: Text(value="x", title=text),
        lambda text: Text(value="x", icon=text),
        lambda text: Text(value="x", grid_css_classes=text),
        lambda text: Text(value="x", css_classes=text),
        lambda text: Text(value="x", cta=CTA("/", text)),
        lambda text: Text(value="x", menu=[CTA("/", text)]),
    ],
    ids=["title", "icon", "grid_css_classes", "css_classes", "cta", "menu"],
)
def test_safe_text_leaves_an_equal_text_escaped(make: Callable[[str], Component]):
    """A text that is marked safe equals one that is not, and has the same hash."""
    text = "<b>Sales</b>"

    assert text in box(make(mark_safe(text)))
    assert text not in box(make(text))
    assert "&lt;b&gt;Sales" in box(make(text))


@pytest.mark.parametrize("text", ["<dashboards-content>", "<dashboards-attributes>", HOSTILE])
def test_placeholder_in_the_content_is_kept(text: str):
    html = box(Text(value=mark_safe(text), title=text))

    assert html.count(text) == 1, "the content as it was marked safe, the title escaped"
    assert html.count("</section>") == 1


def test_fragment_is_kept_for_each_language(settings: Settings):
    words = "{% load i18n %}{% get_current_language as language %}in {{ language }}"
    use_templates(settings, {"dashboards/state.html": words})
    waiting = Stat(live=True)

    assert "in en-us" in box(waiting)
    with translation.override("de"):
        assert "in de" in box(waiting)
    assert "in en-us" in box(waiting)


def test_template_of_the_project_is_used(settings: Settings):
    # The package's template is kept before the project's one is there.
    assert "mine" not in box(Text(value="x", title="A"))
    own = "<section class=mine {{ attributes }}>{{ content }} {{ title }} {{ content }}</section>"
    use_templates(settings, {"dashboards/component.html": own})

    html = box(Text(value="x", title="A"))

    assert html.startswith("<section class=mine ")
    assert html.count("x</div>") == 2


def test_number_of_fragments_is_bounded(monkeypatch: pytest.MonkeyPatch):
    kept: dict[Any, str] = {}
    monkeypatch.setattr(fragments, "_fragments", kept)
    monkeypatch.setattr(fragments, "_MAX_FRAGMENTS", 10)

    for number in range(15):
        box(Text(value="x", title=f"Title {number}"))

        assert 0 < len(kept) <= 10
