"""Progress: its values, steps, states and times."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from dashboards.component import Progress, ProgressData
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.unit.component.support import render, words


def data_of(*fields: Any, state: str = "running") -> ProgressData:
    return replace(ProgressData(*fields), state=state)


@pytest.mark.parametrize(
    ("value", "data", "percent"),
    [
        (0, data_of(0), 0),
        (40, data_of(40), 40),
        ("40.5", data_of(40.5), 40.5),
        (Decimal(40), data_of(40), 40),
        ({"value": 5, "max": 10}, data_of(5, 10), 50),
        ({"value": 5, "max": 20, "text": "rows"}, data_of(5, 20, "rows"), 25),
        ({}, data_of(None), 0),
        (ProgressData(1, 4), data_of(1, 4), 25),
        (250, data_of(250, state="done"), 100),
        (-1, data_of(-1), 0),
    ],
    ids=repr,
)
def test_progress_accepts(value: Any, data: ProgressData, percent: float):
    prepared = Progress().prepare_value(value)

    assert prepared == data
    assert prepared is not None
    assert prepared.percent == percent


def test_progress_accepts_a_number_of_numpy():
    np = pytest.importorskip("numpy")

    prepared = Progress().prepare_value(np.int64(40))

    assert prepared == data_of(40)
    assert prepared.percent == 40


@pytest.mark.usefixtures("_german")
def test_progress_in_german_has_attributes_in_english():
    html = render(Progress(value={"value": 1234.5, "max": 98765.5}))

    assert html.values("value") == ["1234.5"]
    assert html.values("max") == ["98765.5"]


def test_steps_give_the_percentage():
    html = words(Progress(steps=["Build", "Test", "Ship"], value={"step": "Test"}))
    assert "33 %" in html
    assert "Done: Build" in html
    assert "Running: Test" in html


def test_states_have_words():
    assert "✕ Failed" in words(Progress(value={"value": 62, "state": "failed"}))
    assert "✓ Done" in words(Progress(value=100))
    assert "● Running" in words(Progress(value={"text": "on it"}))
    assert "○ Waiting" in words(Progress(value={"state": "waiting", "steps": ["Build"]}))


def test_remaining_and_elapsed_time_are_shown():
    now = timezone.now()
    hour = timedelta(hours=1)
    assert "about 1 hour left" in words(Progress(value={"value": 50, "started": now - hour}))
    finished_job = {"value": 100, "started": now - 2 * hour, "finished": now}
    assert "took 2 hours" in words(Progress(value=finished_job))
    assert "about 1 minute left" in words(Progress(value={"value": 1, "estimate": 60}))


@pytest.mark.parametrize(
    "value",
    [
        {"state": "lost"},
        {"state": ["done"]},
        {"step": "nowhere"},
        {"value": "much"},
        {"max": 0},
        {"started": "yesterday"},
        {"estimate": "soon"},
        {"steps": [{"title": "x"}]},
        {"steps": "abc"},
        {"steps": {"Build": "done"}},
        {"steps": [3]},
    ],
)
def test_invalid_value_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match="Progress"):
        Progress(value=value).get_value()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("abc", r"Progress\(steps='abc'\): A Progress's steps must be a list of texts"),
        (["Build", 3], "A Progress's step must have a text as its name, got 3"),
        (["Build", None], "A Progress's step must have a text as its name, got None"),
        ([{"name": "Build", "state": "lost"}], "must have a state of waiting, running, done"),
    ],
)
def test_invalid_declared_steps_are_refused(steps: Any, said: str):
    with pytest.raises(DeclarationError, match=said):
        Progress(steps=steps)


def test_naive_time_is_in_the_time_zone_of_the_site():
    naive = timezone.make_naive(timezone.now()) - timedelta(hours=1)
    assert isinstance(naive, datetime)
    assert "about 1 hour left" in words(Progress(value={"value": 50, "started": naive}))
