"""docs/howto: the blocks of each page make a project that works, and shows what the page says."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.middleware import POLICY
from tests.consoles import Console, consoles
from tests.docs.pages import ADDRESS, build_base, open_page
from tests.harness import ROOT
from tests.howto import PAGES, read_page

OpenPage = Callable[[str], Console]
# These have test files of their own; the last has no blocks.
TESTED_ELSEWHERE = {"deployment.md", "server-sent-events.md", "testing.md", "troubleshooting.md"}
NAMES = sorted({page.name for page in PAGES.glob("*.md")} - TESTED_ELSEWHERE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    """Open the project of a page, once for all tests of it."""
    base = tmp_path_factory.mktemp("base")
    build_base(base)
    opened: dict[str, Console] = {}
    # The path of a socket must be short.
    folder = Path(tempfile.mkdtemp())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        socket_path = folder / "consoles"
        stack.enter_context(consoles(socket_path))

        def open_once(name: str) -> Console:
            if name not in opened:
                folder = tmp_path_factory.mktemp(Path(name).stem)
                page = open_page(name, base, socket_path, folder)
                opened[name] = stack.enter_context(page)
            return opened[name]

        yield open_once


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_a_page_are_files_or_commands(name: str):
    assert [
        block.text
        for block in read_page(name)
        if not block.action.startswith("file=") and block.action not in {"run", "try", "show"}
    ] == []


VISIT = """
from dashboards.registry import registry
call_command("check", fail_level="WARNING")
print({0!r}, client.get({0!r}).status_code)
for dashboard in registry:
    if not hasattr(dashboard, "get_model"):
        url = dashboard().get_absolute_url()
        print(url, client.get(url).status_code)
"""


@pytest.mark.parametrize("name", NAMES)
def test_page_followed_as_typed_has_dashboards_that_open(name: str, pages: OpenPage):
    [first, *_] = ADDRESS.findall((PAGES / name).read_text())

    checked, *lines = pages(name).run(VISIT.format(first)).splitlines()

    assert "no issues" in checked
    assert len(lines) > 1, "a dashboard is registered"
    assert [line for line in lines if not line.endswith(" 200")] == []


def get_page(page: Console, url: str, **data: str) -> str:
    return page.run(f"print(get({url!r}, **{data!r}))")


def test_page_about_values_shows_what_each_function_returns(pages: OpenPage):
    html = get_page(pages("values.md"), "/dashboards/shop/day/")

    for text in ("Open since nine", ">42<", ">1.17<", "Hello ada"):
        assert text in html


def test_page_about_live_values_pushes_what_it_says(pages: OpenPage):
    page = pages("live.md")

    html = get_page(page, "/dashboards/shop/operations/")
    assert "Copying" in html
    assert "Begun" in html
    assert "19.8" in get_page(page, "/dashboards/shop/sensors/")
    assert "ada, 0 orders are open" in get_page(page, "/dashboards/shop/inbox/")
    page.run("client.force_login(user)")
    assert "40" in get_page(page, "/dashboards/shop/mine/")
    page.run("client.force_login(User.objects.get(username='ada'))")
    assert 'value="12.0"' in get_page(page, "/dashboards/shop/customerboard/1/")


def test_page_about_users_and_objects_shows_each_only_to_those_who_may(pages: OpenPage):
    page = pages("per-user-and-per-object.md")
    url = page.run("print(OrderBoard(object=order).get_absolute_url())").strip()

    assert page.run(f"print(client.get({url!r}).status_code)") == "404\n"
    page.run("client.force_login(ann)")
    assert "Arrived" in get_page(page, url)
    html = get_page(page, "/dashboards/shop/mine/")
    assert ">1<" in html
    assert 'value="40.0"' in html
    page.run("client.force_login(User.objects.get(username='ada'))")
    assert 'value="40.0"' not in get_page(page, "/dashboards/shop/mine/")


def test_page_about_permissions_hides_what_a_viewer_may_not_see(pages: OpenPage):
    page = pages("permissions.md")
    url = "/dashboards/shop/wages/"

    assert "48,200" in get_page(page, url)
    page.run("client.force_login(User.objects.create(username='ben'))")
    html = get_page(page, url)
    assert ">12<" in html
    assert "48,200" not in html
    page.run("client.logout()")
    assert page.run(f"print(client.get({url!r}).url)").startswith("/admin/login/?next=")
    page.run("client.force_login(User.objects.get(username='ada'))")


def test_page_about_filters_narrows_its_dashboard(pages: OpenPage):
    page = pages("filters.md")
    page.run("""
from shop.models import Order, Region
regions = [Region.objects.create(name=name) for name in ("North", "South")]
for region, year, total in ((0, 2026, 11), (1, 2026, 22), (1, 2025, 44)):
    Order.objects.create(region=regions[region], year=year, total=total)
""")

    assert ">33<" in get_page(page, "/dashboards/shop/sales/")
    assert ">44<" in get_page(page, "/dashboards/shop/sales/", year="2025")
    assert ">22<" in get_page(page, "/dashboards/shop/sales/", region="2")


def test_page_about_tables_shows_rows_formats_and_links(pages: OpenPage):
    page = pages("tables.md")
    page.run("""
from shop.models import Author, Book
Book.objects.create(
    title="On <tables>", author=Author.objects.create(name="Ann"), pages=600, genre="p", price=3
)
""")

    html = {
        name: get_page(page, f"/dashboards/shop/{name}/")
        for name in ("library", "formatted", "live")
    }
    assert all("On &lt;tables&gt;" in each for each in html.values())
    assert "<td>long</td>" in html["formatted"]
    assert '<a href="/authors/1/">Ann</a>' in html["formatted"]
    assert "3.00 €" in html["formatted"].replace("\xa0", " ")
    box = get_page(page, "/dashboards/shop/printed/@component/books/")
    assert "Poems (600 pages)" in box


def test_page_about_forms_filters_and_saves(pages: OpenPage):
    page = pages("forms.md")
    page.run("""
from shop.models import Book
Book.objects.create(title="Thick", pages=900)
Book.objects.create(title="Short", pages=20, genre="p")
def post(url, **data):
    response = client.post(url, data, headers={"HX-Request": "true"})
    print(response.status_code, response.content.decode())
""")

    html = get_page(page, "/dashboards/shop/library/", **{"find-genre": "p"})
    assert "Short" in html
    assert "Thick" not in html
    desk = "/dashboards/shop/desk/@component"
    added = page.run(f"post('{desk}/add/', title='New', pages='1', genre='n')")
    assert "On the shelf." in added
    refused = page.run(f"post('{desk}/suggest/', title='New')")
    assert refused.startswith("422")
    assert "We have it." in refused
    assert page.run(f"post('{desk}/suggest/', title='Newer')").startswith("200")
    page.run("post('/dashboards/shop/bookpage/1/@component/rename/', title='Renamed')")
    assert page.run("print(Book.objects.get(pk=1).title)") == "Renamed\n"


def test_page_about_menus_marks_the_open_page_and_hides_what_is_denied(pages: OpenPage):
    page = pages("menus.md")
    page.run("""
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
request = RequestFactory().get("/dashboards/shop/desk/")
request.user = AnonymousUser()
""")

    html = page.run("print(render_to_string('shop/menu.html', request=request))")
    assert html.count('<a href="/dashboards/shop/desk/" aria-current="page">Desk</a>') == 2
    assert "Django</a>" in html
    assert "Staff" not in html
    assert "Staff" in get_page(page, "/dashboards/shop/desk/")


def test_page_about_pages_of_your_own_renders_what_it_shows(pages: OpenPage):
    page = pages("embedding.md")
    page.run("from shop.models import Account; Account.objects.create(name='Ann', balance=7)")

    html = get_page(page, "/overview/")
    assert 'id="shop_operations"' in html
    assert ">12<" in html
    assert 'id="shop_stock-returns"' not in html
    html = get_page(page, "/dashboards/shop/accounts/")
    assert ">7<" in html
    assert "Audited in May" in html


def test_page_about_layout_places_what_it_names(pages: OpenPage):
    html = get_page(pages("layout.md"), "/dashboards/shop/sales/")

    for text in ("This week", "<b>euro</b>", "Customers since Monday", "Counted hourly."):
        assert text in html
    html = get_page(pages("layout.md"), "/dashboards/shop/returns/")
    assert '<a href="/dashboards/shop/sales/">Sales</a><a href="/returns/">All returns</a>' in html
    assert 'id="shop_returns-open_cases" aria-labelledby="shop_returns-open_cases-title"' in html
    assert html.count("data-dashboards-no-menu") == 1
    assert 'src="/static/team.png"' in get_page(pages("layout.md"), "/dashboards/shop/team/")


def test_page_about_figures_shows_them(pages: OpenPage):
    page = pages("figures.md")
    page.run("""
from django.utils import timezone
from shop.models import Book
Book.objects.create(title="One", pages=300, sold=timezone.now())
""")

    html = get_page(page, "/dashboards/shop/figures/")
    assert "12,840.50" in html
    assert "Down, better:" in html
    html = get_page(page, "/dashboards/shop/sales/")
    assert "Pages in print" in html
    assert ">300<" in html
    box = get_page(page, "/dashboards/shop/sales/@component/week/")
    assert "in 1\xa0week" in box
    assert "Getting hot" in get_page(page, "/dashboards/shop/boiler/")
    html = get_page(page, "/dashboards/shop/notes/")
    assert "&lt;b&gt;" in html
    assert "<strong>Counted</strong>" in html
    assert "onclick" not in html
    assert "Done" in get_page(page, "/dashboards/shop/import/")


def test_page_about_charts_draws_each(pages: OpenPage):
    page = pages("charts.md")
    page.run("from shop.models import Book; Book.objects.create(title='One', price=2)")

    html = get_page(page, "/dashboards/shop/library/")
    assert html.count('type="application/json"') == 3
    assert "shop/ranking.js" in html


def test_page_about_theming_loads_its_style_sheet_and_writes_its_classes(pages: OpenPage):
    html = get_page(pages("theming.md"), "/dashboards/shop/sales/")

    assert '<link rel="stylesheet" href="/static/shop/theme.css">' in html
    # The demo shows what ten lines do.
    brand = (ROOT / "demo/pieces/static/pieces/brand.css").read_text()
    assert f"```css\n{brand}```" in (PAGES / "theming.md").read_text()
    assert len(re.findall(r"--dashboards-[\w-]+:", brand)) == 10
    assert "highlight" in html
    assert "quiet" in html


def test_page_about_a_wall_shows_both_boards_and_keeps_its_user_signed_in(pages: OpenPage):
    page = pages("wall.md")
    shown = re.search(r"^/dashboards\S+\?kiosk\S+", (PAGES / "wall.md").read_text(), re.MULTILINE)
    assert shown

    html = get_page(page, shown[0])
    assert 'data-dashboards-kiosk-seconds="45"' in html
    assert 'data-dashboards-kiosk-dim="22-6"' in html
    assert html.count('<li><a href="/dashboards/shop/') == 2
    seconds = page.run("""
from django.contrib.auth.models import Group
screen = User.objects.create(username="screen")
screen.groups.add(Group.objects.create(name="walls"))
client.force_login(screen)
print(client.session.get_expiry_age())
client.force_login(User.objects.get(username="ada"))
""")
    assert int(seconds) == 365 * 24 * 3600


def test_page_about_languages_speaks_them(pages: OpenPage):
    page = pages("languages-and-accessibility.md")
    fetch = "print(client.get('/dashboards/shop/sales/', headers={'accept-language': '%s'}).text)"

    german = page.run(fetch % "de")
    assert '<html lang="de" dir="ltr">' in german
    assert "Fehlgeschlagen" in german
    arabic = page.run(fetch % "ar")
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "فشل" in arabic

    page.run("from shop.models import Export\nExport.objects.create(percent=100)")
    live = fetch.replace("/sales/", "/exports/")
    assert "Fertig" in page.run(live % "de")
    assert "Done" in page.run(live % "en")


def test_page_about_csp_has_the_policy_that_a_browser_keeps_in_the_demo(pages: OpenPage):
    page = pages("csp.md")

    policy = page.run(
        "print(client.get('/dashboards/shop/sales/').headers['Content-Security-Policy'])"
    )
    assert policy.strip() == POLICY


def test_page_about_databases_keeps_live_values_in_the_database_that_the_router_selects(
    pages: OpenPage,
):
    page = pages("databases.md")
    page.run("call_command('check', databases=['default', 'live'], fail_level='WARNING')")

    counted = page.run("""
from dashboards.models import Frame
print([Frame.objects.using(each).filter(key="deploy").count() for each in ("live", "default")])
""")
    assert counted == "[1, 0]\n"
    assert 'value="40.0"' in get_page(page, "/dashboards/shop/operations/")


def test_page_about_channels_serves_streams_beside_websockets(pages: OpenPage):
    printed = pages("channels.md").run("""
import asyncio
from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator
from mysite.asgi import application

async def meet():
    echo = WebsocketCommunicator(application, "/echo/")
    print(await echo.connect())
    await echo.send_to(text_data="hello")
    print(await echo.receive_from())
    await echo.disconnect()
    stream = ApplicationCommunicator(application, {
        "type": "http", "http_version": "1.1", "method": "GET", "query_string": b"",
        "path": "/dashboards/shop/operations/@stream/",
        "headers": [(b"host", b"testserver"), (b"accept", b"text/event-stream")],
    })
    await stream.send_input({"type": "http.request", "body": b""})
    start = await stream.receive_output(5)
    print(start["status"], dict(start["headers"])[b"content-type"])
    body = await stream.receive_output(5)
    print(body["more_body"], b"retry:" in body["body"] or b"id:" in body["body"])
    await stream.send_input({"type": "http.disconnect"})
    await stream.wait(5)

asyncio.run(meet())
""")

    assert printed.splitlines()[:2] == ["(True, None)", "hello"]
    assert "200 b'text/event-stream" in printed
    assert printed.splitlines()[3] == "True True"


def test_page_about_the_admin_shows_a_dashboard_inside_it(pages: OpenPage):
    page = pages("admin.md")

    html = get_page(page, "/admin/operations/")
    assert 'id="shop_operations"' in html
    assert "Django administration" in html
    assert '<a href="/admin/operations/">Operations</a>' in get_page(page, "/admin/")


def test_page_about_the_ready_made_dashboard_shows_it_in_the_admin_too(pages: OpenPage):
    page = pages("system.md")

    assert "Open streams" in get_page(page, "/dashboards/shop/site/")
    assert 'href="/admin/dashboards_system/' in get_page(page, "/admin/")
