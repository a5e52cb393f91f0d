"""A figure drawn by plotly.js."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.safestring import SafeString

from dashboards.compat import accept_old_names
from dashboards.component.base import Bound
from dashboards.component.chart.figure import as_text, encode, is_list
from dashboards.component.chart.serializer import ChartSerializer
from dashboards.component.drawing import Data, Drawing, escape
from dashboards.component.texts import shorten
from dashboards.exceptions import ComponentValueError, DeclarationError

_ALLOWED_POINTS = (
    "A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them (one for each "
    "trace), or a list of such lists"
)

PLOTLY = "dashboards/plotly/plotly.min.js"
"""The static file that is plotly.js."""

WORLD = "dashboards/geo/world.json"
"""The static file that holds the shapes of countries."""


@accept_old_names(window="max_points")
@dataclass
class Chart(Drawing):
    """A chart drawn by plotly.js.

    Its value is a Plotly figure, a figure's JSON text, a dict of one, or a ``ChartSerializer``.
    What the figure leaves open (colours, font, grid, margins) follows the page, light or dark; a
    template or colours of its own win. A figure without points says "No data".

    Times with a zone are shown in the zone of the page (Django's active one), which the axis names
    where the viewer's clock differs; times without one are taken to be in that zone. A line over
    time breaks where two points are further apart than three times the median of the trace, unless
    the trace says ``connectgaps``. What older releases of Plotly wrote otherwise is translated.

    With ``max_points`` the chart is a series: pushed and computed values are points, and each is
    appended to the points before. A point is a dict such as ``{"x": now, "y": 3}``; a list of
    such dicts is one point for each trace (``None`` for a trace that gets none); a list of such
    lists is several points.

    Needs plotly (``pip install django-live-dashboards[plotly]``), which brings plotly.js too, so
    that the two always match.

    Args:
        max_points: how many points of each trace are kept, the newest; at least 1. By default the
            value is the whole figure.
        figure: with ``max_points``, the figure that points are appended to; by default lines.
            Points that a trace of the figure already has are its oldest.
    """

    template: str = "dashboards/components/chart.html"
    max_points: int | None = None
    figure: Any = None

    element: ClassVar[str] = "dashboard-chart"
    scripts: ClassVar[Sequence[str]] = (
        *Drawing.scripts,
        "dashboards/js/times.js",
        "dashboards/js/chart.js",
    )

    base: ClassVar[Mapping[str, Any]] = {}
    """The figure that points are appended to, where none is given."""

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            DeclarationError: max_points below 1, or of a chart that is not live.
        """
        kind = type(self).__name__
        if self.max_points is None:
            if self.figure is not None:
                msg = f"{kind}(figure=…) is what points are appended to: give it max_points, too."
                raise DeclarationError(msg)
        elif self.max_points < 1 or not self.live:
            msg = (
                f"{kind}(max_points={self.max_points!r}): max_points must be at least 1, and the "
                "chart live."
            )
            raise DeclarationError(msg)

    @property
    def series(self) -> int:
        """How many points are kept."""
        return self.max_points or 0

    def prepare_base(self) -> SafeString | None:
        """Return the figure that points are appended to."""
        return self.prepare_value(self.base if self.figure is None else self.figure)

    def prepare_points(self, value: Any) -> Sequence[str]:
        """Return each point as JSON text: a list of what each trace gets."""
        moments = value if is_list(value) and all(map(is_list, value)) else [value]
        points: list[str] = []
        for moment in moments:
            point = moment if is_list(moment) else [moment]
            if not all(trace is None or isinstance(trace, Mapping) for trace in point):
                msg = f"{_ALLOWED_POINTS}, got {shorten(value)}."
                raise ComponentValueError(msg)
            text = encode([trace and dict(trace) for trace in point], _ALLOWED_POINTS)
            points.append(escape(text))
        return points

    def prepare_value(self, value: Any, bound: Bound | None = None) -> Data | None:  # noqa: ARG002 - for subclasses
        """Return the figure as JSON text that is safe inside ``<script>``."""
        if isinstance(value, type) and issubclass(value, ChartSerializer):
            value = value()
        if isinstance(value, ChartSerializer):
            value = value.figure()
        return None if value is None else as_text(type(self).__name__, value)
