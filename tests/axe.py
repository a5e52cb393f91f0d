"""What axe finds on a page: WCAG 2.2, levels A and AA, in both themes at three widths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import axe_playwright_python
from playwright.async_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
WIDTHS = (390, 820, 1440)
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
RUN_AXE = """async () => {
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const rules = {"landmark-unique": {enabled: true}};
    const {violations} = await axe.run(
        document, {preload: false, runOnly: {type: "tag", values}, rules});
    return violations.flatMap(({id, nodes}) =>
        nodes.map(({target, failureSummary}) => [id, String(target), failureSummary]));
}"""


async def find_violations(page: Page, widths: Sequence[int] = WIDTHS) -> list[str]:
    """Return what axe finds, and where the page is wider than the window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found = []
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 900})
        # Charts follow in the next frames.
        await page.wait_for_function(
            "width => document.documentElement.scrollWidth === width", arg=width
        )
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            violations = await page.evaluate(RUN_AXE)
            found += [f"{scheme}, {width} px: {each}" for each in violations]
    return found
