"""Stored frames outlive the process that rendered them and depend on no page or process."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import get_script_prefix, set_script_prefix
from django.utils import translation
from playwright.async_api import Page, expect
from pytest_django import Settings

from dashboards.component import Stat, Text
from dashboards.component.broadcast import (
    PREFIX,
    _fix_base_urls,
    broadcasting,
    fit_to_page,
)
from dashboards.component.release import make_release, strip_mark
from dashboards.dashboard import Dashboard
from dashboards.live import Every, push
from dashboards.live.stores import get_store
from tests.addresses import addresses
from tests.harness import ROOT, Site

# Renders a frame of each class of component as a push does, in a process with its own script
# prefix, language, time zone and settings.
RENDER = """
import json, sys
from decimal import Decimal
from datetime import datetime, timezone as utc
import django
django.setup()
from django.urls import set_script_prefix
from django.utils import timezone, translation
from dashboards.component import *
from dashboards.component.broadcast import broadcasting
from dashboards.dashboard import Dashboard

prefix, language, zone = sys.argv[1:]
MOMENT = datetime(2026, 11, 28, 22, 30, tzinfo=utc.utc)

class Linked:
    def __str__(self): return "linked"
    def get_absolute_url(self):
        from django.urls import reverse
        return reverse("hear")

class Kinds(Dashboard):
    text = Text(live=True)
    markdown = Text(live=True, markup="markdown")
    stat = Stat(live=True, unit="kg")
    link = Stat(live=True)
    moment = Stat(live=True)
    chart = Chart(live=True)
    series = Chart(live=True, max_points=3)
    map = Map(live=True)
    gauge = Gauge(live=True)
    progress = Progress(live=True)
    table = Table(live=True)
    basic = BasicTable(live=True)
    class Meta:
        app_label = "site"

VALUES = {
    "text": "a < b", "markdown": "*a*", "stat": Decimal("1234567.5"), "moment": MOMENT,
    "link": {"text": 5, "href": Linked(), "change": 3, "sparkline": [1, 3, 2]},
    "chart": {"data": [{"x": [MOMENT], "y": [1.5]}]}, "series": {"x": MOMENT, "y": 2},
    "map": {"data": [{"type": "choropleth", "locations": ["DEU"], "z": [1]}]},
    "gauge": {"value": 1234.5, "max": 5000},
    # Long ago, so that the shown duration is the same a second later.
    "progress": {"value": 40, "started": datetime(2001, 1, 1, tzinfo=utc.utc)},
    "table": [{"when": MOMENT, "price": Decimal("1234.5")}], "basic": [{"a": 1}],
}
set_script_prefix(prefix)
translation.activate(language)
timezone.activate(zone)
board = Kinds()
assert set(VALUES) == set(Kinds.declared)
with board.broadcasting():
    frames = {
        key: board.prepare_pushed(key, value, 0).render() for key, value in VALUES.items()
    }
for key in Kinds.declared:
    frames[key + ":state"] = board[key].live_binding.render_state("failed", 1_800_000_000)
print(json.dumps(frames))
"""


def render(tmp_path: Path, prefix: str, language: str, zone: str, settings: str) -> dict[str, Any]:
    (tmp_path / "other_settings.py").write_text(settings)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "other_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }
    environment.pop("COVERAGE_PROCESS_START", None)
    command = [sys.executable, "-c", RENDER, prefix, language, zone]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    frames: dict[str, Any] = json.loads(done.stdout)
    return frames


HASHED = """
from tests.settings import *
DEBUG = True
STATIC_URL = "https://cdn.example/hashed-1a2b/"
"""


def test_frames_equal_for_processes_with_different_settings(tmp_path: Path):
    # Regression: the frame of a chart had the hashed URL of plotly.js of the process that rendered
    # it, and the frame of a table had the script prefix of its thread. After a deployment, or under
    # a sub-path, these URLs were not found.
    one = render(tmp_path, "/", "en", "UTC", "from tests.settings import *")
    other = render(tmp_path, "/sub/path/", "de", "Asia/Tokyo", HASHED)

    def without_time(frame: Any) -> str:
        return re.sub(r"(<!--dashboards [^>]+-->)<!--at [\d.]+-->", r"\1", json.dumps(frame))

    for key, frame in one.items():
        assert without_time(frame) == without_time(other[key]), key
    assert f'href="{PREFIX}hear/"' in one["link"]
    assert "/static/" not in json.dumps(one)


@pytest.fixture
def _memory(settings: Settings) -> None:
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
    }


class Linked(Dashboard):
    link = Stat(live=True)
    note = Text(live=True)
    turning = Stat(value=lambda: "computed", live=Every(seconds=60))

    class Meta:
        app_label = "site"


class Target:
    def __str__(self) -> str:
        return "target"

    def get_absolute_url(self) -> str:
        return f"{get_script_prefix()}target/"


urlpatterns = addresses(Linked)


def request_under(prefix: str) -> HttpRequest:
    set_script_prefix(prefix)
    return RequestFactory().get("/")


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("_memory")
@pytest.mark.django_db(transaction=True)
def test_page_shows_stored_urls_under_its_own_prefix():
    push(Linked, link={"text": 5, "href": Target()})
    try:
        pages = {
            prefix: str(Linked(request_under(prefix)).render_components())
            for prefix in ("/", "/sub/")
        }
    finally:
        set_script_prefix("/")

    assert 'href="/target/"' in pages["/"]
    assert 'href="/sub/target/"' in pages["/sub/"]
    assert PREFIX not in "".join(pages.values())


def test_broadcast_restores_prefix_and_language():
    set_script_prefix("/sub/")
    try:
        with translation.override("de"):
            with broadcasting():
                assert (get_script_prefix(), translation.get_language()) == (PREFIX, "en-us")
            assert (get_script_prefix(), translation.get_language()) == ("/sub/", "de")
            assert fit_to_page(f'<a href="{PREFIX}x">') == '<a href="/sub/x">'
    finally:
        set_script_prefix("/")


def test_push_without_static_files_works(settings: Settings):
    # Regression: in a project without STATIC_URL each push raised ImproperlyConfigured.
    settings.STATIC_URL = None
    settings.STORAGES = {}
    _fix_base_urls.cache_clear()

    with broadcasting():
        assert get_script_prefix() == PREFIX


# Frames of another release.


def stored(event: str) -> str:
    frames = get_store().since(Linked().channel, None).frames
    return {frame.key: frame.data for frame in frames}[event]


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("_memory")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mark", "is_shown"),
    [
        ("{structure}.{declaration}", True),
        # A pushed value cannot be recomputed, and it is complete.
        ("{structure}.00000000", True),
        ("00000000.{declaration}", False),
        ("", False),
    ],
    ids=["of this release", "declared otherwise", "of another structure", "of none"],
)
def test_pushed_frame_of_other_structure_not_shown(client: Client, mark: str, is_shown: bool):
    # Regression: after a deployment the page showed the HTML that the previous release had
    # rendered, which did not fit the new style sheet and scripts.
    release = Linked.declared["note"]._release
    mark = mark.format(**release._asdict())
    frame = f"<!--dashboards {mark}-->old" if mark else "old"
    get_store().put(Linked().channel, {"note": frame})

    page = client.get("/site/linked/").content.decode()

    assert ("old" in page) is is_shown
    assert "<!--dashboards" not in page


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("_memory")
@pytest.mark.django_db
def test_computed_frame_of_changed_declaration_recomputed(client: Client):
    release = Linked.declared["turning"]._release
    frame = f"<!--dashboards {release.structure}.00000000-->old"
    get_store().put(Linked().channel, {"turning": frame})

    page = client.get("/site/linked/").content.decode()

    assert "old" not in page
    assert "computed" in page
    assert "computed" in strip_mark(stored("turning"))


def test_release_depends_on_settings_for_rendering(tmp_path: Path, settings: Settings):
    same = {make_release(Stat(unit="kg")) for _ in range(3)}
    assert len(same) == 1
    [stat] = same
    other_unit = make_release(Stat(unit="g"))
    assert other_unit.structure == stat.structure
    assert other_unit.declaration != stat.declaration
    assert make_release(Text()).structure != stat.structure
    assert make_release(Stat(template="site/context.html")).structure != stat.structure
    # A queryset is not evaluated, and a function's memory address is not part of the release.
    assert make_release(Stat(value=lambda: 1)) == make_release(Stat(value=lambda: 2))


@pytest.mark.asyncio(loop_scope="session")
async def test_live_table_under_sub_path_sorts_there(make_site: Any, page: Page):
    # Regression: a live table rendered by another process had URLs without the sub-path of the
    # server, so sorting and paging had the status 404.
    site: Site = make_site("uvicorn", TEST_SUB_PATH="/sub")
    await page.goto(f"{site.url}/sub/books/ticking/")
    rows = page.locator("#books_ticking-rows")
    await expect(rows.locator("tbody tr")).to_have_count(10)
    turn = await rows.locator("tbody tr td").first.text_content()
    await expect(rows.locator("tbody tr td").first).not_to_have_text(turn or "")
    link = rows.get_by_role("link", name="Turn")
    assert (await link.get_attribute("hx-get") or "").startswith("/sub/books/ticking/@component/")
    async with page.expect_response(lambda each: "rows-sort=turn" in each.url) as sorted_:
        await link.click()
    assert (await sorted_.value).status == 200
