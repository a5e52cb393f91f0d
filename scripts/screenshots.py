"""Takes the screenshots of the documentation from the running demo: docs/screenshot*.png.

``.venv/bin/python scripts/screenshots.py [seconds]``, on a quiet machine: the charts show the
seconds that it waits, by default 150.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES: dict[Literal["light", "dark"], str] = {
    "light": "screenshot.png",
    "dark": "screenshot-dark.png",
}
CHROMIUM = "/usr/bin/chromium-headless-shell"
SIZE = ViewportSize(width=1440, height=900)


def main(seconds: float) -> None:
    """Serve the demo with a database of its own, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        environment = {**os.environ, "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3")}
        manage = [sys.executable, "demo/manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        serve = ["-m", "uvicorn", "demo.asgi:application", "--port", port, "--log-level", "warning"]
        server = subprocess.Popen([sys.executable, *serve], cwd=ROOT, env=environment)
        task = None
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox"]
                )
                # Opened first: a page that opens keeps the processor busy, as pictures would show.
                pages = {
                    name: open_page(browser, f"http://127.0.0.1:{port}/", scheme)
                    for scheme, name in PICTURES.items()
                }
                time.sleep(seconds)
                task = subprocess.Popen([*manage, "long_task"], cwd=ROOT, env=environment)
                time.sleep(12)
                for name, page in pages.items():
                    page.screenshot(path=ROOT / "docs" / name)
                browser.close()
        finally:
            for process in filter(None, (task, server)):
                process.terminate()
                process.wait(10)


def open_page(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> Page:
    """Open a page in one colour scheme, and wait until it is live and has drawn its charts."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)
    page.goto(url)
    page.locator("[data-dashboards-live=open]").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    return page


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
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 150)
