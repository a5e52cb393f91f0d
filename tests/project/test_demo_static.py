"""The files of ``make demo``: compressed, kept by browsers for ever, and few bytes of script."""

import re
from pathlib import Path

import httpx

from tests.project.test_demo import make_demo

# Without plotly.js, which takes seconds to compress: the page of figures has no chart.
COLLECT = ("collectstatic", "--no-input", "--verbosity=0", "--ignore=plotly*", "--ignore=*.json")
MOST_BYTES = 25_000


def test_page_of_the_demo_without_charts_loads_at_most_25_kilobytes_of_script(tmp_path: Path):
    demo = make_demo(tmp_path)
    demo.environment["DEMO_STATIC_ROOT"] = str(tmp_path / "static")
    demo.run(*COLLECT)
    demo.start()
    try:
        headers = {"Accept-Encoding": "br"}
        with httpx.Client(base_url=demo.url, headers=headers) as client:
            page = client.get("/pieces/tables/").text
            sizes: dict[str, int] = {}
            for path in re.findall(r'<script[^>]* src="([^"]+)"', page):
                with client.stream("GET", path) as response:
                    assert "immutable" in response.headers["Cache-Control"]
                    assert response.headers.get("Content-Encoding") == "br", path
                    sizes[path] = len(b"".join(response.iter_raw()))
            sheet = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)[0]
            assert client.get(sheet).headers["Content-Encoding"] == "br"
    finally:
        demo.stop()

    assert len(sizes) > 10
    assert sum(sizes.values()) <= MOST_BYTES, sizes
