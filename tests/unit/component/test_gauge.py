"""Gauge: its values, its arc and its bands."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from dashboards.component import Gauge, GaugeData
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.unit.component.support import html_of, render, words


@pytest.mark.parametrize(
    ("value", "data", "percent"),
    [
        (0, GaugeData(0, 0, 100), 0),
        (40, GaugeData(40, 0, 100), 40),
        (40.5, GaugeData(40.5, 0, 100), 40.5),
        ("40", GaugeData(40, 0, 100), 40),
        (Decimal("0.5"), GaugeData(0.5, 0, 100), 0.5),
        (Fraction(1, 2), GaugeData(0.5, 0, 100), 0.5),
        (True, GaugeData(1, 0, 100), 1),
        ({"value": 5, "max": 10}, GaugeData(5, 0, 10), 50),
        ({"value": 0, "min": -10, "max": 10}, GaugeData(0, -10, 10), 50),
        (
            {"value": 7, "text": "seven", "sub_text": "of 100"},
            GaugeData(7, 0, 100, "seven", "of 100"),
            7,
        ),
        ({}, GaugeData(0, 0, 100), 0),
        (GaugeData(3, 1, 5), GaugeData(3, 1, 5), 50),
        (250, GaugeData(250, 0, 100), 100),
        (-250, GaugeData(-250, 0, 100), 0),
    ],
    ids=repr,
)
def test_gauge_accepts(value: Any, data: GaugeData, percent: float):
    prepared = Gauge().prepare_value(value)

    assert prepared == data
    assert prepared is not None
    assert prepared.percent == percent


def test_gauge_accepts_a_number_of_numpy():
    np = pytest.importorskip("numpy")

    prepared = Gauge().prepare_value(np.float32(0.5))

    assert prepared == GaugeData(0.5, 0, 100)
    assert prepared.percent == 0.5


@pytest.mark.usefixtures("_german")
def test_gauge_in_german_has_attributes_in_english():
    html = render(Gauge(value={"value": 1234.5, "min": -1000, "max": 9000}))

    assert html.values("aria-valuenow") == ["1234.5"]
    assert html.values("aria-valuemin") == ["-1000.0"]
    assert html.values("aria-valuemax") == ["9000.0"]
    assert html.values("stroke-dasharray") == ["22.345 200"]
    assert [each for each in html.texts if each.strip()] == ["1.234,5", "-1.000", "9.000"]


@pytest.mark.parametrize(
    ("value", "arc"),
    [(0, []), (-5, []), (100, ["100.0 200"]), (500, ["100 200"]), (0.5, ["0.5 200"])],
)
def test_gauge_keeps_its_value_within_the_arc(value: float, arc: list[str]):
    drawn = render(Gauge(value=value)).values("stroke-dasharray")

    assert [float(str(each).split()[0]) for each in drawn] == [
        float(each.split()[0]) for each in arc
    ]


def test_band_has_a_name_and_an_arc():
    gauge = Gauge(value=71, bands=[{"end": 60, "level": "good"}, {"level": "critical"}])
    html = html_of(gauge)
    assert 'aria-valuetext="71, Critical"' in html
    assert "Critical" in words(gauge)
    assert re.findall(r'stroke-dasharray="(0 [^"]*)"', html) == [
        "0 0.0 59.0 200",
        "0 60.0 40.0 200",
    ]


@pytest.mark.parametrize(
    "bands",
    [
        "low",
        [{"end": 60}, {"end": 20}],
        [{"end": 101}],
        [{"level": "bad"}],
        [{"level": []}],
        [{"from": 3}],
        [{"end": "much"}],
    ],
)
def test_invalid_declared_bands_are_refused(bands: Any):
    with pytest.raises(DeclarationError, match="Gauge"):
        Gauge(bands=bands)


@pytest.mark.parametrize(
    "value",
    [
        {"value": 1, "decimals": -2},
        {"value": 1, "decimals": "two"},
        {"value": 1, "decimals": 10**9},
        {"value": 0, "min": -1e308, "max": 1e308},
        {"value": 1, "bands": [{"level": []}]},
        {"value": 1, "bands": [{"end": Decimal("sNaN")}]},
        {"value": 1, "bands": [{"start": [1, 2]}]},
    ],
)
def test_invalid_value_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match="Gauge"):
        Gauge(value=value).get_value()


def test_line_of_the_band_stays_where_a_band_has_a_word():
    line = "dashboards-gauge-level"
    bands = [{"end": 50}, {"level": "critical", "text": "Full"}]
    assert line in html_of(Gauge(value=10, bands=bands))
    assert "Full" not in html_of(Gauge(value=10, bands=bands))
    assert words(Gauge(value=70, bands=bands)).endswith("Full 50\N{EN DASH}100")
    assert line not in html_of(Gauge(value=10, bands=[{"end": 50}]))


def test_long_value_is_short_in_the_dial_and_whole_for_readers():
    html = html_of(Gauge(value=123456789012, max=10**12, unit="B"))
    assert 'aria-valuetext="123,456,789,012 B"' in html
    assert 'title="123,456,789,012\xa0B"' in html
    assert "123.5\xa0B<span" in html
