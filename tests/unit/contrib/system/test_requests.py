"""The points of the system dashboard's charts."""

import pytest

from dashboards.contrib.system import requests
from dashboards.contrib.system.counters import MINUTE_PERIODS, PERIOD_SECONDS
from dashboards.contrib.system.requests import MAX_POINTS, NewPoints, get_rate


def test_new_points_of_channels_without_viewers_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    # Of a dashboard for one user, each user has a channel: they were remembered for ever.
    now = [1_000_000.0 * PERIOD_SECONDS]
    monkeypatch.setattr(requests, "read_processes", list)
    monkeypatch.setattr("dashboards.contrib.system.requests.time.time", lambda: now[0])
    points = NewPoints(get_rate)

    assert len(points.take("ann")) == MAX_POINTS
    now[0] += PERIOD_SECONDS
    assert len(points.take("ann")) == 1
    now[0] += 2 * MINUTE_PERIODS * PERIOD_SECONDS
    points.take("bob")

    assert list(points._last) == ["bob"]
    assert len(points.take("ann")) == MAX_POINTS
