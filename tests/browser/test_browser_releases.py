"""Deploys under open pages: each page reloads when its server has a newer release."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, Request, Route

from tests.conftest import MakeSite
from tests.harness import ROOT, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIVE = "#site_live"

DASHBOARDS = """
from dataclasses import dataclass

from dashboards.component import Chart, Drawing, Stat
from dashboards.dashboard import Dashboard
from dashboards.registry import registry


@dataclass
class Bars(Drawing):
    element = "shop-bars"
    scripts = (*Drawing.scripts, "shop/bars.js")


@registry.register
class Board(Dashboard):
    {key} = Stat(live=True, title="{title}")
    bars = Bars(value=[1, 2])
    chart = Chart(value={{"data": [{{"y": [1, 2]}}]}})

    class Meta:
        template_name = "shop/board.html"
"""

TEMPLATE = """{{% extends "dashboards/dashboard.html" %}}
{{% block header %}}<h1>{title}</h1>{{% endblock %}}
"""

SCRIPT = """
customElements.define("shop-bars", class extends window.dashboards.Drawing {{
  draw(value, surface) {{ surface.textContent = `{title}: ${{value.length}} bars`; }}
}});
"""

PLOTLY = """
window.Plotly = {{
  version: "{title}", register() {{}}, purge() {{}}, Plots: {{ resize() {{}} }},
  async react(plot) {{ plot.dataset.drawnBy = "{title}"; plot.on = () => {{}}; return plot; }},
}};
"""
"""In place of some megabytes, which forty pages would read twice."""


def write_release(folder: Path, key: str, title: str) -> None:
    """Write the app ``shop`` as a release has it."""
    static, templates = folder / "shop/static", folder / "shop/templates"
    files = {
        folder / "shop/__init__.py": "",
        folder / "shop/dashboards.py": DASHBOARDS,
        templates / "shop/board.html": TEMPLATE,
        static / "shop/bars.js": SCRIPT,
        static / "dashboards/plotly/plotly.min.js": PLOTLY,
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(key=key, title=title))


def loads_of(page: Page) -> list[Request]:
    """Collect the navigations of a page from now on."""
    loads: list[Request] = []
    page.on("request", lambda each: loads.append(each) if each.is_navigation_request() else None)
    return loads


async def wait_for_loads(loads: list[Request], number: int) -> None:
    """Wait until there were so many navigations."""
    for _ in range(400):
        if len(loads) >= number:
            break
        await asyncio.sleep(0.05)
    assert len(loads) == number


READ_PAGE = """() => {
  const text = (selector) => document.querySelector(selector)?.innerText.trim() ?? "";
  return {
    template: text("#shop_board h1"),
    boxes: Array.from(document.querySelectorAll(".dashboards-component"), ({ id }) => id),
    value: text(".dashboards-kind-stat .dashboards-component-content"),
    bars: text("shop-bars").split(":")[0],
    chart: document.querySelector("[data-drawn-by]")?.dataset.drawnBy ?? "",
    addresses: [...new Set(Array.from(document.querySelectorAll("script[src]"),
      ({ src }) => new URL(src).pathname.split("/")[1]))],
  };
}"""
"""What a page shows, and where its scripts come from."""


async def show(pages: list[Page], *, key: str, title: str, value: str, static: str) -> None:
    """Wait until all pages are as a release makes them, with what was pushed last."""
    right = {
        "template": title,
        "boxes": [f"shop_board-{each}" for each in (key, "bars", "chart")],
        "value": value,
        "bars": title,
        "chart": title,
        "addresses": [static],
    }
    shown: list[Any] = []
    for _ in range(180):
        # A page that is just reloading cannot be queried.
        asked = (page.evaluate(READ_PAGE) for page in pages)
        shown = await asyncio.gather(*asked, return_exceptions=True)
        if shown == [right] * len(pages):
            return
        await asyncio.sleep(0.5)
    assert shown == [right] * len(pages)


@pytest.fixture
def shop(make_site: MakeSite, tmp_path: Path) -> Site:
    """The first release of a site, with files that a test may rewrite."""
    write_release(tmp_path, "orders", "First")
    return make_site(
        "uvicorn",
        TEST_APPS="shop",
        TEST_STATIC_URL="/static-1/",
        TEST_RELOAD_SPREAD="3",
        # Most of the forty get no connection of their own: a browser has six.
        TEST_POLL="3000",
        TEST_FORGET_AFTER="0",
        PYTHONPATH=f"{ROOT}:{tmp_path}",
        PYTHONDONTWRITEBYTECODE="1",
    )


def deploy(shop: Site, folder: Path) -> None:
    """Stop the first release and start the second: template, scripts, component, plotly."""
    shop.stop()
    write_release(folder, "requests", "Second")
    shop.environment["TEST_STATIC_URL"] = "/static-2/"
    shop.start()


async def test_deploy_reloads_each_page_once(shop: Site, context: BrowserContext, tmp_path: Path):
    # A page that was opened before a deploy went on with the template, the scripts and the boxes of
    # the release before: a component that was renamed stood there for ever, and got no value.
    async def open_page() -> Page:
        page = await context.new_page()
        await page.goto(f"{shop.url}/shop/board/")
        return page

    shop.push_to("Board", orders=1)
    pages = await asyncio.gather(*(open_page() for _ in range(8)))
    await show(pages, key="orders", title="First", value="1", static="static-1")
    loads = [loads_of(page) for page in pages]

    deploy(shop, tmp_path)
    shop.push_to("Board", requests=2)

    second = {"key": "requests", "title": "Second", "static": "static-2"}
    await show(pages, **second, value="2")
    shop.push_to("Board", requests=3)
    await show(pages, **second, value="3")
    assert [len(each) for each in loads] == [1] * 8, "each reloads once"
    shop.execute(
        "from dashboards.models import Frame;"
        "frames = Frame.objects.exclude(channel='reports:');"
        'assert {each.key for each in frames} == {"requests"}, frames'
    )


# Reactions of a page to the release in its stream.


async def answer_streams(page: Page) -> Callable[[str], None]:
    """Answer the page's streams, and say which release: that is the returned function's to set.

    Whoever looks whether the page is served finds it of that release; who loads it, of the site's.
    """
    named = ""

    def name(release: str) -> None:
        nonlocal named
        named = release

    async def answer(route: Route) -> None:
        body = f"retry: 50\nrelease: {named}\n\n" if named else "retry: 50\n\n"
        await route.fulfill(body=body, content_type="text/event-stream")

    async def serve(route: Route) -> None:
        if route.request.is_navigation_request():
            await route.continue_()
        else:
            await route.fulfill(body=f'<script data-dashboards-site-release="{named}">')

    await page.route("**/@stream/**", answer)
    await page.route("**/site/live/", serve)
    return name


async def test_page_reloaded_once_per_release(site: Site, page: Page):
    # Servers of two releases, between which each request may choose, would have a page load itself
    # for ever.
    name = await answer_streams(page)
    await page.goto(f"{site.url}/site/live/")
    loads = loads_of(page)
    for number, release in enumerate(("second", "third"), 1):
        name(release)
        await wait_for_loads(loads, number)
    name("second")
    await asyncio.sleep(1.2)
    assert len(loads) == 2

    # Ten minutes later the page is still of another release than its server.
    key = "dashboards-reloads /site/live/"
    await page.evaluate(
        """key => sessionStorage.setItem(key, sessionStorage.getItem(key).replace(
            /"at":\\d+/g, `"at":${Date.now() - 600_000}`))""",
        key,
    )
    await wait_for_loads(loads, 3)


async def test_page_not_reloaded_when_its_own_release_returns(site: Site, page: Page):
    name = await answer_streams(page)
    await page.goto(f"{site.url}/site/live/")
    loads = loads_of(page)
    script = page.locator("[data-dashboards-site-release]")
    own = await script.get_attribute("data-dashboards-site-release")
    assert own
    await page.evaluate("document.body.append(document.createElement('input'))")
    await page.locator("body > input").focus()
    name("second")
    await asyncio.sleep(0.5)
    name(own)
    await asyncio.sleep(0.5)
    await page.evaluate("document.activeElement.blur()")
    await asyncio.sleep(1)
    assert not loads


FIELDS = {
    "focus": ("<input>", lambda field: field.focus(), ""),
    "editable": ("<p contenteditable>", lambda field: field.focus(), ""),
    "typed": ("<input>", lambda field: field.fill("x"), "field.value = ''"),
    "ticked": ("<input type=checkbox>", lambda field: field.check(), "field.checked = false"),
    "chosen": (
        "<select><option>a<option>b</select>",
        lambda field: field.select_option("b"),
        "field.value = 'a'",
    ),
}
"""By the way in which a field is used: its HTML, how it is edited, the script that undoes it."""


async def add(page: Page, html: str) -> None:
    await page.evaluate(
        """html => {
            const added = document.createElement("div");
            added.id = "added";
            added.innerHTML = window.dashboards.trust.createHTML(html);
            document.body.append(added);
        }""",
        html,
    )


@pytest.mark.parametrize("kind", FIELDS)
async def test_page_with_edited_field_not_reloaded(site: Site, page: Page, kind: str):
    html, use, undo = FIELDS[kind]
    name = await answer_streams(page)
    await page.goto(f"{site.url}/site/live/")
    await add(page, html)
    field = page.locator("#added > :first-child")
    await use(field)
    if kind in ("typed", "ticked", "chosen"):
        await field.blur()
    loads = loads_of(page)
    name("second")
    await asyncio.sleep(1)
    assert not loads

    async with page.expect_navigation(timeout=20_000):
        # In one script: the page may be gone after the first step.
        await field.evaluate(f"field => {{ field.focus(); {undo}; field.blur(); }}")
    assert len(loads) == 1


async def test_page_with_unedited_fields_reloaded(site: Site, page: Page):
    # A range that was sent without a value counted as filled in, for it begins in its middle.
    name = await answer_streams(page)
    await page.goto(f"{site.url}/site/live/")
    numbers = "<input type=range><input type=range max=10 value=3><input type=number value=x>"
    others = (
        "<input type=color><textarea>\na</textarea><select><option>a<option selected>b</select>"
    )
    await add(page, f"{numbers}{others}<input type=checkbox checked>")
    async with page.expect_navigation(timeout=20_000):
        name("second")


async def test_page_not_reloaded_while_server_is_down(site: Site, page: Page):
    # A page that reloads during the restart of the server is lost; from a server of the old
    # release, or a cache, it would come as it was.
    old: dict[str, Any] = {"body": '<script data-dashboards-site-release="first">'}
    answers = itertools.cycle([{"status": 502}, old])
    name = await answer_streams(page)
    await page.goto(f"{site.url}/site/live/")
    loads = loads_of(page)
    asked: asyncio.Queue[Route] = asyncio.Queue()

    async def refuse(route: Route) -> None:
        asked.put_nowait(route)
        await route.fulfill(**next(answers))

    await page.route("**/site/live/", refuse)
    name("second")
    assert "dashboards-automatic" in (await asked.get()).request.headers
    await asked.get()
    assert not loads
    async with page.expect_navigation(timeout=20_000):
        await page.unroute("**/site/live/", refuse)
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused answers
    [load] = loads
    assert "dashboards-automatic=1" in (await load.all_headers())["cookie"]
