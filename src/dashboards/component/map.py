"""The component that draws on a map, with plotly.js."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dashboards.compat import accept_old_names
from dashboards.component.chart import Chart


@accept_old_names(window="max_points")
@dataclass
class Map(Chart):
    """A map. Its value is that of a ``Chart``, with traces that have places on the earth.

    It sends no requests to other servers. Countries and coasts (traces ``choropleth`` and
    ``scattergeo``) are installed by the extra ``maps``, or are a file of your project; figures
    with their own shapes (``geojson``) need neither. Tiled maps (``scattermap`` and the like) have
    an empty background, unless a figure names a ``style``, and so the server of its tiles.

    With ``max_points``, points ``{"lat": …, "lon": …}`` are appended, for example to draw the
    track of something that moves.
    """

    base: ClassVar[Mapping[str, Any]] = {
        "data": [{"type": "scattergeo", "mode": "lines+markers"}],
        "layout": {"geo": {"fitbounds": "locations"}},
    }
