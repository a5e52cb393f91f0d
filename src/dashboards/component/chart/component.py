"""The component that draws a chart with plotly.js."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from django.utils.safestring import SafeString

from dashboards.compat import accept_old_names
from dashboards.component.bands import as_bands
from dashboards.component.base import Bound, declaring
from dashboards.component.chart.figure import as_text, encode, is_list
from dashboards.component.chart.serializer import ChartSerializer
from dashboards.component.conversion import shorten
from dashboards.component.drawing import Data, Drawing, escape
from dashboards.component.serializer import take_heading
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.numeric import is_whole_number
from dashboards.texts import StrOrPromise

_ALLOWED_POINTS = (
    "A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them (one for each "
    "trace), or a list of such lists"
)

WORLD = "dashboards/geo/world.json"
"""The static file with the shapes of countries."""


@accept_old_names(window="max_points")
@dataclass
class Chart(Drawing):
    """A chart drawn by plotly.js.

    Its value is a Plotly figure, the JSON text or a dict of a figure, or a ``ChartSerializer``.
    Colours, font, grid and margins that the figure does not set follow the page, light or dark; a
    template or colours of the figure take precedence. A figure without points shows "No data".

    Aware times are shown in the time zone of the page (Django's active one); the axis names it if
    the viewer's clock differs. Naive times are taken to be in that zone. A line over time breaks
    where nothing was measured: where two points are further apart than three times what is usual
    in the trace, unless it has ``connectgaps``. Attributes of older releases of Plotly are
    translated to those of today.

    Charts with times of day on their axis share one range of time and one crosshair with the
    others of their dashboard: see ``Meta.time_ranges``.

    With ``max_points`` the chart is a series: each pushed or computed value is a point, which is
    appended to the points before. A point is a dict such as ``{"x": now, "y": 3}``; a list of
    such dicts is one point for each trace (``None`` for a trace without a new point); a list of
    such lists is several points.

    Needs plotly (``pip install django-live-dashboards[plotly]``), which contains plotly.js, so
    that the two always match.

    Args:
        max_points: the number of the newest points of each trace that are kept; at least 1. By
            default a value is the whole figure.
        figure: with ``max_points``, the figure that points are appended to; by default lines.
            Points that a trace of the figure already has are its oldest.
        prefix: text before the numbers of the axis and of the pointer, such as ``"€"``.
        unit: text after them, such as ``"MB/s"``.
        bands: parts of the axis of values that have a meaning, as those of a ``Gauge``: each is
            shaded, with a line where it begins and its text.
        shared_time: False for a chart that stays by itself; True for one with dates on its axis
            and no times of day, which by default stays by itself as well.
    """

    template: str = "dashboards/components/chart.html"
    max_points: int | None = None
    figure: Any = None
    prefix: StrOrPromise = ""
    unit: StrOrPromise = ""
    bands: Sequence[Any] = ()
    shared_time: bool | None = None

    element: ClassVar[str] = "dashboard-chart"
    scripts: ClassVar[Sequence[str]] = (
        *Drawing.scripts,
        *(
            f"dashboards/js/chart/{name}.js"
            for name in (
                *("bundles", "config", "points", "theme", "measures", "labels", "countries"),
                *("times", "gaps", "fills", "visible", "webgl"),
                *("range", "picker", "sharing", "crosshair", "chart"),
            )
        ),
    )

    base: ClassVar[Mapping[str, Any]] = {}
    """The figure that points are appended to if ``figure`` is ``None``."""

    def __post_init__(self) -> None:
        """Check ``max_points``, ``figure`` and ``bands``; take the title of a serializer.

        Raises:
            DeclarationError: ``max_points`` is below 1, or the chart is not live; or ``figure``
                without ``max_points``.
        """
        kind = type(self).__name__
        take_heading(self)
        with declaring(self, f"bands={self.bands!r}"):
            as_bands("Chart", self.bands)
        if self.max_points is None:
            if self.figure is not None:
                msg = f"{kind}(figure=…) is what points are appended to: give it max_points, too."
                raise DeclarationError(msg)
        elif not is_whole_number(self.max_points, 1) or not self.live:
            msg = (
                f"{kind}(max_points={self.max_points!r}): max_points must be a whole number of at "
                "least 1, and the chart live."
            )
            raise DeclarationError(msg)

    @property
    def series(self) -> int:
        """The number of points that are kept; 0 if a value is the whole figure."""
        return self.max_points or 0

    @property
    def measure(self) -> str:
        """Prefix, unit and bands as JSON for the script; empty if there are none."""
        if not (self.prefix or self.unit or self.bands):
            return ""
        bands = [
            {
                "start": band.start if band.start != -inf else None,
                "end": band.end if band.end != inf else None,
                "level": band.level,
                "text": band.word,
            }
            for band in as_bands("Chart", self.bands)
        ]
        return json.dumps({"prefix": str(self.prefix), "unit": str(self.unit), "bands": bands})

    def prepare_base(self) -> SafeString | None:
        """Return the figure that points are appended to."""
        return self.prepare_value(self.base if self.figure is None else self.figure)

    def prepare_points(self, value: Any) -> Sequence[str]:
        """Return each point as JSON text: a list with one member for each trace."""
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
            title = value.get_title()
            value.is_headed = bool(title) and str(title) == str(self.title)
            value = value.figure()
        return None if value is None else as_text(type(self).__name__, value)
