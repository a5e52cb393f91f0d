"""The first page of the demo: one shop, whose figures all follow the same orders."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.harness import ROOT
from tests.project.test_demo import SHOP, Demo, make_demo

ADVANCE = """
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django import setup
from django.db import connection

setup()
from django.db.models import Count, F, Sum
from demo.shop.models import Clock, Hour, Order, Reading, Product
from demo.shop.simulation import ORDERS_KEPT, PAST, READINGS_KEPT, advance

# The shop stood still for 50 minutes. Several threads find that at once, as processes do.
Reading.objects.all().delete()
Clock.objects.update(until=F("until") - timedelta(minutes=50))
before = Order.objects.count(), Clock.objects.get().until

def run(_):
    advance()
    connection.close()

with ThreadPoolExecutor(4) as pool:
    list(pool.map(run, range(4)))
until = Clock.objects.get().until
readings = Reading.objects.filter(at__gt=before[1])
print(
    sum(readings.values_list("seconds", flat=True)) / (until - before[1]).total_seconds(),
    Order.objects.exclude(placed__gt=until - ORDERS_KEPT).count(),
    Reading.objects.exclude(at__gt=until - READINGS_KEPT).count(),
    (until - Hour.objects.earliest("begins").begins) > PAST + timedelta(hours=3),
)
full = Hour.objects.filter(begins__gt=until - ORDERS_KEPT).order_by("begins")[:20]
for hour in full:
    orders = Order.objects.filter(
        placed__gte=hour.begins, placed__lt=hour.begins + timedelta(hours=1)
    )
    assert orders.count() == hour.orders, hour
    assert orders.aggregate(sum=Sum("total"))["sum"] == hour.revenue, hour
assert Product.objects.filter(stock__gt=F("shelf")).count() == 0
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    shop = make_demo(tmp_path_factory.mktemp("shop"))
    shop.start()
    yield shop
    shop.stop()


def test_shop_that_several_processes_bring_up_to_date_does_everything_once(tmp_path: Path):
    shop = make_demo(tmp_path)
    command = [sys.executable, "-c", ADVANCE]
    done = subprocess.run(command, cwd=ROOT, env=shop.environment, check=True, capture_output=True)
    share, old_orders, old_readings, has_older_hours = done.stdout.decode().split()

    assert float(share) == pytest.approx(1)
    # What is older than a day, an hour or three days is deleted.
    assert (old_orders, old_readings, has_older_hours) == ("0", "0", "False")


@pytest.mark.asyncio(loop_scope="session")
async def test_sale_that_a_viewer_starts_is_shown_to_all_and_orders_continue_after_a_restart(
    shop: Demo, page: Page, context: BrowserContext
):
    other = await context.new_page()
    for each in (page, other):
        await each.goto(f"{shop.url}{SHOP}")
        board = each.locator("#shop_operations")
        await expect(board).to_have_attribute("data-dashboards-live", "open")
    form = page.locator("#shop_operations-start-form")
    await form.get_by_label("Everything for").select_option("Garden")
    await form.get_by_label("Reduced by").select_option("30 %")
    await form.get_by_role("button").click()
    await expect(form).to_contain_text("Started")
    sale = other.locator("#shop_operations-sale-content")
    await expect(sale).to_contain_text("30 % off Garden")

    # A new order stands above the others, without anything that the viewer did.
    newest = other.locator("#shop_operations-newest-content tbody tr").first
    await expect(newest).not_to_have_text(await newest.inner_text(), timeout=60_000)

    before = shop.ask("SELECT max(id) FROM shop_order")
    shop.kill()
    shop.start()
    await expect(other.locator("#shop_operations")).to_have_attribute(
        "data-dashboards-live", "open", timeout=30_000
    )
    await expect(sale).to_contain_text("30 % off Garden")
    assert shop.ask("SELECT max(id) FROM shop_order") >= before
    page.complaints.clear()  # type: ignore[attr-defined]  # Of the time without a server.
    await other.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_source_of_a_page_is_loaded_when_its_button_is_pressed(shop: Demo, page: Page):
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    await page.goto(f"{shop.url}{SHOP}")
    window = page.get_by_role("dialog", name="Source of this page")
    await expect(window).to_be_hidden()
    assert not [each for each in asked if "/code/" in each]
    await page.get_by_role("button", name="Code").click()
    await expect(window.get_by_role("region", name="dashboards.py")).to_contain_text(
        "class Operations(Dashboard):"
    )
    await page.keyboard.press("Escape")
    await expect(window).to_be_hidden()
    # One that does not exist, and one whose source is not the demo's.
    for name in ("nothing", "dashboards_system_system"):
        assert shop.get(f"/code/{name}/")[0] == 404
