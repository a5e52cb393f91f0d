"""What the style sheet makes of pages: nothing lies across another, and rows are level."""

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from playwright.async_api import Browser, Page

from dashboards.component import Gauge
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


TEXTS = ["53.33 %", "103.33 %", "Running", "1,234.56 kB", "A very long sentence", "12 / 34", "5 %"]
# The distance of each corner of the text from the middle of the arc, in the units of its drawing;
# the arc is 42 units away.
CORNERS = """() => [...document.querySelectorAll(".dashboards-gauge")].map((gauge) => {
    const drawing = gauge.querySelector("svg").getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(gauge.querySelector(".dashboards-gauge-text"));
    const unit = drawing.width / 120;
    const [x, y] = [drawing.left + 60 * unit, drawing.top + 60 * unit];
    return Math.max(...[...range.getClientRects()].flatMap(({ left, right, top, bottom, height }) =>
        [left, right].map((side) => Math.hypot(side - x, top + height / 5 - y) / unit)));
})"""


@pytest.mark.parametrize("kiosk", ["", ' class="dashboards-kiosk"'])
@pytest.mark.parametrize("width", [375, 1440])
async def test_text_of_a_gauge_does_not_touch_its_arc(browser: Browser, width: int, kiosk: str):
    """Regression: only the length of its longest number counted, so that "53.33 %" was as wide as
    the dial, and a sentence lay across it."""
    boxes = []
    for text in TEXTS:
        gauge = Gauge(key="gauge")
        drawn = {"component": gauge, "rendered_value": gauge.prepare_value({"text": text})}
        boxes.append(
            '<section class="dashboards-component"><div class="dashboards-component-content">'
            f"{render_to_string('dashboards/components/gauge.html', drawn)}</div></section>"
        )
    content = f'<div{kiosk}><div class="dashboards-grid">{"".join(boxes)}</div></div>'
    page = await open_page(browser, content, width)

    distances = dict(zip(TEXTS, await page.evaluate(CORNERS), strict=True))

    assert {text: far for text, far in distances.items() if far >= 41} == {}
    await page.close()


class Narrow(forms.Form):
    word = forms.CharField()
    ticked = forms.BooleanField()
    number = forms.IntegerField()


@pytest.mark.parametrize("css", ["dashboards-filters", "dashboards-form dashboards-is-filter"])
async def test_labels_of_a_row_of_filters_are_level_with_that_of_a_tick_box(
    browser: Browser, css: str
):
    """Regression: a box to tick is lower than other fields, and so was the label above it."""
    fields = "".join(
        render_to_string("dashboards/field.html", {"field": field}) for field in Narrow()
    )
    page = await open_page(browser, f'<form class="{css}">{fields}</form>', 1440)

    tops = await page.locator("label").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().top)"
    )

    assert len(tops) == 3
    assert max(tops) - min(tops) < 1
    await page.close()
