"""Charts and maps in a real browser, without a request to another origin."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.chromium import open_checked
from tests.harness import Site
from tests.site.dashboards import line

pytestmark = pytest.mark.asyncio(loop_scope="session")

GROUPS = """
from django.contrib.auth.models import Group
for name in "ab":
    Group.objects.create(name=name)
"""
NO_SHAPES = {"type": "GeometryCollection", "geometries": ()}
LAYERS = ("countries", "land", "coastlines", "ocean", "lakes", "rivers", "subunits")
SHAPES = {"type": "Topology", "objects": dict.fromkeys(LAYERS, NO_SHAPES), "arcs": ()}
LIVE = ("data-dashboards-live", "open")


@dataclass
class Drawn:
    """The page of charts and maps, and the requests that it made.

    Args:
        site: the site, to push to.
        page: the page.
        foreign: URLs requested from other origins; each was refused.
        shapes: URLs of map shapes requested from an address that a figure names.
    """

    site: Site
    page: Page
    foreign: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)

    def box(self, key: str) -> Locator:
        return self.page.locator(f"#site_drawn-{key}-content")

    async def answer(self, route: Route) -> None:
        if "/shapes/" in route.request.url:
            self.shapes.append(route.request.url)
            await route.fulfill(json=SHAPES)
        elif route.request.url.startswith((self.site.url, "data:", "blob:")):
            await route.continue_()
        else:
            self.foreign.append(route.request.url)
            await route.abort()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def drawn(_site: Site, browser: Browser) -> AsyncIterator[Drawn]:
    """One page for all tests: to load it takes plotly.js a second.

    Each test pushes the values that it needs, so that their order does not matter.
    """
    _site.renew()
    _site.execute(GROUPS)
    async with await browser.new_context() as context, open_checked(context) as page:
        drawn = Drawn(_site, page)
        await page.route("**/*", drawn.answer)
        await page.goto(f"{_site.url}/site/drawn/")
        await expect(page.locator("#site_drawn")).to_have_attribute(*LIVE)
        yield drawn
        assert not drawn.foreign


async def test_world_map_draws_countries_and_land_without_foreign_requests(drawn: Drawn):
    world = drawn.box("world")
    await expect(world.locator(".choroplethlayer path")).to_have_count(2)
    land = world.locator(".layer.land path")
    assert len(await land.get_attribute("d") or "") > 10_000
    assert not drawn.foreign


async def test_chart_of_model_draws_its_rows_below_its_title_as_heading(drawn: Drawn):
    groups = drawn.box("groups")
    await expect(groups.locator(".barlayer .point")).to_have_count(2)
    await expect(groups.locator(".gtitle")).to_have_count(0)
    await expect(drawn.page.locator("#site_drawn-groups-title")).to_have_text("Groups")


async def test_points_pushed_to_map_replace_oldest_beyond_max_points(drawn: Drawn):
    drawn.site.push_to("Drawn", track=[[{"lat": 10 * n, "lon": 20}] for n in range(1, 5)])
    plot = drawn.box("track").locator(".dashboards-chart-plot")
    await expect(plot.locator(".scattergeo .point")).to_have_count(3)
    assert await plot.evaluate("plot => plot.data[0].lat") == [20, 30, 40]


async def test_pushed_value_drawn_by_other_renderer(drawn: Drawn):
    bars = drawn.box("bars")
    await expect(bars).to_contain_text("### #")
    drawn.site.push_to("Drawn", bars=[2, 2])
    await expect(bars).to_contain_text("## ##")


async def test_empty_chart_shows_no_data_until_points_are_pushed(drawn: Drawn):
    points = drawn.box("points")
    drawn.site.push_to("Drawn", points={"data": [{"y": []}]})
    await drawn.page.reload()
    await expect(drawn.page.locator("#site_drawn")).to_have_attribute(*LIVE)
    await expect(points.get_by_text("No data")).to_be_visible()
    drawn.site.push_to("Drawn", points=line(1, 2, 3, 4))
    await expect(points.get_by_text("No data")).to_be_hidden()


async def test_table_of_chart_opens_by_keyboard_with_a_row_per_point(drawn: Drawn):
    points = drawn.box("points")
    drawn.site.push_to("Drawn", points=line(1, 2, 3, 4))
    await points.locator("summary").focus()
    await drawn.page.keyboard.press("Enter")
    await expect(points.locator("tbody tr")).to_have_count(4)
    await points.locator("summary").press("Enter")
    await expect(points.locator("tbody")).to_be_hidden()


async def test_color_scheme_change_recolors_chart_and_keeps_zoom(drawn: Drawn):
    plot = drawn.box("groups").locator(".dashboards-chart-plot")
    await expect(plot.locator(".barlayer .point")).to_have_count(2)
    await plot.evaluate("plot => Plotly.relayout(plot, {'xaxis.range': [1, 2]})")
    light = await plot.evaluate("plot => plot._fullLayout.font.color")
    set_scheme = (
        "scheme => { for (const each of [document.documentElement, document.body])"
        " each.style.colorScheme = scheme }"
    )
    await drawn.page.evaluate(set_scheme, "dark")
    await drawn.page.wait_for_function(
        "light => document.querySelector('#site_drawn-groups-content .dashboards-chart-plot')"
        "._fullLayout.font.color != light",
        arg=light,
    )
    assert await plot.evaluate("plot => plot._fullLayout.xaxis.range") == [1, 2]
    await drawn.page.evaluate(set_scheme, "")


async def test_shapes_url_of_figure_leaves_shapes_of_other_maps_unchanged(drawn: Drawn):
    world, points = drawn.box("world"), drawn.box("points")
    await expect(world.locator(".choroplethlayer path")).to_have_count(2)
    figure = {
        "data": [{"type": "scattergeo", "lat": [40], "lon": [-100]}],
        "layout": {"geo": {"scope": "usa"}},
        "config": {"topojsonURL": f"{drawn.site.url}/shapes/"},
    }
    drawn.site.push_to("Drawn", points=figure)
    await expect(points.locator(".scattergeo .point")).to_have_count(1)
    assert drawn.shapes == [f"{drawn.site.url}/shapes/usa_110m.json"]
    is_kept = "PlotlyGeoAssets.topojson.world_110m.objects.countries.geometries.length > 100"
    assert await drawn.page.evaluate(is_kept)
    await expect(world.locator(".choroplethlayer path")).to_have_count(2)


async def test_time_labels_do_not_overlap_on_phone(drawn: Drawn):
    # plotly.js alone would draw five labels on top of each other.
    points = drawn.box("points")
    await drawn.page.set_viewport_size({"width": 390, "height": 700})
    times = ["2026-11-25 14:12:00", "2026-11-25 14:13:00"]
    layout = {"uirevision": 2, "xaxis": {"tickangle": 0, "tickformat": "%H:%M:%S"}}
    drawn.site.push_to("Drawn", points={"data": [{"x": times, "y": [1, 2]}], "layout": layout})
    labels = points.locator(".xtick text")
    await expect(labels.first).to_have_text("14:12:00")
    gaps = await labels.evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).sort((a, b) => a.left - b.left)"
        ".map((box, i, boxes) => i ? box.left - boxes[i - 1].right : 99)"
    )
    assert len(gaps) > 1
    assert min(gaps) > 20
    await drawn.page.set_viewport_size({"width": 1280, "height": 720})
