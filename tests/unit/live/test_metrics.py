"""``live/metrics.py``: the numbers of a process, and the users that may read them."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.live.metrics import METRICS, get_metrics, openmetrics

pytestmark = pytest.mark.django_db

PATH = "/@metrics/"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


def test_metrics_for_staff_are_numbers(staff: Client):
    numbers = staff.get(PATH).json()
    assert numbers.pop("pid") > 0
    assert set(numbers) == set(get_metrics())
    assert all(isinstance(number, int | float) for number in numbers.values())


@pytest.mark.parametrize(
    ("query", "accept"),
    [("?format=openmetrics", ""), ("", "application/openmetrics-text; version=1.0.0")],
)
def test_metrics_for_staff_in_openmetrics_are_text(staff: Client, query: str, accept: str):
    response = staff.get(PATH + query, headers={"Accept": accept})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response["Cache-Control"]
    assert response.content.decode().endswith("# EOF\n")


def test_metrics_for_others_are_forbidden(client: Client):
    assert client.get(PATH).status_code == 403
    client.force_login(User.objects.create_user("somebody"))
    assert client.get(PATH).status_code == 403


def test_each_line_of_openmetrics_is_valid():
    METRICS.count_write(size=10, frames=2, versions=1, lag=0.004)
    METRICS.ended["age"] += 1
    text = openmetrics()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]+"\})? [0-9.e+-]+')
    *lines, last = text.removesuffix("\n").split("\n")
    assert last == "# EOF"
    assert all(line.startswith(("# TYPE ", "# HELP ")) or sample.fullmatch(line) for line in lines)
    buckets = [int(n) for n in re.findall(r'lag_seconds_bucket\{le="[^"]+"\} (\d+)', text)]
    assert buckets == sorted(buckets)
    assert f"dashboards_lag_seconds_count {buckets[-1]}" in text
    assert buckets[-1] >= 1
    assert len(re.findall(r"^# TYPE", text, re.MULTILINE)) == len(
        set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    )


def test_waiting_values_and_compute_threads_are_among_the_numbers(monkeypatch: pytest.MonkeyPatch):
    """An operator sees that values wait for threads, and how many threads there are."""
    monkeypatch.setattr(METRICS, "count_waiting", lambda: 7)
    monkeypatch.setattr(METRICS, "count_threads", lambda: 3)

    assert (get_metrics()["waiting"], get_metrics()["compute_threads"]) == (7, 3)
