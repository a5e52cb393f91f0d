"""Takes pictures of the running demo with a database of its own.

``.venv/bin/python scripts/screenshots.py`` takes those of the documentation, docs/screenshot*.png.
With ``--all FOLDER`` it takes every page of the demo, light and dark, on a phone, a desk and two
walls, and the first page offline, paused, printed and from right to left, to be looked at.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

Scheme = Literal["light", "dark"]

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium-headless-shell"
PICTURES: dict[Scheme, str] = {"light": "screenshot.png", "dark": "screenshot-dark.png"}
FIRST = "/shop/operations/"
PAGES = (
    *(FIRST, "/machine/machine/", "/machine/site/", "/ways/ways/"),
    *("/pieces/figures/", "/pieces/charts/", "/pieces/tables/", "/pieces/forms/"),
    *("/pieces/filtered/", "/pieces/layouts/", "/pieces/requests/", "/pieces/design/"),
    *("/pieces/branded/", "/pieces/customerboard/Ana%20Souza/", "/embedded/"),
)
# Name: width, height, query string.
SIZES = {
    "phone": (375, 812, ""),
    "desk": (1440, 900, ""),
    "1080p": (1920, 1080, "?kiosk"),
    "4k": (3840, 2160, "?kiosk"),
}
DESK = ViewportSize(width=1440, height=900)


def main() -> None:
    """Serve the demo, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take every page into a folder")
    parser.add_argument("--only", default="", help="with --all: only pages whose address has this")
    arguments = parser.parse_args()
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if arguments.all:
            arguments.all.mkdir(parents=True, exist_ok=True)
            take_all(browser, url, arguments.all, arguments.only)
        else:
            for scheme, name in PICTURES.items():
                page = open_page(browser, f"{url}{FIRST}", scheme, DESK)
                page.screenshot(path=ROOT / "docs" / name)
                page.close()
        browser.close()


def take_all(browser: Browser, url: str, folder: Path, only: str) -> None:
    """Take every page in every scheme and size, then the states of the first page."""
    for path in PAGES:
        if only not in path:
            continue
        name = path.strip("/").replace("/", "-").replace("%20", "-")
        for scheme in PICTURES:
            for size, (width, height, query) in SIZES.items():
                viewport = ViewportSize(width=width, height=height)
                page = open_page(browser, f"{url}{path}{query}", scheme, viewport)
                page.screenshot(path=folder / f"{name}-{scheme}-{size}.png", full_page=not query)
                page.close()
    if only in FIRST:
        take_states(browser, f"{url}{FIRST}", folder)


def take_states(browser: Browser, url: str, folder: Path) -> None:
    """Take a page without a network, paused, printed, from right to left, in forced colours."""
    page = open_page(browser, url, "light", DESK)
    page.context.set_offline(offline=True)
    page.locator("[data-dashboards-live=waiting], [data-dashboards-live=silent]").wait_for()
    page.screenshot(path=folder / "offline.png")
    page.close()
    page = open_page(browser, url, "light", DESK)
    pause = page.get_by_role("button", name="Pause")
    if pause.count():
        pause.click()
        page.wait_for_timeout(4_000)
        page.screenshot(path=folder / "paused.png")
    page.reload()
    page.wait_for_timeout(4_000)
    page.emulate_media(forced_colors="active")
    page.screenshot(path=folder / "forced-colours.png")
    page.emulate_media(forced_colors="none", media="print", color_scheme="dark")
    page.pdf(path=folder / "printed.pdf", format="A4")
    page.screenshot(path=folder / "printed.png", full_page=True)
    page.add_init_script(
        "new MutationObserver(() => { document.documentElement.dir = 'rtl'; })"
        ".observe(document, { childList: true })"
    )
    page.emulate_media(media="screen", color_scheme="light")
    page.goto(url)
    page.wait_for_timeout(4_000)
    page.screenshot(path=folder / "right-to-left.png")
    page.close()


def open_page(browser: Browser, url: str, scheme: Scheme, size: ViewportSize) -> Page:
    """Open a page in one colour scheme, and wait until it is live and has drawn its charts."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(url)
    if page.locator("[sse-connect]").count():
        page.locator("[data-dashboards-live=open]").first.wait_for()
    shown = page.locator("dashboard-chart:visible")
    for chart in shown.all():
        chart.locator(".main-svg").first.wait_for()
    page.wait_for_timeout(1_000)
    return page


@contextmanager
def serving() -> Iterator[str]:
    """Serve the demo as long as the context is open; the address is its value."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        environment = {**os.environ, "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3")}
        manage = [sys.executable, "demo/manage.py", "migrate", "-v0"]
        subprocess.run(manage, cwd=ROOT, env=environment, check=True)
        serve = ["-m", "uvicorn", "demo.asgi:application", "--port", port, "--log-level", "warning"]
        server = subprocess.Popen([sys.executable, *serve], cwd=ROOT, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            yield f"http://127.0.0.1:{port}"
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


if __name__ == "__main__":
    main()
