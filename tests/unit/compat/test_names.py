"""Names from before the first release."""

from typing import Any

from dashboards.component import Chart, Map
from dashboards.live import Every, OnChange
from dashboards.live.asgi import LiveEdge, LiveStreamMiddleware


def test_old_argument_names_set_the_new_attributes():
    old: dict[str, Any] = {"how": "refresh", "spread": 3}
    assert Every(1, **old) == Every(1, delivery="per_viewer", jitter=3)
    old = {"how": "broadcast", "window": 2}
    assert OnChange("auth.User", **old) == OnChange("auth.User", debounce=2)
    old = {"window": 4}
    assert Chart(live=True, **old).max_points == Map(live=True, **old).max_points == 4


def test_old_class_name_is_the_middleware():
    assert LiveEdge is LiveStreamMiddleware
