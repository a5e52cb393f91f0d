#!/usr/bin/env python
"""Tests the example project with an installed package, and drives a browser against it.

``scripts/try_example.py PYTHON FOLDER``: PYTHON has the package installed, with uvicorn;
FOLDER is a copy of ``example/``.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

CHROMIUM = "/usr/bin/chromium-headless-shell"
SECONDS = 20


def main(python: str, folder: str) -> None:
    """Run the example's tests, serve it, place an order, and see it arrive in an open page."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def manage(*arguments: str) -> None:
        subprocess.run([python, "manage.py", *arguments], cwd=folder, env=clean, check=True)

    manage("check", "--fail-level", "DEBUG")
    manage("migrate", "--verbosity", "0")
    manage("test", "--verbosity", "0")
    port = _find_free_port()
    url = f"http://127.0.0.1:{port}/dashboards/shop/operations/"
    command = [python, "-m", "uvicorn", "mysite.asgi:application", "--port", str(port)]
    with subprocess.Popen([*command, "--log-level", "warning"], cwd=folder, env=clean) as server:
        try:
            _wait_until_served(url)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox"]
                )
                page = browser.new_page()
                complaints: list[str] = []
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.goto(url)
                expect(page.locator("#shop_operations")).to_have_attribute(
                    "data-dashboards-live", "open", timeout=1000 * SECONDS
                )
                manage("place_order")
                for text in ("19.90", "Ann", "Copying"):
                    expect(page.locator("#shop_operations")).to_contain_text(
                        text, timeout=1000 * SECONDS
                    )
                browser.close()
        finally:
            server.terminate()
    if complaints:
        sys.exit(f"The page raised errors: {complaints}")
    print("An order and a push arrived in the open page.")


def _find_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until_served(url: str) -> None:
    ends = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main(*(str(Path(each).absolute()) for each in sys.argv[1:3]))
