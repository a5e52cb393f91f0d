"""Charts: states, times, gaps, languages, and no request to another origin."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.harness import Site
from tests.site.dashboards import line

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOX = "#site_drawn-points-content"
PLOTLY = re.compile(r"/plotly\.min[^/]*\.js$")


async def open_drawn(site: Site, page: Page, figure: Any = None) -> Locator:
    """Push a figure if one is given, open the page, and return the box of the chart."""
    if figure is not None:
        site.push_to("Drawn", points=figure)
    # The load event waits for plotly.js, which some tests delay.
    await page.goto(f"{site.url}/site/drawn/", wait_until="domcontentloaded")
    await expect(page.locator("#site_drawn")).to_have_attribute("data-dashboards-live", "open")
    return page.locator(BOX)


async def table_of(box: Locator) -> list[list[str]]:
    """Open the table beside a chart and return its cells."""
    await box.locator("details").evaluate("each => each.open = true")
    await expect(box.locator("tbody tr")).not_to_have_count(0)
    rows: list[list[str]] = await box.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


async def test_chart_shows_loading_and_table_until_plotly_loads(site: Site, page: Page):
    # Regression: a chart with data showed "No data" until plotly.js had loaded. It shows
    # "Loading…", and the table below it does not need plotly.js.
    held_routes: list[Route] = []
    await page.route(PLOTLY, lambda route: held_routes.append(route))  # noqa: PLW0108 - no builtin
    box = await open_drawn(site, page, line(1, 2))
    await expect(box.get_by_text("Loading…")).to_be_visible()
    await expect(box.get_by_text("No data")).to_be_hidden()
    assert await table_of(box) == [["0", "1"], ["1", "2"]]

    series = page.locator("#site_drawn-track-content")
    site.push_to("Drawn", track=[[{"lat": 10, "lon": 20}]])
    await expect(series.locator("script[data-dashboards-point]")).to_have_count(1)
    await expect(series.get_by_text("No data")).to_be_hidden()
    await expect(series.get_by_text("Loading…")).to_be_visible()

    await held_routes[0].continue_()
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    await expect(box.get_by_text("Loading…")).to_be_hidden()
    await expect(series.locator(".scattergeo .point")).to_have_count(1)

    site.push_to("Drawn", points={"data": []})
    await expect(box.get_by_text("No data")).to_be_visible()
    await expect(box.get_by_text("could not be drawn")).to_be_hidden()


async def test_chart_without_plotly_shows_error_and_table(site: Site, page: Page):
    # Regression: charts showed "No data" if plotly.js could not be loaded. Each shows an error and
    # the table of its data, which updates keep current.
    await page.route(PLOTLY, lambda route: route.abort())
    box = await open_drawn(site, page, line(1, 2))
    await expect(box.get_by_text("This could not be drawn.")).to_be_visible()
    await expect(box.locator("tbody tr")).to_have_count(2)
    await expect(box.locator("table")).to_be_visible()
    world = page.locator("#site_drawn-world-content")
    await expect(world.get_by_text("This could not be drawn.")).to_be_visible()
    site.push_to("Drawn", points=line(1, 2, 3))
    await expect(box.locator("tbody tr")).to_have_count(3)
    page.complaints.clear()  # type: ignore[attr-defined]


async def test_failing_chart_does_not_affect_others_and_recovers(site: Site, page: Page):
    """Only the chart whose figure plotly.js cannot draw shows an error, until it gets another one.

    Regressions: the table of a chart that had failed once covered the plot for ever. Where WebGL is
    refused, as by a strict policy, plotly.js's advice to visit another site was shown, also for
    lines: plotly.express draws more than 1,000 points with WebGL.
    """
    await page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.includes('webgl') ? null : get.call(this, kind, ...rest);"
        "};"
    )
    box = await open_drawn(site, page, {"data": [{"y": [1, 2]}], "frames": 5})
    await expect(box.get_by_text("This could not be drawn.")).to_be_visible()
    await expect(page.locator("#site_drawn-world-content .choroplethlayer path")).to_have_count(2)
    page.complaints.clear()  # type: ignore[attr-defined]
    site.push_to("Drawn", points=line(1, 2))
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    await expect(box.get_by_text("This could not be drawn.")).to_be_hidden()
    await expect(box.locator("details")).not_to_have_attribute("open", "")

    site.push_to(
        "Drawn", points={"data": [{"type": "splom", "dimensions": [{"values": [1, 2]}] * 2}]}
    )
    await expect(box.get_by_text("This could not be drawn.")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined]
    bars = [{"type": "bar", "name": name, "x": ["a"], "y": [1]} for name in "kl"]
    lines = {"type": "scattergl", "mode": "lines", "x": ["a", "b"], "y": [1, 2]}
    layout = {"title": "One<br>Two", "legend": {"orientation": "h"}, "xaxis": {"title": "Below"}}
    site.push_to("Drawn", points={"data": [*bars, lines], "layout": layout})
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    await expect(box.locator(".no-webgl")).to_have_count(0)
    # Regression: the legend covered the title of the axis, and a title of two lines was cut.
    edges: list[float] = await box.evaluate(
        """box => [".dashboards-chart-plot", ".gtitle", ".legend", ".nsewdrag"].flatMap((name) => {
            const { top, bottom } = box.querySelector(name).getBoundingClientRect();
            return name === ".dashboards-chart-plot" ? [top] : [top, bottom];
        }).map(Math.round)"""
    )
    assert edges == sorted(edges)


MINUTES = (0, 1, 2, 5, 30, 31)


async def test_line_breaks_at_gaps_in_time(site: Site, page: Page):
    # Regression: a straight line joined the points before and after a night without measurements.
    # A gap of more than three intervals breaks the line, unless the trace has connectgaps.
    times = [f"2026-07-01T12:{minute:02}:00" for minute in MINUTES]
    trace = {"type": "scatter", "mode": "lines", "x": times, "y": list(MINUTES)}
    box = await open_drawn(site, page, {"data": [{**trace, "text": list("abcdef")}]})
    plot = box.locator(".dashboards-chart-plot")
    drawn = box.locator(".scatterlayer .js-line")
    await expect(drawn).to_have_count(2)
    assert await plot.evaluate("plot => plot.data[0].y") == [0, 1, 2, 5, None, 30, 31]
    assert await plot.evaluate("plot => plot.data[0].text") == [*"abcd", None, *"ef"]
    assert [row[1] for row in await table_of(box)] == ["31", "30", "5", "2", "1", "0"]
    for connect in (True, False):
        figure = {"data": [{**trace, "connectgaps": connect}]}
        site.push_to("Drawn", points=figure)
        await page.wait_for_function(
            "connect => document.querySelector('#site_drawn-points-content .dashboards-chart-plot')"
            ".data[0].connectgaps === connect",
            arg=connect,
        )
        await expect(drawn).to_have_count(1 if connect else 2)


async def test_string_titles_drawn(site: Site, page: Page):
    # plotly.js 3 and later draw no title that is a plain string.
    layout = {"title": "Whole", "xaxis": {"title": "Across"}, "yaxis": {"title": "Up"}}
    legend = {"showlegend": True, "legend": {"title": "Kinds"}}
    bar = {"showscale": True, "color": [1, 2], "colorbar": {"title": "Heat"}}
    figure = {"data": [{"x": [1, 2], "y": [1, 2], "mode": "markers", "marker": bar}]}
    box = await open_drawn(site, page, {**figure, "layout": {**layout, **legend}})
    for name in ("Whole", "Across", "Up", "Kinds", "Heat"):
        await expect(box.locator(f'text:text-is("{name}")').first).to_be_visible()


async def test_figure_frames_and_config_drawn(site: Site, page: Page):
    # Regression: the frames and config of a figure were ignored, so animations did not run.
    frames = [{"name": "one", "data": [{"y": [9, 9]}]}]
    figure = {"data": [{"y": [1, 2]}], "frames": frames, "config": {"scrollZoom": True}}
    box = await open_drawn(site, page, figure)
    plot = box.locator(".dashboards-chart-plot")
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    assert await plot.evaluate("plot => plot._context.scrollZoom")
    await plot.evaluate("plot => Plotly.animate(plot, ['one'], {transition: {duration: 0}})")
    assert await plot.evaluate("plot => plot.data[0].y") == [9, 9]


async def test_members_that_are_null_are_left_out(site: Site, page: Page):
    # plotly.js takes null for left out. Here such a figure could not be drawn, nor its menu opened.
    nulls = dict.fromkeys(("type", "mode", "name", "xaxis", "yaxis"))
    old = ["0099-01-01T12:00:00+00:00", "1850-01-01T12:00:00+00:00"]
    layout = dict.fromkeys(("legend", "xaxis", "yaxis", "margin", "title"))
    figure = {"data": [None, {**nulls, "x": old, "y": [1, 2]}], "layout": layout}
    box = await open_drawn(site, page, figure)
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    # Regression: a year below 100 was one of the last century.
    rows = await table_of(box)
    assert [each[0] for each in rows] == ["Jan 1, 1850, 6:09:24 AM", "Jan 1, 99, 6:09:24 AM"]


async def test_chart_texts_use_page_language(site: Site, page: Page):
    # Regression: months, numbers and buttons were English on every page, because plotly.js has no
    # other language built in.
    async def in_german(route: Route) -> None:
        answer = await route.fetch()
        html = re.sub('<html lang="[^"]*"', '<html lang="de"', await answer.text())
        words = 'data-dashboards-words="{&quot;Zoom in&quot;:&quot;Näher&quot;}"'
        html = re.sub('data-dashboards-words="[^"]*"', words, html)
        await route.fulfill(response=answer, body=html)

    await page.route("**/site/drawn/", in_german)
    figure = {
        "data": [{"x": ["2026-03-01", "2026-05-01"], "y": [0.5, 12345.5]}],
        "layout": {"xaxis": {"tickformat": "%B", "dtick": "M1"}, "yaxis": {"tickformat": ",.1f"}},
        "config": {"displayModeBar": True},
    }
    box = await open_drawn(site, page, figure)
    await expect(box.locator(".xtick text").first).to_have_text("März")
    await expect(box.locator(".ytick text").nth(1)).to_contain_text(",0")
    await expect(box.locator('.modebar-btn[data-title="Näher"]')).to_have_count(1)


async def test_chart_in_closed_tab_resized_when_opened(site: Site, page: Page):
    # Regression: a chart drawn in a closed tab was 450 px high in a box of 240 px.
    await page.goto(f"{site.url}/site/folded/")
    await expect(page.locator("#site_folded")).to_have_attribute("data-dashboards-live", "open")
    # The page has received both values, and plotly.js has drawn the visible chart.
    site.push_to("Folded", seen=line(1, 2), chart={"data": [{"y": [4, 5, 6]}]})
    await expect(page.locator("#site_folded-seen-content .main-svg").first).to_be_visible()
    source = page.locator("#site_folded-chart-content dashboard-chart > script")
    await expect(source).to_have_js_property("textContent", '{"data":[{"y":[4,5,6]}]}')
    site.push_to("Folded", seen=line(1, 2, 3))
    await page.wait_for_function(
        "() => document.querySelector('#site_folded-seen-content .dashboards-chart-plot')"
        ".data?.[0].y.length === 3"
    )
    await page.get_by_role("tab", name="Charts").click()
    plot = page.locator("#site_folded-chart-content .main-svg").first
    await expect(plot).to_have_attribute("height", "240")
    await page.set_viewport_size({"width": 500, "height": 700})
    await expect(plot).to_have_attribute("height", "240")
    box = await page.locator("#site_folded-chart-content dashboard-chart").bounding_box()
    assert box
    await expect(plot).to_have_attribute("width", str(round(box["width"])))


NOON = ["2026-07-01T10:00:00+00:00", "2026-07-01T14:00:00.5+02:00", "2026-07-01 15:00:00"]


async def test_chart_times_use_active_time_zone_and_name_it(site: Site, browser: Browser):
    # Regression: a chart showed UTC, and the stat beside it local time. Times with a zone are
    # converted to the page's zone. The picker of the range of time names that zone if the viewer's
    # clock differs from it.
    site.push_to("Drawn", points={"data": [{"x": NOON, "y": [1, 2, 3]}]})

    async def in_berlin(route: Route) -> None:
        answer = await route.fetch()
        zone = 'data-dashboards-timezone="Europe/Berlin"'
        html = re.sub('data-dashboards-timezone="[^"]*"', zone, await answer.text())
        await route.fulfill(response=answer, body=html)

    for viewer, is_named in (("Europe/Madrid", False), ("America/New_York", True)):
        context = await browser.new_context(timezone_id=viewer)
        page = await context.new_page()
        await page.route("**/site/drawn/", in_berlin)
        box = await open_drawn(site, page)
        await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
        times = [re.findall(r"\d+:00:00", row[0]) for row in await table_of(box)]
        assert times == [["3:00:00"], ["2:00:00"], ["12:00:00"]]
        await expect(page.locator(".dashboards-time-range small")).to_be_visible(visible=is_named)
        await context.close()


async def test_chart_buttons_do_not_leave_page(site: Site, page: Page):
    # plotly.js 4 has a button "Share chart…", which sends the data to another company's server. No
    # config of a figure can show it, and no request is sent to another origin.
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda each: (
            None
            if each.url.startswith((site.url, "data:", "blob:"))
            else elsewhere.append(each.url)
        ),
    )
    leaving = ["sendChartToCloud", "sendDataToCloud", "editInChartStudio"]
    config = {
        "displayModeBar": True,
        "displaylogo": True,
        "watermark": True,
        "showLink": True,
        "showSendToCloud": True,
        "plotlyServerURL": "https://elsewhere.example",
        "modeBarButtonsToAdd": [*leaving, "drawline"],
        "modeBarButtonsToRemove": ["lasso2d"],
    }
    traces = [{"y": [n, n + 1], "name": f"A name of trace {n}"} for n in range(4)]
    layout = {"modebar": {"add": [*leaving, "v1hovermode"]}}
    box = await open_drawn(site, page, {"data": traces, "layout": layout, "config": config})
    await expect(box.locator(".modebar-btn").first).to_be_visible()
    titles = await box.locator(".modebar-btn").evaluate_all(
        "all => all.map(each => each.dataset.title)"
    )
    assert "Draw line" in titles
    assert not [
        each for each in titles if re.search("share|cloud|studio|produced", each, re.IGNORECASE)
    ]
    assert await box.locator("a[href]").count() == 0

    # Regression: the toolbar covered the legend, so its entries could not be clicked.
    entries = box.locator(".legendtoggle")
    for index in range(4):
        await entries.nth(index).click()
        await page.wait_for_function(
            "index => document.querySelector('#site_drawn-points-content .dashboards-chart-plot')"
            "._fullData[index].visible === 'legendonly'",
            arg=index,
        )
    assert not elsewhere


async def test_chart_fills_box_under_strict_csp(site: Site, page: Page):
    # Regression: under style-src 'self' a chart was 738 px high instead of 240 px, because the
    # browser refused the style rules that plotly.js injects. Styles that it writes as attributes,
    # as for spans in labels, are applied too.
    answer = await page.goto(f"{site.url}/site/drawn/")
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "style-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    styled = '<span style="color: rgb(1, 2, 3)">styled</span>'
    trace = {"z": [[1, 2], [3, 4]], "type": "heatmap"}
    config = {"displayModeBar": True}
    figure = {"data": [trace], "layout": {"title": styled}, "config": config}
    box = await open_drawn(site, page, figure)
    await expect(box.locator(".cbfill").first).to_be_visible()
    label = box.locator(".gtitle tspan").first
    await expect(label).to_have_css("fill", "rgb(1, 2, 3)")
    size = await box.locator("dashboard-chart").bounding_box()
    assert size
    assert size["height"] == 240
    assert await box.locator(".modebar").evaluate("each => getComputedStyle(each).position") == (
        "absolute"
    )
