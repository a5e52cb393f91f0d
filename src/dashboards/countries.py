"""The shapes of countries for maps, made from the data of the package geopip.

By default plotly.js loads a TopoJSON file from servers of its vendor. This module converts GeoJSON
to such a file, so that the site can serve it.
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

_STEPS = 1000
"""Steps of a degree. One step is about 100 metres, which is not visible on a map of the world."""

Point = Sequence[float]


def find_geojson() -> Path | None:
    """Return the path of geopip's GeoJSON file, or None if geopip is not installed."""
    spec = find_spec("geopip")
    path = Path(spec.origin).parent / "globe.geo.json" if spec and spec.origin else None
    return path if path and path.is_file() else None


@cache
def build_directory() -> Path | None:
    """Return the directory of the TopoJSON file and its licence, or None without geopip.

    Each process that serves or collects static files writes one, at the first call, and deletes it
    when it ends.
    """
    path = find_geojson()
    if path is None:
        return None
    directory = Path(mkdtemp(prefix="dashboards-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    text = json.dumps(countries_topojson(json.loads(path.read_text())), separators=(",", ":"))
    (directory / NAME).write_text(text)
    (directory / LICENSE_NAME).write_text(LICENSE)
    return directory


def countries_topojson(countries: Mapping[str, Any]) -> dict[str, Any]:
    """Convert GeoJSON of countries to the TopoJSON that plotly.js reads.

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
            [add(_wind(ring, clockwise=not index)) for index, ring in enumerate(polygon)]
            for polygon in _polygons(feature["geometry"])
        ]
        properties = feature["properties"]
        shape = {"type": "MultiPolygon", "id": properties["ISO3"], "arcs": polygons}
        # The place of a point that names only its country.
        center = [properties["LON"], properties["LAT"]]
        shapes.append({**shape, "properties": {"ct": center}})
    coasts = {"type": "MultiLineString", "arcs": [[index] for index in range(len(arcs))]}
    ocean = {"type": "MultiPolygon", "arcs": [[add(ring)] for ring in _octants()]}
    empty = {"type": "GeometryCollection", "geometries": ()}
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
            "lakes": empty,
            "rivers": empty,
            "subunits": empty,
        },
        "arcs": arcs,
    }


def _polygons(geometry: Mapping[str, Any]) -> Any:
    many = geometry["type"] == "MultiPolygon"
    return geometry["coordinates"] if many else [geometry["coordinates"]]


def _wind(ring: Sequence[Point], *, clockwise: bool) -> Sequence[Point]:
    # On a sphere a ring encloses two areas. Its direction decides which one is meant.
    area = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    return ring if (area > 0) == clockwise else ring[::-1]


def _steps(ring: Sequence[Point]) -> list[list[int]]:
    # Each point is stored as its distance from the one before.
    points = [(round(point[0] * _STEPS), round(point[1] * _STEPS)) for point in ring]
    moved = [[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(points)]
    return [list(points[0]), *moved]


def _octants() -> Iterator[Sequence[Point]]:
    # The whole globe in eight parts, because a ring must enclose less than half of it.
    for west in range(-180, 180, 90):
        for south in (-90, 0):
            east, north = west + 90, south + 90
            yield (west, south), (west, north), (east, north), (east, south), (west, south)
