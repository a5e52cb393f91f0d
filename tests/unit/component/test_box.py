"""The box around a component's content: heading, icon, link, classes and ids."""

from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from dashboards.component import CTA, Stat, Text
from tests.unit.component.support import box, dashboard_of


def test_call_to_action_is_a_link():
    html = box(dashboard_of(it=Text(value="x", cta=CTA(href="/more/?a=1&b=2"))), "it")

    assert html.values("href") == ["/more/?a=1&b=2"]
    assert "Find out more" in html.text


def test_box_without_a_call_to_action_has_no_link():
    assert "a" not in box(dashboard_of(it=Text(value="x")), "it").tags


def test_menu_has_the_links_that_are_safe():
    links = [CTA("/a/?b=1&c=2", "<b>"), CTA("javascript:x", "Bad"), CTA(lambda _: "/c/", "C")]
    html = box(dashboard_of(it=Stat(value=1, menu=links)), "it")

    assert html.values("href") == ["/a/?b=1&c=2", "/c/"]
    assert "<b>" in html.text
    assert "Bad" not in html.text
    assert html.values("data-dashboards-no-menu") == []


@pytest.mark.parametrize("component", [Stat(value=1, menu=None), Text(value="x")])
def test_box_without_a_menu_says_so(component: Any):
    html = box(dashboard_of(it=component), "it")

    assert len(html.values("data-dashboards-no-menu")) == 1


@pytest.mark.parametrize(
    ("title", "shown"),
    [(None, "Room temperature"), ("Warmth", "Warmth"), (gettext_lazy("Yes"), "Yes")],
)
def test_heading_is_the_title_or_made_from_the_key(title: Any, shown: str):
    html = box(dashboard_of(room_temperature=Text(value="x", title=title)), "room_temperature")

    assert "h2" in html.tags
    assert shown in html.text


def test_empty_title_hides_the_heading():
    html = box(dashboard_of(it=Text(value="x", title="", icon="star")), "it")

    assert "h2" not in html.tags
    assert html.values("aria-labelledby") == []


def test_box_has_the_declared_classes_and_icon():
    html = box(
        dashboard_of(
            it=Text(value="x", icon="bi bi-cpu", css_classes="dark", grid_css_classes="span-6")
        ),
        "it",
    )

    classes = [str(each).split() for each in html.values("class")]
    assert {"dashboards-component", "dark", "span-6"} <= set(classes[0])
    assert ["bi", "bi-cpu"] in classes


def test_ids_are_made_of_dashboard_and_key():
    dashboard = dashboard_of(one=Text(value="x"), two=Text(value="x"))
    ids = [each for key in ("one", "two") for each in box(dashboard, key).values("id")]

    assert len(ids) == len(set(ids))
    assert {"site_own-one", "site_own-one-content"} <= set(ids)
