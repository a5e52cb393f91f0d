"""Lines over time break where nothing was measured; a point between two gaps is a dot."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site
from tests.site.dashboards import line

pytestmark = pytest.mark.asyncio(loop_scope="session")


def at(*minutes: float, zone: str = "") -> list[str]:
    return [f"2026-07-01 12:{int(each):02}:{round(each % 1 * 60):02}{zone}" for each in minutes]


# The seconds between two values of the series, its trace, and the indexes of breaks.
CASES: dict[str, tuple[int, dict[str, Any], list[int]]] = {
    "regular": (0, {"x": at(0, 1, 2, 10, 11)}, [3]),
    "texts with a zone": (0, {"x": at(0, 1, 2, 10, 11, zone="+02:00")}, [3]),
    "a value that is missing": (0, {"x": [*at(0, 1, 2), None, *at(10, 11)]}, [4]),
    "two points of a series": (5, {"x": at(0, 1)}, [1]),
    "two points, interval unknown": (0, {"x": at(0, 1)}, []),
    "values that took longer than declared": (5, {"x": at(0, 1, 2, 3, 9)}, [4]),
    "irregular": (0, {"x": at(0, 0.1, 2, 2.2, 7, 7.5, 8, 17, 17.1, 30)}, []),
    "irregular series": (60, {"x": at(0, 0.1, 0.2, 10)}, [3]),
    "bars": (0, {"type": "bar", "x": at(0, 1, 2, 10, 11)}, []),
    "connected": (5, {"connectgaps": True, "x": at(0, 1, 2, 10, 11)}, []),
    "stacked": (0, {"stackgroup": "one", "x": at(0, 1, 2, 10, 11)}, []),
    "numbers": (5, {"x": [0, 1, 2, 10, 11]}, []),
    "an hour that the clock shows twice": (
        0,
        {"x": [f"2026-11-01T0{hour}:{minute}0:00Z" for hour in (5, 6, 7) for minute in range(6)]},
        [],
    ),
}


async def test_line_breaks_where_nothing_was_measured(site: Site, page: Page):
    # Regression: two values with a pause of minutes between them were joined by a line, and a
    # single value between two gaps was not drawn.
    await page.goto(f"{site.url}/site/drawn/", wait_until="domcontentloaded")
    await page.wait_for_function("window.dashboards?.gaps")
    broken = await page.evaluate(
        """cases => cases.map(([seconds, trace]) => {
          trace.y = trace.x.map((_, at) => at);
          const { x } = dashboards.gaps.breakGaps(trace, seconds);
          return x.flatMap((each, at) => (each === null && trace.x[at] !== null ? [at] : []));
        })""",
        [[seconds, {"mode": "lines", **trace}] for seconds, trace, _ in CASES.values()],
    )
    expected = {name: breaks for name, (_, _, breaks) in CASES.items()}
    assert dict(zip(CASES, broken, strict=True)) == expected

    # The points of an array that plotly.py wrote as base64 stay beside their times.
    numbers = {"dtype": "i1", "bdata": "AQIDBAU="}
    lonely = {"type": "scatter", "mode": "lines", "x": at(0, 1, 2, 3, 9), "y": numbers}
    site.push_to("Drawn", points={"data": [lonely]})
    plot = page.locator("#site_drawn-points-content .dashboards-chart-plot")
    await expect(plot.locator(".scatterlayer .point")).to_have_count(5)
    assert await plot.evaluate("plot => plot.data[0].y") == [1, 2, 3, 4, None, 5]
    sizes = await plot.evaluate("plot => plot.data[0].marker.size")
    assert [bool(size) for size in sizes] == [False] * 5 + [True]

    # The area below the line breaks, too.
    filled = {**lonely, "x": at(0, 1, 2, 9, 10), "fill": "tozeroy"}
    site.push_to("Drawn", points={"data": [filled]})
    await expect(plot.locator(".dashboards-chart-clip rect")).to_have_count(2)
    await expect(plot.locator(".js-fill[clip-path]")).to_have_count(1)

    # So do stacked ones, and an area down to another line, each at its own gaps.
    whole = {**line(9)["data"][0], "x": at(*range(9)), "mode": "lines", "stackgroup": "one"}
    gap = {**filled, "fill": None, "stackgroup": "one"}
    above = {**filled, "fill": "tonexty", "line": {"shape": "hv"}}
    site.push_to("Drawn", points={"data": [whole, gap, above]})
    await expect(plot.locator(".dashboards-chart-clip")).to_have_count(2)
    await expect(plot.locator(".js-fill[clip-path]")).to_have_count(2)
    await expect(plot.locator(".lines[clip-path]")).to_have_count(1)

    # The cells of a heatmap do not become as wide as a gap.
    grid = [[1, 2, 3, 4, 5]]
    heatmap = {"type": "heatmap", "x": at(0, 1, 2, 9, 10), "y": ["a"], "z": grid, "text": grid}
    widened = await page.evaluate("trace => dashboards.gaps.emptyGaps(trace)", heatmap)
    assert widened["z"] == widened["text"] == [[1, 2, 3, None, None, 4, 5]]
    assert [each[14:16] for each in widened["x"]] == ["00", "01", "02", "03", "08", "09", "10"]

    single = {"type": "scatter", "mode": "lines", "x": at(5, 6, 7), "y": [None, 3, None]}
    site.push_to("Drawn", points={"data": [single, {**line(4)["data"][0], "mode": "lines"}]})
    await expect(plot.locator(".scatterlayer .point")).to_have_count(2)
