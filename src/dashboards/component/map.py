"""A figure on a map, drawn by plotly.js."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dashboards.compat import accept_old_names
from dashboards.component.chart import Chart


@accept_old_names(window="max_points")
@dataclass
class Map(Chart):
    """A map. Its value is what a ``Chart`` takes, with traces that lie on the earth.

    Nothing is asked of anybody on the internet. Countries and coasts (traces ``choropleth`` and
    ``scattergeo``) come with the extra ``maps``, or are a file of the project's own; shapes that a
    figure brings (``geojson``) need neither. Tiled maps (``scattermap`` and the like) have an empty
    background, until a figure names a ``style`` and so the server to be asked.

    With ``max_points`` points ``{"lat": …, "lon": …}`` are appended: what moves leaves a track.
    """

    base: ClassVar[Mapping[str, Any]] = {
        "data": [{"type": "scattergeo", "mode": "lines+markers"}],
        "layout": {"geo": {"fitbounds": "locations"}},
    }
