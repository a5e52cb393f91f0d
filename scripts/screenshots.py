"""Takes pictures of the running demo: those of the documentation, or a tour of all it shows.

``.venv/bin/python scripts/screenshots.py docs [seconds]`` writes the pictures of ``docs/``. Run it
on a quiet machine: the charts show the seconds that it waits, by default 150.

``.venv/bin/python scripts/screenshots.py tour [folder]`` writes every page, light and dark, on a
phone, half a screen, a desktop and two walls; each state of a page: offline, with failed boxes,
paused, printed, with forced colours, from right to left; and what opens in it: the menu of a box,
its window, its table, the range of time, the menu. Look at them after a change of the design.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.harness import CHROMIUM, CHROMIUM_ARGUMENTS, free_port  # noqa: E402

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PHONE = ViewportSize(width=375, height=812)
HALF = ViewportSize(width=900, height=900)
DESKTOP = ViewportSize(width=1440, height=900)
WALLS = {
    "1080p": ViewportSize(width=1920, height=1080),
    "4k": ViewportSize(width=3840, height=2160),
}
FRONT = "/shop/operations/"
DEFERRED = "/pieces/requests/"
MACHINE = "/machine/machine/"

# The pictures of the how-tos: a page of the demo each.
HOWTOS = {
    "figures": "/pieces/figures/",
    "charts": "/pieces/charts/",
    "tables": "/pieces/tables/",
    "forms": "/pieces/forms/",
    "layout": "/pieces/layouts/",
    "system": "/machine/site/",
}
HOWTO = ViewportSize(width=1000, height=640)


@contextmanager
def serve(folder: Path, port: int, language: str = "en") -> Iterator[None]:
    """Serve the demo with a database in ``folder``."""
    (folder / "pictures_settings.py").write_text(
        f"from demo.settings import *\nLANGUAGE_CODE = {language!r}\n"
    )
    environment = {
        **os.environ,
        "DEMO_DATABASE": str(folder / "demo.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "pictures_settings",
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
    }
    migrate = [sys.executable, "demo/manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    arguments = ["demo.asgi:application", "--port", str(port), "--log-level", "warning"]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments], cwd=ROOT, env=environment
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield
    finally:
        server.terminate()
        server.wait(10)


def wait_for(url: str) -> None:
    """Wait until a server answers, at most 30 seconds."""
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(url).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def open_page(context: BrowserContext, url: str) -> Page:
    """Open a page, and wait until it is live and has drawn the charts that are in view."""
    page = context.new_page()
    page.goto(url)
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until the page is live and its visible charts are drawn."""
    if page.locator("main[sse-connect]").count():
        page.locator("[data-dashboards-live=open]").first.wait_for()
    for chart in page.locator("dashboard-chart:visible").all():
        try:
            chart.locator(".main-svg").first.wait_for(timeout=15_000)
        except PlaywrightError:
            print(f"{page.url}: a chart is not drawn", file=sys.stderr)
    page.wait_for_timeout(500)


class Album:
    """Writes the pictures of a tour, and says where each one is."""

    def __init__(self, browser: Browser, folder: Path, site: str) -> None:
        self.browser = browser
        self.folder = folder
        self.site = site

    def take(self, page: Page, *names: str) -> None:
        """Take a picture of a whole page."""
        path = self.folder / f"{'-'.join(names)}.png"
        page.screenshot(path=path, full_page=True)
        print(path)

    def find_pages(self) -> list[str]:
        """Return the paths that the menu of the demo leads to."""
        page = self.browser.new_page()
        page.goto(self.site + FRONT)
        links = page.locator("#dashboards-menu a[href^='/']").evaluate_all(
            "links => links.map((link) => link.pathname)"
        )
        page.close()
        return list(dict.fromkeys(links))

    def take_pages(self, paths: list[str], scheme: Scheme) -> None:
        """Take each page on a phone, a desktop and, as a wall, on two large screens."""
        for path in paths:
            context = self.browser.new_context(color_scheme=scheme, viewport=DESKTOP)
            name = path.strip("/").replace("/", "-").replace("%20", "-") or "front"
            page = open_page(context, self.site + path)
            self.take(page, name, scheme, "desktop")
            for size, viewport in (("half", HALF), ("phone", PHONE)):
                page.set_viewport_size(viewport)
                settle(page)
                self.take(page, name, scheme, size)
            for wall, size in WALLS.items():
                page.set_viewport_size(size)
                page.goto(f"{self.site}{path}?kiosk")
                settle(page)
                self.take(page, name, scheme, wall)
            context.close()

    def take_states(self, scheme: Scheme) -> None:
        """Take the front page in each of its states."""
        context = self.browser.new_context(color_scheme=scheme, viewport=DESKTOP)
        page = open_page(context, self.site + FRONT)
        self.print(page, f"state-printed-{scheme}")
        page.emulate_media(forced_colors="active")
        page.wait_for_timeout(1_000)
        self.take(page, "state-forced-colours", scheme)
        page.emulate_media(forced_colors="none")
        page.locator("[data-dashboards-pause]").click()
        page.wait_for_timeout(6_000)
        self.take(page, "state-paused", scheme)
        page.locator("[data-dashboards-pause]").click()
        failing = context.new_page()
        failing.route("**/@component*/**", lambda route: route.fulfill(status=500))
        failing.goto(self.site + DEFERRED)
        failing.locator(".dashboards-is-failed").first.wait_for()
        failing.evaluate("scrollTo(0, document.body.scrollHeight)")  # Boxes load in view.
        failing.locator("#pieces_requests-cancelled .dashboards-is-failed").wait_for()
        self.take(failing, "state-failed", scheme)
        context.set_offline(True)
        page.locator(
            "[data-dashboards-live=waiting], [data-dashboards-live=silent]"
        ).first.wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
        self.take(page, "state-offline", scheme)
        context.close()

    def print(self, page: Page, name: str) -> None:
        """Write a page as it is printed, and pictures of its papers if Poppler is installed."""
        path = self.folder / f"{name}.pdf"
        page.pdf(path=path)
        if program := shutil.which("pdftoppm"):
            subprocess.run([program, "-r", "80", "-png", path, path.with_suffix("")], check=True)

    def take_opened(self, scheme: Scheme, size: str, viewport: ViewportSize) -> None:
        """Take what opens in a page."""
        context = self.browser.new_context(color_scheme=scheme, viewport=viewport)
        page = open_page(context, self.site + MACHINE)
        box = page.locator("#machine_machine-processor_history")

        def choose(entry: str) -> None:
            box.hover()
            box.locator("> .dashboards-box-button").click()
            box.get_by_role("menu").get_by_text(entry).click()

        def see(state: str) -> None:
            page.wait_for_timeout(1_000)
            path = self.folder / f"open-{state}-{scheme}-{size}.png"
            page.screenshot(path=path)
            print(path)

        box.hover()
        box.locator("> .dashboards-box-button").click()
        see("menu")
        page.keyboard.press("Escape")
        choose("Enlarge")
        see("window")
        choose("Show as a table")
        see("window-table")
        page.keyboard.press("Escape")
        see("table")
        page.locator(".dashboards-time-range > summary").click()
        see("range")
        page.keyboard.press("Escape")
        if size == "phone":
            page.get_by_role("button", name="Menu", exact=True).click()
        page.locator(".dashboards-menu-section > summary").last.click()
        see("pages")
        context.close()


def take_tour(folder: Path) -> None:
    """Take every page and every state."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        port = free_port()
        album = Album(browser, folder, f"http://127.0.0.1:{port}")
        with serve(Path(data), port):
            paths = album.find_pages()
            for scheme in SCHEMES:
                album.take_pages(paths, scheme)
            for scheme in SCHEMES:
                album.take_states(scheme)
                album.take_opened(scheme, "phone", PHONE)
                album.take_opened(scheme, "desktop", DESKTOP)
        with serve(Path(data), port, "ar"):
            for path in paths:
                context = browser.new_context(viewport=DESKTOP)
                page = open_page(context, album.site + path)
                album.take(page, "rtl", path.strip("/").replace("/", "-"))
                context.close()
        browser.close()


def take_docs(seconds: float) -> None:
    """Take the pictures of the documentation."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        port = free_port()
        with serve(Path(data), port):
            # Opened first: a page that opens keeps the processor busy, as pictures would show.
            fronts = {
                scheme: open_page(
                    browser.new_context(color_scheme=scheme, viewport=DESKTOP),
                    f"http://127.0.0.1:{port}{FRONT}",
                )
                for scheme in SCHEMES
            }
            time.sleep(seconds)
            fronts["light"].screenshot(path=ROOT / "docs/screenshot.png")
            fronts["dark"].screenshot(path=ROOT / "docs/screenshot-dark.png")
            context = browser.new_context(viewport=HOWTO)
            for name, path in HOWTOS.items():
                page = open_page(context, f"http://127.0.0.1:{port}{path}")
                page.screenshot(path=ROOT / f"docs/pictures/{name}.png")
                page.close()
            page = browser.new_page(viewport=WALLS["1080p"])
            page.goto(f"http://127.0.0.1:{port}{FRONT}?kiosk")
            settle(page)
            page.screenshot(path=ROOT / "docs/pictures/wall.png")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    docs = commands.add_parser("docs", help="the pictures of the documentation")
    docs.add_argument("seconds", type=float, nargs="?", default=150, help="how much charts show")
    tour = commands.add_parser("tour", help="every page and state")
    tour.add_argument("folder", type=Path, nargs="?", default=ROOT / "build/screenshots")
    options = parser.parse_args()
    if options.command == "docs":
        take_docs(options.seconds)
    else:
        take_tour(options.folder)
