"""Live pages in a real browser, with a real server and pushes from another process."""

import asyncio
import contextlib
import re
import sqlite3
import statistics

import pytest
from playwright.async_api import BrowserContext, Page, Request, expect

from tests.conftest import MakeSite
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIVE = "#site_live"


def streams_of(page: Page) -> list[Request]:
    """Collect the requests for streams that a page makes from now on."""
    requests: list[Request] = []
    page.on("request", lambda each: requests.append(each) if "@stream/" in each.url else None)
    return requests


async def open_live(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/site/live/")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")


async def test_page_updates_over_one_stream_without_reload(site: Site, page: Page):
    streams = streams_of(page)
    response = await page.goto(f"{site.url}/site/live/")
    assert response is not None
    turns = page.locator(f"{LIVE}-turns-content")
    [first] = re.findall(r">(\d+/\d+)<", await response.text())  # The page itself contains it.
    await expect(turns).not_to_have_text(first)
    site.push(number=7, note="hello", bar=40, dial=60, chart={"data": [], "layout": {}})
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("7")
    await expect(page.locator(f"{LIVE}-note-content")).to_have_text("hello")
    await expect(page.locator(f"{LIVE}-bar-content progress")).to_have_attribute("value", "40.0")
    await expect(page.locator(f"{LIVE}-dial-content")).to_have_text("60")
    await expect(page.locator(f"{LIVE}-chart-content .main-svg").first).to_be_attached()
    assert len(streams) == 1
    await expect(page.locator(f"{LIVE} .dashboards-live-status")).to_have_text(
        "Live", use_inner_text=True
    )


async def test_push_from_other_process_arrives_within_150_ms(site: Site, page: Page):
    await open_live(page, site)
    await page.evaluate(
        """() => {
            window.seen = {};
            const box = document.querySelector("#site_live-number-content");
            new MutationObserver(() => { window.seen[box.innerText.trim()] ??= Date.now() / 1000; })
                .observe(box, {childList: true, subtree: true, characterData: true});
        }"""
    )
    delays = []
    for number in range(20):
        started = site.push(number=number)["started"]
        await page.wait_for_function("number => String(number) in window.seen", arg=number)
        delays.append(await page.evaluate("number => window.seen[number]", number) - started)
        await asyncio.sleep(0.05)
    assert statistics.median(delays) < 0.150, delays


async def test_thousand_pushes_show_last_value(site: Site, page: Page):
    await open_live(page, site)
    for number in range(1, 1001):
        site.push(number=number)
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("1,000")


@pytest.mark.parametrize("wipe", [False, True])
async def test_server_restart_shows_newest_value(site: Site, page: Page, wipe: bool):
    await open_live(page, site)
    loads: list[Request] = []
    page.on("request", lambda each: loads.append(each) if each.is_navigation_request() else None)
    site.push(number="before", note="stays")
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("before")
    site.kill()
    if wipe:
        site.empty("dashboards")
    site.push(number="meanwhile")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "waiting")
    site.start()
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("meanwhile", timeout=5000)
    site.push(note="after")
    await expect(page.locator(f"{LIVE}-note-content")).to_have_text("after")
    assert not loads
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused connections


@pytest.mark.parametrize("server", ["runserver", "gunicorn"])
async def test_page_without_streams_polls(make_site: MakeSite, page: Page, server: str):
    site = make_site(server, TEST_DEBUG="1")
    await open_live(page, site)
    turns = page.locator(f"{LIVE}-turns-content")
    first = await turns.inner_text()
    site.push(number="asked for")
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("asked for")
    await expect(turns).not_to_have_text(first)


async def test_push_between_rendering_and_stream_is_shown(site: Site, page: Page):
    response = await page.goto(f"{site.url}/race/")
    assert response is not None
    assert "between" not in await response.text()
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("between")


async def test_seven_visible_tabs_load_and_stay_live(site: Site, context: BrowserContext):
    # Playwright keeps every tab visible, like seven windows side by side.
    pages = [await context.new_page() for _ in range(7)]
    for page in pages:
        await open_live(page, site)
    site.push(number="to all")
    for page in pages:
        await expect(page.locator(f"{LIVE}-number-content")).to_have_text("to all")


async def test_hostile_values_shown_as_text_under_strict_csp(site: Site, page: Page):
    await page.goto(f"{site.url}/site/hostile/")
    from tests.site.dashboards import HOSTILE  # noqa: PLC0415 - needs Django's apps

    for key in ("text", "stat", "bar", "dial"):
        content = page.locator(f"#site_hostile-{key}-content")
        await expect(content).to_contain_text(HOSTILE)
        assert await content.locator("script, img").count() == 0
    await expect(page.locator("#site_hostile-chart-content .gtitle")).to_be_attached()
    assert await page.title() == "Hostile"
    await expect(page.locator("#site_hostile-link .dashboards-cta")).to_have_text(HOSTILE)


async def test_pushed_hostile_values_shown_as_text(site: Site, page: Page):
    from tests.site.dashboards import HOSTILE, line  # noqa: PLC0415 - needs Django's apps

    await open_live(page, site)
    site.push(note=HOSTILE, number={"text": HOSTILE}, chart=line(1, 2, title=HOSTILE))
    for key in ("note", "number"):
        await expect(page.locator(f"{LIVE}-{key}-content")).to_contain_text(HOSTILE)
    await expect(page.locator(f"{LIVE}-chart-content .gtitle")).to_be_attached()
    assert await page.title() == "Live"


async def test_chart_update_keeps_zoom(site: Site, page: Page):
    from tests.site.dashboards import line  # noqa: PLC0415 - needs Django's apps

    await open_live(page, site)
    site.push(chart=line(1, 2, 3, 4))
    plot = page.locator(f"{LIVE}-chart .dashboards-chart-plot")
    await expect(plot.locator(".main-svg").first).to_be_attached()
    box = await plot.locator(".nsewdrag").bounding_box()
    assert box is not None
    await page.evaluate("document.querySelector('.dashboards-chart-plot').marked = true")
    await page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=5)
    await page.mouse.up()
    span = "document.querySelector('.dashboards-chart-plot')._fullLayout.xaxis.range"
    await page.wait_for_function(f"() => {span}[0] > 0.1")
    zoomed = await page.evaluate(span)
    site.push(chart=line(1, 2, 3, 4, 9))
    await page.wait_for_function(
        "() => document.querySelector('.dashboards-chart-plot').data[0].y.length == 5"
    )
    assert await page.evaluate(span) == pytest.approx(zoomed)
    assert await page.evaluate("document.querySelector('.dashboards-chart-plot').marked")


async def test_pie_of_numpy_columns_shows_right_shares(site: Site, page: Page):
    await page.goto(f"{site.url}/site/pie/")
    shares = page.locator("#site_pie-pie text.slicetext")
    await expect(shares).to_have_count(3)
    assert sorted(await shares.all_text_contents()) == ["12.5%", "25%", "62.5%"]


async def test_deferred_polled_and_triggered_components_load(site: Site, page: Page):
    await page.goto(f"{site.url}/site/later/")
    await expect(page.locator("#site_later-deferred-content")).to_have_text("arrived")
    await expect(page.locator("#site_later-called-content")).to_have_text(
        "called with filters, filterset, object, request, user"
    )
    polled = page.locator("#site_later-polled-content")
    first = await polled.inner_text()
    await expect(polled).not_to_have_text(first)
    dependent = page.locator("#site_later-dependent-content")
    before = await dependent.inner_text()
    await page.evaluate("document.body.dispatchEvent(new Event('again'))")
    await expect(dependent).not_to_have_text(before)


async def test_signed_out_page_shows_it_and_stops_requests(site: Site, page: Page):
    await page.goto(f"{site.url}/login/admin/")
    await page.goto(f"{site.url}/site/staff/")
    staff = page.locator("#site_staff")
    await expect(staff).to_have_attribute("data-dashboards-live", "open")
    await page.context.clear_cookies()
    site.kill()
    site.start()
    await expect(staff).to_have_attribute("data-dashboards-live", "refused")
    await expect(staff.locator(".dashboards-live-status")).to_contain_text(
        "Signed out", use_inner_text=True
    )
    page.complaints.clear()  # type: ignore[attr-defined] # the 403 and the refused connections


async def test_network_back_shows_newest_value(site: Site, page: Page):
    await open_live(page, site)
    await page.context.set_offline(True)
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "waiting")
    status = page.locator(f"{LIVE} .dashboards-live-status")
    words = re.compile(r"^Reconnecting…\s+No news since \d+:\d\d:\d\d")
    await expect(status).to_have_text(words, use_inner_text=True)
    site.push(number="while cut off")
    await page.context.set_offline(False)
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("while cut off")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused connections


async def test_deferred_component_below_fold_loads_when_scrolled_to(site: Site, page: Page):
    await page.set_viewport_size({"width": 800, "height": 400})
    await page.goto(f"{site.url}/site/far/")
    far = page.locator("#site_far-far-content")
    await expect(page.locator("#site_far-near-content")).to_have_text("near")
    await expect(page.locator("#site_far-far-state")).to_have_text("Loading…")
    await far.scroll_into_view_if_needed()
    await expect(far).to_have_text("far")
    await expect(page.locator("#site_far-far-state")).to_have_text("")


async def test_older_poll_answer_does_not_replace_update(site: Site, page: Page):
    await page.goto(f"{site.url}/site/slow/")
    box = page.locator("#site_slow-slow-content")
    await expect(page.locator("#site_slow")).to_have_attribute("data-dashboards-live", "open")
    async with page.expect_response(lambda each: "@component/slow" in each.url):
        await page.evaluate("document.body.dispatchEvent(new Event('ask'))")
        site.push_to("Slow", slow="pushed")
        await expect(box).to_have_text("pushed")
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(box).to_have_text("pushed")


async def points_of(page: Page, key: str) -> list[float]:
    """Return the values of a chart's first trace, as plotly has drawn them."""
    plot = page.locator(f"#site_series-{key}-content .dashboards-chart-plot")
    drawn: list[float] = await plot.evaluate("plot => plot.data?.[0]?.y ?? []")
    return drawn


async def until_points(page: Page, key: str, values: list[float]) -> None:
    for _ in range(200):
        if await points_of(page, key) == values:
            return
        await asyncio.sleep(0.05)
    assert await points_of(page, key) == values


async def test_points_appended_and_oldest_removed_at_max_points(site: Site, page: Page):
    await page.goto(f"{site.url}/site/series/")
    await expect(page.locator("#site_series")).to_have_attribute("data-dashboards-live", "open")
    for number in range(1, 9):
        site.push_to("Series", pushed={"x": number, "y": number * 10})
    await until_points(page, "pushed", [40, 50, 60, 70, 80])
    pushed = page.locator("#site_series-pushed-content [data-dashboards-point]")
    await expect(pushed).to_have_count(5)
    name = await page.locator("#site_series-pushed-content .dashboards-chart-plot").evaluate(
        "plot => plot.data[0].name"
    )
    assert name == "of mine", "the figure is what points are appended to"
    # A reloaded page contains them itself, and its stream continues from there.
    site.push_to("Series", pushed=[[{"x": 9, "y": 90}], [{"x": 10, "y": 100}]])
    await page.reload()
    await until_points(page, "pushed", [60, 70, 80, 90, 100])
    site.push_to("Series", pushed={"x": 11, "y": 110})
    await until_points(page, "pushed", [70, 80, 90, 100, 110])


async def test_damaged_point_skipped_in_chart(site: Site, page: Page):
    """Regression: one stored point that was not JSON kept its chart from being drawn."""
    for number in (1, 2, 3):
        site.push_to("Series", pushed={"x": number, "y": number * 10})
    with contextlib.closing(sqlite3.connect(site.folder / "db.sqlite3", timeout=20)) as database:
        database.execute(
            "UPDATE dashboards_frame SET data = '[{\"y\": ' WHERE number = 2 AND key LIKE '%pushed'"
        )
        database.commit()
    await page.goto(f"{site.url}/site/series/")
    await until_points(page, "pushed", [10, 30])
    site.push_to("Series", pushed={"x": 4, "y": 40})
    await until_points(page, "pushed", [10, 30, 40])


async def test_points_of_figure_removed_first(site: Site, page: Page):
    """Regression: the figure's own points were never removed, and points in NumPy arrays were lost
    with the first push."""
    await page.goto(f"{site.url}/site/series/")
    site.push_to("Series", begun={"x": 4, "y": 40})
    await until_points(page, "begun", [0.5, 20, 30, 40])
    site.push_to("Series", begun=[[{"x": 5, "y": 50}], [{"x": 6, "y": 60}]])
    await until_points(page, "begun", [30, 40, 50, 60])
    plot = page.locator("#site_series-begun-content .dashboards-chart-plot")
    assert await plot.evaluate("plot => plot.data[0].x") == [3, 4, 5, 6]
    assert await plot.evaluate("plot => plot.data[1].y.length") == 5, "nothing was appended here"
    await page.reload()
    await until_points(page, "begun", [30, 40, 50, 60])


async def test_reconnected_page_draws_missed_points(site: Site, page: Page):
    site.push_to("Series", pushed={"x": 1, "y": 10})
    await page.goto(f"{site.url}/site/series/")
    await until_points(page, "pushed", [10])
    await page.context.set_offline(True)
    await expect(page.locator("#site_series")).not_to_have_attribute("data-dashboards-live", "open")
    for number in (2, 3):
        site.push_to("Series", pushed={"x": number, "y": number * 10})
    await page.context.set_offline(False)
    await until_points(page, "pushed", [10, 20, 30])
    await page.context.set_offline(True)
    await expect(page.locator("#site_series")).not_to_have_attribute("data-dashboards-live", "open")
    for number in range(4, 20):
        site.push_to("Series", pushed={"x": number, "y": number * 10})
    await page.context.set_offline(False)
    await until_points(page, "pushed", [150, 160, 170, 180, 190])
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused connections


async def test_repeated_points_drawn_once(site: Site, page: Page):
    """A batch that was cut is sent again as a whole: here as a second stream from the beginning."""
    site.push_to("Series", pushed={"x": 1, "y": 10})
    await page.goto(f"{site.url}/site/series/")
    await until_points(page, "pushed", [10])
    for number in (2, 3):
        site.push_to("Series", pushed={"x": number, "y": number * 10})
    await until_points(page, "pushed", [10, 20, 30])
    epoch = site.get("/site/series/@stream/?hold=0")[2].split("id: ")[1].split(".")[0]
    await page.evaluate(
        """position => {
            const main = document.querySelector("#site_series");
            main.setAttribute("sse-connect", `/site/series/@stream/?position=${position}`);
            htmx.process(main);
        }""",
        f"{epoch}.1",
    )
    site.push_to("Series", pushed={"x": 4, "y": 40})
    await until_points(page, "pushed", [10, 20, 30, 40])


async def test_computed_series_appends_points(site: Site, page: Page):
    await page.goto(f"{site.url}/site/series/")
    points = page.locator("#site_series-computed-content [data-dashboards-point]")
    await expect(points).not_to_have_count(0)
    before = await points.count()
    await page.wait_for_function(
        """before => document.querySelectorAll(
            '#site_series-computed-content [data-dashboards-point]').length >= before + 3""",
        arg=before,
    )
    numbers = await points.evaluate_all(
        "nodes => nodes.map(node => Number(node.dataset.dashboardsPoint))"
    )
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_burst_drawn_at_most_once_per_animation_frame(site: Site, page: Page):
    await page.goto(f"{site.url}/site/series/")
    site.push_to("Series", pushed={"x": 0, "y": 0})
    await until_points(page, "pushed", [0])
    await page.evaluate(
        """() => {
            window.draws = 0;
            const react = Plotly.react;
            Plotly.react = (plot, ...rest) => {
                if (plot.closest("#site_series-pushed-content")) window.draws += 1;
                return react(plot, ...rest);
            };
            const box = document.querySelector("#site_series-pushed-content");
            for (let n = 2; n < 200; n += 1) {
                const point = document.createElement("script");
                point.type = "application/json";
                point.dataset.dashboardsPoint = n;
                const text = `[{"x": ${n}, "y": ${n}}]`;
                point.textContent = dashboards.trust.createScript(text);
                box.append(point);
            }
        }"""
    )
    await page.wait_for_function("() => window.draws > 0")
    assert await page.evaluate("window.draws") <= 2


async def test_value_per_viewer_loaded_by_each_page(site: Site, page: Page):
    await page.context.request.get(f"{site.url}/login/bob/")
    await page.goto(f"{site.url}/site/personal/")
    await expect(page.locator("#site_personal")).to_have_attribute("data-dashboards-live", "open")
    often = page.locator("#site_personal-often-content")
    before = await often.inner_text()
    assert before.startswith("bob asked")
    await expect(often).not_to_have_text(before)
    await expect(often).to_contain_text("bob asked")
    changed = page.locator("#site_personal-changed-content")
    before = await changed.inner_text()
    create = "from django.contrib.auth.models import Group; Group.objects.create(name='new')"
    site.execute(create)
    await expect(changed).not_to_have_text(before)
    await expect(changed).to_contain_text("bob asked")
    stream = site.get("/site/personal/@stream/?hold=0")[2]
    assert "asked" not in stream, "what depends on the viewer is not broadcast"
