"""Bundles of plotly.js that a site serves: the whole, and smaller ones that draw fewer traces.

The whole is that of the installed plotly. A project may put smaller bundles among its static files;
each page then loads the smallest that draws its charts (``static/dashboards/js/chart/bundles.js``).
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

PLOTLY = "dashboards/plotly/plotly.min.js"
"""The static file with the whole plotly.js."""

BUNDLES: Mapping[str, str] = {
    name: f"dashboards/plotly/plotly-{name}.min.js" for name in ("basic", "geo", "cartesian")
}
"""The static files with smaller bundles, by name."""

_VERSION = re.compile(rb"plotly\.js [^\n]*?v(\d[\w.-]*)")


@cache
def find_bundles() -> Mapping[str, str]:
    """Return those of ``BUNDLES`` that the site has, as found once in each process.

    A bundle is found by the finders, or in the manifest of static files where the sources of static
    files are not deployed.
    """
    collected: Mapping[str, Any] = getattr(staticfiles_storage, "hashed_files", {})
    return {name: path for name, path in BUNDLES.items() if path in collected or finders.find(path)}


def read_version(path: str) -> str:
    """Return the version in a bundle's first lines; an empty string if the file names none.

    Args:
        path: the path of a static file.
    """
    file = finders.find(path)
    if not file:
        return ""
    with Path(file).open("rb") as opened:
        found = _VERSION.search(opened.read(200))
    return found[1].decode() if found else ""
