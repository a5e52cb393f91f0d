"""What a process tells of its streams, and to whom."""

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


def test_staff_get_plain_numbers(staff: Client):
    numbers = staff.get(PATH).json()
    assert numbers.pop("pid") > 0
    assert set(numbers) == set(get_metrics())
    assert all(isinstance(number, int | float) for number in numbers.values())


@pytest.mark.parametrize(
    ("query", "accept"),
    [("?format=openmetrics", ""), ("", "application/openmetrics-text; version=1.0.0")],
)
def test_staff_get_openmetrics(staff: Client, query: str, accept: str):
    response = staff.get(PATH + query, headers={"Accept": accept})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response["Cache-Control"]
    assert response.content.decode().endswith("# EOF\n")


def test_others_get_nothing(client: Client):
    assert client.get(PATH).status_code == 403
    client.force_login(User.objects.create_user("somebody"))
    assert client.get(PATH).status_code == 403


def test_every_line_is_openmetrics():
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
