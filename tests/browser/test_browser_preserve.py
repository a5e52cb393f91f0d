"""A viewer's state in a live box (focus, text, scroll, open details) is kept over an update."""

from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOX = "#site_live-note-content"
PUSH = """
from django.utils.safestring import mark_safe
from dashboards.live import push
from tests.site.dashboards import Live
push(Live, note=mark_safe({html!r}))
"""
WIDE_TEXT = "wide " * 400
CONTENT = """
<p id="said">Turn <b class="turn">{turn}</b> of many, and more to read.</p>
{more}
<details class="one"><summary>Order</summary><p>{turn}</p></details>
<details class="two" open><summary>Invoice</summary><p>{turn}</p></details>
<dialog class="plain"><p>{turn}</p></dialog>
<dialog class="modal"><p>{turn}</p></dialog>
<div class="tip" popover="manual">{turn}</div>
<pre class="wide">{turn} {wide}</pre>
<details class="dashboards-chart-data tall" open><summary>All</summary><pre>{lines}</pre></details>
<input class="typed" value="begun {turn}">
<input class="untouched" value="begun {turn}">
<input class="ticked" type="checkbox"><input class="cleared" type="checkbox" checked>
<input class="r-a" type="radio" name="r" value="a"{a}>
<input class="r-b" type="radio" name="r" value="b">
<input class="r-c" type="radio" name="r" value="c"{c}>
<input class="range" type="range" value="{turn}">
<input class="file" type="file">
<textarea class="text">begun {turn}</textarea>
<textarea class="large">same {turn}</textarea>
<select class="chosen"><option>x {turn}</option><option>y</option></select>
<select class="many" multiple><option selected>x</option><option>y</option></select>
<div class="edited" contenteditable="true">begun {turn}</div>
<video class="film" loop></video>
<a class="link" href="/?{turn}">link {turn}</a>
"""
USE_BOX = """() => {
    const box = document.querySelector("#site_live-note-content");
    const $ = (name) => box.querySelector("." + name);
    const give = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));
    $("one").open = true;
    $("two").open = false;
    $("plain").show();
    $("modal").showModal();
    $("modal").close();
    $("tip").showPopover();
    $("wide").scrollLeft = 300;
    $("tall").scrollTop = 400;
    for (const [name, change] of Object.entries({
        typed: { value: "mine" }, ticked: { checked: true }, cleared: { checked: false },
        range: { value: 77 }, text: { value: "my text" }, "r-b": { checked: true },
    })) {
        Object.assign($(name), change);
        give($(name));
    }
    $("chosen").selectedIndex = 1;
    give($("chosen"));
    $("many").options[0].selected = false;
    $("many").options[1].selected = true;
    give($("many"));
    $("edited").textContent = "my words";
    give($("edited"));
    $("large").style.width = "301px";
    $("large").style.height = "77px";
    $("film").volume = 0.25;
    window.film = $("film");
}"""
READ_BOX = """() => {
    const box = document.querySelector("#site_live-note-content");
    const $ = (name) => box.querySelector("." + name);
    return {
        one: $("one").open,
        two: $("two").open,
        plain: $("plain").open,
        modal: $("modal").open,
        tip: $("tip").matches(":popover-open"),
        scroll: [$("wide").scrollLeft, $("tall").scrollTop],
        typed: $("typed").value,
        ticked: $("ticked").checked,
        cleared: $("cleared").checked,
        radio: box.querySelector("[name=r]:checked").value,
        range: $("range").value,
        file: $("file").files.length,
        text: $("text").value,
        large: [$("large").style.width, $("large").style.height],
        chosen: $("chosen").value,
        many: $("many").value,
        edited: $("edited").textContent,
        film: $("film") === window.film && $("film").volume,
    };
}"""
KEPT = {
    "one": True,
    "two": False,
    "plain": True,
    "modal": False,
    "tip": True,
    "scroll": [300, 400],
    "typed": "mine",
    "ticked": True,
    "cleared": False,
    "radio": "b",
    "range": "77",
    "file": 1,
    "text": "my text",
    "large": ["301px", "77px"],
    "chosen": "y",
    "many": "y",
    "edited": "my words",
    "film": 0.25,
}


def content(turn: int, **given: Any) -> str:
    lines = "\n".join(f"line {number} of turn {turn}" for number in range(200))
    fields = {"turn": turn, "wide": WIDE_TEXT, "lines": lines, "more": "", "a": " checked", "c": ""}
    return CONTENT.format(**{**fields, **given})


async def update(site: Site, page: Page, turn: int, html: str = "") -> None:
    site.execute(PUSH.format(html=html or content(turn)))
    await expect(page.locator(f"{BOX} .turn")).to_have_text(str(turn))


async def begin(site: Site, page: Page) -> None:
    await page.goto(f"{site.url}/site/live/")
    await expect(page.locator("#site_live")).to_have_attribute("data-dashboards-live", "open")
    await update(site, page, 1)


async def test_update_keeps_open_details_text_and_scroll(site: Site, page: Page):
    """Regression: a viewer had opened details, typed and scrolled in a live box, and a push undid
    all of it. An update keeps it, also where the server sends something else."""
    await begin(site, page)
    chosen: FilePayload = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}
    await page.locator(f"{BOX} .file").set_input_files(files=[chosen])
    await page.evaluate(USE_BOX)
    # The scroll event follows with the next animation frame.
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    assert await page.evaluate(READ_BOX) == KEPT

    more = "<details><summary>New</summary></details><p>Something new above.</p>"
    await update(site, page, 2, content(2, more=more, a="", c=" checked"))

    assert await page.evaluate(READ_BOX) == KEPT
    assert await page.locator(f"{BOX} .untouched").input_value() == "begun 2"
    assert await page.locator(f"{BOX} .two").get_by_text("2").count() == 1
    assert await page.locator(f"{BOX} details").first.get_attribute("open") is None


@pytest.mark.parametrize("name", ["typed", "text", "edited"])
async def test_update_does_not_interrupt_typing(site: Site, page: Page, name: str):
    await begin(site, page)
    field = page.locator(f"{BOX} .{name}")
    await field.focus()
    await page.keyboard.press("Home")
    await page.keyboard.type("a")

    for turn in (2, 3):
        await update(site, page, turn)
        await page.keyboard.type("b")

    shown = await field.evaluate("(each) => each.value ?? each.textContent")
    assert shown == "abbbegun 1"


async def test_update_keeps_focus_and_page_scroll(site: Site, page: Page):
    await begin(site, page)
    await page.locator(f"{BOX} .link").focus()
    await page.evaluate("() => scrollTo(0, 120)")
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
    )
    focus = "() => document.activeElement.className"

    await update(site, page, 2)
    assert await page.evaluate(focus) == "link"
    assert await page.evaluate("() => scrollY") == 120

    # If the focused element was removed, focus moves to the box.
    await update(site, page, 3, '<b class="turn">3</b>')
    assert await page.evaluate("() => `#${document.activeElement.id}`") == BOX


async def test_update_does_not_take_focus(site: Site, page: Page):
    await begin(site, page)
    await update(site, page, 2, content(2, more='<input class="new" autofocus>'))
    assert await page.evaluate("() => document.activeElement === document.body")
    link = page.locator(f"{BOX} .link")
    await link.focus()

    await update(site, page, 3, content(3, more='<input class="new" autofocus>'))

    await expect(link).to_be_focused()


async def test_update_keeps_selected_text(site: Site, page: Page):
    await begin(site, page)
    await page.evaluate(
        """() => {
            const said = document.querySelector("#said");
            getSelection().setBaseAndExtent(said.firstChild, 2, said.lastChild, 9);
        }"""
    )
    assert await page.evaluate("String(getSelection())") == "rn 1 of many,"

    await update(site, page, 2)

    assert await page.evaluate("String(getSelection())") == "rn 2 of many,"


async def test_update_keeps_open_select_and_modal_dialog(site: Site, page: Page):
    await begin(site, page)
    await page.evaluate(f"document.querySelector('{BOX} .modal').showModal()")
    await update(site, page, 2)
    assert await page.locator(f"{BOX} .modal:modal").count() == 1
    await page.keyboard.press("Escape")

    chosen = page.locator(f"{BOX} .chosen")
    await chosen.focus()
    await page.evaluate(f"window.before = [...document.querySelector('{BOX} .chosen').options]")
    await update(site, page, 3)

    # Chromium closes the list of a select when its options change.
    assert await chosen.evaluate("(each) => before.every((one, at) => each.options[at] === one)")
    assert await chosen.evaluate("(each) => each.options[0].text") == "x 2"


async def test_update_keeps_open_details_with_their_row(site: Site, page: Page):
    """Regression: new entries were inserted above; the open one closed, and another opened in its
    place."""
    await begin(site, page)
    line = "<details><summary>{name}</summary>{name} {turn}</details>"
    lines = [line.format(name=name, turn=1) for name in "abc"]
    await update(site, page, 2, f'<b class="turn">2</b>{"".join(lines)}')
    await page.locator(f"{BOX} details", has_text="b 1").locator("summary").click()

    lines = [line.format(name=name, turn=2) for name in "zabc"]
    await update(site, page, 3, f'<b class="turn">3</b>{"".join(lines)}')

    opened = page.locator(f"{BOX} details[open]")
    await expect(opened).to_have_count(1)
    await expect(opened.locator("summary")).to_have_text("b")
