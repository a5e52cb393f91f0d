"""What axe finds on a page: WCAG 2.2, levels A and AA, in both themes at three widths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import axe_playwright_python
from playwright.async_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
WIDTHS = (390, 820, 1440)
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
# A theme changes colours only, so each width has all rules once, and those of colours twice.
RUN_AXE = """async (hasAllRules) => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const ofColours = {type: "rule", values: ["color-contrast", "link-in-text-block"]};
    const {violations} = await axe.run(document, {
        preload: false,
        resultTypes: ["violations"],
        runOnly: hasAllRules ? {type: "tag", values: tags} : ofColours,
        rules: hasAllRules ? {"landmark-unique": {enabled: true}} : {},
    });
    return violations.flatMap(({id, nodes}) =>
        nodes.map(({target, failureSummary}) => [id, String(target), failureSummary]));
}"""


async def find_violations(page: Page, widths: Sequence[int] = WIDTHS) -> list[str]:
    """Return what axe finds, and where the page is wider than the window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        # The second theme begins at the width that the first has ended with: charts are redrawn
        # less often.
        for width in widths if scheme == SCHEMES[0] else reversed(widths):
            await page.set_viewport_size({"width": width, "height": 900})
            # Charts follow in the next frames.
            await page.wait_for_function(
                "width => document.documentElement.scrollWidth === width", arg=width
            )
            violations = await page.evaluate(RUN_AXE, scheme == SCHEMES[0])
            found += [f"{scheme}, {width} px: {each}" for each in violations]
    return found
