"""What a person sees of charts and maps, and that nobody else is asked for them."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.harness import Site
from tests.site.dashboards import line

pytestmark = pytest.mark.asyncio(loop_scope="session")

GROUPS = """
from django.contrib.auth.models import Group
for name in "ab":
    Group.objects.create(name=name)
"""
BOX = "#site_drawn-{}-content"
NOTHING = {"type": "GeometryCollection", "geometries": ()}
LAYERS = ("countries", "land", "coastlines", "ocean", "lakes", "rivers", "subunits")
SHAPES = {"type": "Topology", "objects": dict.fromkeys(LAYERS, NOTHING), "arcs": ()}


async def see_groups_and_track(site: Site, page: Page) -> None:
    """See a chart that is made of a model, and a map that points are appended to and leave."""
    groups = page.locator(BOX.format("groups"))
    await expect(groups.locator(".barlayer .point")).to_have_count(2)
    await expect(groups.locator(".gtitle")).to_have_text("Groups")
    track = [[{"lat": 10 * n, "lon": 20}] for n in range(1, 5)]
    site.push_to("Drawn", track=track)
    drawn = page.locator(f"{BOX.format('track')} .dashboards-chart-plot")
    await expect(drawn.locator(".scattergeo .point")).to_have_count(3)
    assert await drawn.evaluate("plot => plot.data[0].lat") == [20, 30, 40]


async def test_maps_empty_charts_other_renderers_and_the_pages_theme(site: Site, page: Page):
    elsewhere, shapes = list[str](), list[str]()

    async def refuse(route: Route) -> None:
        if "/shapes/" in route.request.url:
            shapes.append(route.request.url)
            await route.fulfill(json=SHAPES)
        elif route.request.url.startswith((site.url, "data:", "blob:")):
            await route.continue_()
        else:
            elsewhere.append(route.request.url)
            await route.abort()

    site.execute(GROUPS)
    await page.route("**/*", refuse)
    await page.goto(f"{site.url}/site/drawn/")
    await expect(page.locator("#site_drawn")).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator(f"{BOX.format('world')} .choroplethlayer path")).to_have_count(2)
    land = page.locator(f"{BOX.format('world')} .layer.land path")
    assert len(await land.get_attribute("d") or "") > 10_000

    await see_groups_and_track(site, page)
    points, bars = page.locator(BOX.format("points")), page.locator(BOX.format("bars"))
    await expect(points.get_by_text("No data")).to_be_visible()
    await expect(bars).to_contain_text("### #")
    site.push_to("Drawn", points=line(1, 2, 3, 4), bars=[2, 2])
    await expect(bars).to_contain_text("## ##")
    await expect(points.get_by_text("No data")).to_be_hidden()
    await points.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(points.locator("tbody tr")).to_have_count(4)

    plot = points.locator(".dashboards-chart-plot")
    await plot.evaluate("plot => Plotly.relayout(plot, {'xaxis.range': [1, 2]})")
    color = "plot => plot._fullLayout.font.color"
    light = await plot.evaluate(color)
    await page.evaluate(
        "for (const each of [document.documentElement, document.body])"
        " each.style.colorScheme = 'dark'"
    )
    await page.wait_for_function(
        "light => document.querySelectorAll('.dashboards-chart-plot')[1]"
        "._fullLayout.font.color != light",
        arg=light,
    )
    assert await plot.evaluate("plot => plot._fullLayout.xaxis.range") == [1, 2]

    # A figure says where its shapes are, which leaves those of other maps alone.
    where = {
        "data": [{"type": "scattergeo", "lat": [40], "lon": [-100]}],
        "layout": {"geo": {"scope": "usa"}},
        "config": {"topojsonURL": f"{site.url}/shapes/"},
    }
    site.push_to("Drawn", points=where)
    await expect(points.locator(".scattergeo .point")).to_have_count(1)
    assert shapes == [f"{site.url}/shapes/usa_110m.json"]
    kept = "PlotlyGeoAssets.topojson.world_110m.objects.countries.geometries.length > 100"
    assert await page.evaluate(kept)
    await expect(page.locator(f"{BOX.format('world')} .choroplethlayer path")).to_have_count(2)

    # On a phone plotly.js would have five times stand on each other.
    await page.set_viewport_size({"width": 390, "height": 700})
    times = ["2026-11-25 14:12:00", "2026-11-25 14:13:00"]
    layout = {"uirevision": 2, "xaxis": {"tickangle": 0, "tickformat": "%H:%M:%S"}}
    site.push_to("Drawn", points={"data": [{"x": times, "y": [1, 2]}], "layout": layout})
    await expect(points.locator(".xtick text").first).to_have_text("14:12:00")
    gaps = await points.locator(".xtick text").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect())"
        ".map((box, i, boxes) => i ? box.left - boxes[i - 1].right : 99)"
    )
    assert len(gaps) > 1
    assert min(gaps) > 20
    assert not elsewhere
