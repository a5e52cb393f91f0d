"""A figure drawn by plotly.js."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from dashboards.component.base import Component
from dashboards.exceptions import ComponentValueError, DeclarationError

# With these escaped, JSON cannot end the <script> element that holds it.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}

_ALLOWED = "A Chart's value must be a Plotly figure, its JSON text or a dict"
_ALLOWED_POINTS = (
    "A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them (one for each "
    "trace), or a list of such lists"
)


@dataclass
class Chart(Component):
    """A chart. Its value is a Plotly figure, a figure's JSON text, or a dict of one.

    With ``window`` it is a series: what is pushed or computed are points, and each is appended to
    those before. A point is a dict such as ``{"x": now, "y": 3}``; a list of such dicts is one
    point for each trace (``None`` for a trace that gets none); a list of such lists is several.

    Needs plotly (``pip install django-live-dashboards[plotly]``), which brings plotly.js too, so
    that the two always match.

    Args:
        window: how many points of each trace are kept, the newest; at least 1. By default the
            value is the whole figure.
        figure: with ``window``, the figure that points are appended to; by default lines. Points
            that one of its traces has already count as the oldest, once any are appended to it.
    """

    template: str = "dashboards/components/chart.html"
    window: int | None = None
    figure: Any = None

    scripts: ClassVar[Sequence[str]] = ("dashboards/js/chart.js",)

    def __post_init__(self) -> None:
        """Check what belongs together.

        Raises:
            DeclarationError: a window that is none, or none that live values come to.
        """
        if self.window is None:
            if self.figure is not None:
                msg = "Chart(figure=…) is what points are appended to: give it a window, too."
                raise DeclarationError(msg)
        elif self.window < 1 or not self.live:
            msg = f"Chart(window={self.window!r}): window must be at least 1, and the chart live."
            raise DeclarationError(msg)

    @property
    def series(self) -> int:
        """How many points are kept."""
        return self.window or 0

    def prepare_base(self) -> SafeString | None:
        """Return the figure that points are appended to."""
        return self.prepare_value({} if self.figure is None else self.figure)

    def prepare_points(self, value: Any) -> Sequence[str]:
        """Return each point as JSON text: a list of what each trace gets."""
        moments = value if _is_list(value) and all(map(_is_list, value)) else [value]
        points: list[str] = []
        for moment in moments:
            point = moment if _is_list(moment) else [moment]
            if not all(trace is None or isinstance(trace, Mapping) for trace in point):
                msg = f"{_ALLOWED_POINTS}, got {value!r}."
                raise ComponentValueError(msg)
            text = _encode([trace and dict(trace) for trace in point], _ALLOWED_POINTS)
            points.append(text.translate(_ESCAPES))
        return points

    def prepare_value(self, value: Any) -> SafeString | None:
        """Return the figure as JSON text that is safe inside ``<script>``."""
        if value is None:
            return None
        text = value if isinstance(value, str) else _to_json(value)
        try:
            figure = json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            msg = f"{_ALLOWED}, got {text[:80]!r}, which is not JSON: {error}."
            raise ComponentValueError(msg) from error
        if not isinstance(figure, dict):
            msg = f"{_ALLOWED} with data and layout, got {text[:80]!r}."
            raise ComponentValueError(msg)
        return mark_safe(text.translate(_ESCAPES))  # noqa: S308 - escaped in this line


def _refuse(constant: str) -> None:
    # Python reads NaN and the infinities; a browser's JSON.parse does not.
    msg = f"{constant} is not a number that JSON knows"
    raise ValueError(msg)


def _to_json(value: Any) -> str:
    figure = value.to_plotly_json() if hasattr(value, "to_plotly_json") else value
    if not isinstance(figure, Mapping):
        msg = f"{_ALLOWED}, got {value!r}."
        raise ComponentValueError(msg)
    return _encode(dict(figure), _ALLOWED)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _encode(value: Any, allowed: str) -> str:
    # Optional, and slow to import: only a process that renders a figure needs it.
    from plotly.io.json import to_json_plotly  # noqa: PLC0415

    try:
        text: str = to_json_plotly(value)
    except (TypeError, ValueError) as error:
        msg = f"{allowed}, got {value!r}, which cannot be written as JSON: {error}."
        raise ComponentValueError(msg) from error
    return text
