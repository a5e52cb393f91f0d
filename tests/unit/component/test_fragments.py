"""Templates that are rendered once with placeholders, kept, and filled with texts."""

from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from pytest_django import Settings

from dashboards.component import CTA, Component, Stat, Text
from dashboards.component.fragments import _MAX_FRAGMENTS, _fragments
from dashboards.dashboard import Dashboard
from tests.site.dashboards import HOSTILE

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


def test_safe_text_leaves_an_equal_text_escaped():
    """An equal text that is not safe has the same hash, and is another box all the same."""
    text = "<b>Sales</b>"
    for component in (
        lambda title: Text(value="x", title=title),
        lambda title: Text(value="x", icon=title),
        lambda title: Text(value="x", grid_css_classes=title),
        lambda title: Text(value="x", css_classes=title),
        lambda title: Text(value="x", cta=CTA("/", title)),
    ):
        assert text in box(component(mark_safe(text)))
        assert text not in box(component(text))
        assert "&lt;b&gt;Sales" in box(component(text))


def test_placeholder_in_the_content_is_kept():
    for text in ("<dashboards-content>", "<dashboards-attributes>", HOSTILE):
        html = box(Text(value=mark_safe(text), title=text))
        assert html.count(text) == 1, "the content as it was marked safe, the title escaped"
        assert html.count("</section>") == 1


def test_fragment_is_kept_for_each_language():
    waiting = Stat(live=True)
    assert "Waiting for the first value" in box(waiting)
    with translation.override("de"):
        box(waiting)
    mine = [key for key in _fragments if "'de'" in str(key[1]) and "'waiting'" in str(key[1])]
    assert len(mine) == 1
    assert "Waiting for the first value" in box(waiting)


def test_template_of_the_project_is_used(settings: Settings):
    assert "mine" not in box(Text(value="x", title="A"))
    own = "<section class=mine {{ attributes }}>{{ content }} {{ title }} {{ content }}</section>"
    settings.TEMPLATES = [
        {
            **settings.TEMPLATES[0],
            "APP_DIRS": False,
            "OPTIONS": {
                **settings.TEMPLATES[0].get("OPTIONS", {}),
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"dashboards/component.html": own}),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        },
    ]

    html = box(Text(value="x", title="A"))

    assert html.startswith("<section class=mine ")
    assert html.count("x</div>") == 2


def test_number_of_fragments_is_bounded():
    for number in range(_MAX_FRAGMENTS + 10):
        box(Text(value="x", title=f"Title {number}"))
    assert len(_fragments) <= _MAX_FRAGMENTS
