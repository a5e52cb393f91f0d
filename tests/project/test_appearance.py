"""What the style sheet makes of pages: nothing lies across another, and rows are level."""

import pytest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from playwright.async_api import Browser, Page

from tests.project.test_style import ORIGIN, serve, show

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLACES = """() => [...document.querySelectorAll(".dashboards-component")].map((box) => {
    const content = box.querySelector(".dashboards-component-content");
    const words = box.querySelector(".dashboards-state > *");
    const from = content.getBoundingClientRect(), at = words.getBoundingClientRect();
    const card = box.closest(".dashboards-card").getBoundingClientRect();
    const across = from.bottom - at.top, out = at.bottom - card.bottom;
    return { across, indent: at.left - from.left, out };
})"""


async def open_page(browser: Browser, content: str, width: int) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": 800})
    await page.route(f"{ORIGIN}/static/**", serve)
    await show(
        page,
        '<!doctype html><meta name="viewport" content="width=device-width">'
        '<link rel="stylesheet" href="/static/dashboards/css/dashboards.css">'
        f'<body class="dashboards-page"><main class="dashboards-dashboard">{content}</main>',
    )
    return page


def make_waiting_box(kind: str) -> str:
    state = SafeString('<span class="dashboards-is-waiting">Waiting for the first value…</span>')
    context = {"kind": kind, "dom_id": kind, "title": kind, "level": "2", "has_menu": True}
    return render_to_string(
        "dashboards/component.html", {**context, "has_state": True, "state": state, "parts": {}}
    )


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("heading", ["", "Heading"])
async def test_words_of_a_waiting_box_in_a_card_stand_below_its_shape(
    browser: Browser, width: int, heading: str
):
    """Regression: "Waiting for the first value…" lay across the bar of a Progress, and was indented
    by the padding that a box in a card does not have."""
    boxes = SafeString("".join(map(make_waiting_box, ("progress", "stat", "gauge", "text"))))
    card = render_to_string(
        "dashboards/layout/card.html",
        {"heading": heading, "components": boxes, "level": 2, "parts": {}},
    )
    page = await open_page(browser, f'<div class="dashboards-grid">{card}</div>', width)

    places = await page.evaluate(PLACES)

    assert len(places) == 4
    for place in places:
        assert place["across"] <= 2
        assert place["indent"] == 0
        assert place["out"] <= 0
    await page.close()
