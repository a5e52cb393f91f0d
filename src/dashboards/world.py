"""The shapes of countries, for maps: those of the package geopip, as plotly.js reads them.

plotly.js asks its maker's servers for a TopoJSON file. This makes the same of GeoJSON, so that a
site can serve it.
"""

import atexit
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

NAME = "world.json"
LICENSE_NAME = "world.json.license.txt"
LICENSE = """\
world.json: the shapes of countries.

Made by django-live-dashboards from globe.geo.json of the package geopip (MIT licence), which
contains the World Borders Dataset of thematicmapping.org, provided by Bjorn Sandvik:
http://thematicmapping.org/downloads/world_borders.php

The dataset and this file are under the Creative Commons Attribution-Share Alike License, as that
page states; it requests a link to it where the dataset is used. It names no version. The
documentation of the R package prevR, which contains the same dataset, links version 3.0:
https://creativecommons.org/licenses/by-sa/3.0/

Changed: rounded to thousandths of a degree, and written as TopoJSON; an ocean was added.
"""

# A degree is 1000 steps: some hundred metres, which no map of the world shows.
_STEPS = 1000

Point = Sequence[float]


def source() -> Path | None:
    """Return the GeoJSON file of the installed package; ``None`` where there is none."""
    spec = find_spec("geopip")
    path = Path(spec.origin).parent / "globe.geo.json" if spec and spec.origin else None
    return path if path and path.is_file() else None


@cache
def folder() -> Path | None:
    """Return the folder of the TopoJSON file and its licence, made once a process, or ``None``."""
    path = source()
    if path is None:
        return None
    # A process that serves static files itself, or collects them, is all that comes here.
    made = Path(mkdtemp(prefix="dashboards-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    text = json.dumps(topology(json.loads(path.read_text())), separators=(",", ":"))
    (made / NAME).write_text(text)
    (made / LICENSE_NAME).write_text(LICENSE)
    return made


def topology(countries: Mapping[str, Any]) -> dict[str, Any]:
    """Return GeoJSON of countries as plotly.js wants its TopoJSON.

    Args:
        countries: a feature collection of polygons, with ``ISO3``, ``LON`` and ``LAT``.
    """
    arcs: list[list[list[int]]] = []

    def add(ring: Sequence[Point]) -> list[int]:
        arcs.append(_steps(ring))
        return [len(arcs) - 1]

    shapes: list[dict[str, Any]] = []
    for feature in countries["features"]:
        polygons = [
            [add(_wound(ring, clockwise=not index)) for index, ring in enumerate(polygon)]
            for polygon in _polygons(feature["geometry"])
        ]
        about = feature["properties"]
        shape = {"type": "MultiPolygon", "id": about["ISO3"], "arcs": polygons}
        # Where a point stands that is given by its country.
        shapes.append({**shape, "properties": {"ct": [about["LON"], about["LAT"]]}})
    coasts = {"type": "MultiLineString", "arcs": [[index] for index in range(len(arcs))]}
    ocean = {"type": "MultiPolygon", "arcs": [[add(ring)] for ring in _octants()]}
    nothing = {"type": "GeometryCollection", "geometries": ()}
    return {
        "type": "Topology",
        "transform": {"scale": [1 / _STEPS, 1 / _STEPS], "translate": [0, 0]},
        "objects": {
            "countries": {"type": "GeometryCollection", "geometries": shapes},
            "land": {
                "type": "MultiPolygon",
                "arcs": [polygon for shape in shapes for polygon in shape["arcs"]],
            },
            "coastlines": coasts,
            "ocean": ocean,
            "lakes": nothing,
            "rivers": nothing,
            "subunits": nothing,
        },
        "arcs": arcs,
    }


def _polygons(geometry: Mapping[str, Any]) -> Any:
    many = geometry["type"] == "MultiPolygon"
    return geometry["coordinates"] if many else [geometry["coordinates"]]


def _wound(ring: Sequence[Point], *, clockwise: bool) -> Sequence[Point]:
    # On a sphere a ring has two insides: which one is meant, its direction says.
    area = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    return ring if (area > 0) == clockwise else ring[::-1]


def _steps(ring: Sequence[Point]) -> list[list[int]]:
    # Each point as what it is away from the one before.
    points = [(round(point[0] * _STEPS), round(point[1] * _STEPS)) for point in ring]
    moved = [[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(points)]
    return [list(points[0]), *moved]


def _octants() -> Iterator[Sequence[Point]]:
    # The whole globe, in pieces that are each less than half of it.
    for west in range(-180, 180, 90):
        for south in (-90, 0):
            east, north = west + 90, south + 90
            yield (west, south), (west, north), (east, north), (east, south), (west, south)
