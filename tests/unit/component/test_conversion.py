"""Odd values: each kind of component writes them, or refuses them by name."""

import dataclasses
import datetime as dt
import enum
import json
import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.db.models import IntegerChoices
from django.test import RequestFactory
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy

from dashboards.component import BasicTable, Chart, Component, Gauge, Map, Progress, Stat, Text
from dashboards.component.bound import BoundComponent
from dashboards.component.conversion import as_text, shorten
from dashboards.component.formats import NOTHING
from dashboards.component.live import render_broadcast
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from tests.books.models import Author
from tests.odd_types import Bars, Color, State
from tests.unit.component.support import skip_without_packages


class Level(enum.IntEnum):
    """An enumeration of numbers."""

    HIGH = 3


class Size(IntegerChoices):
    """Choices that are numbers."""

    SMALL = 1, "Small one"


@dataclasses.dataclass
class Pair:
    """A type without a text except that of Python."""

    x: int = 1


class Point(NamedTuple):
    """A row with names of its columns."""

    x: int = 1


class Rude:
    """A type that an error message cannot show."""

    def __repr__(self) -> str:
        msg = "no"
        raise ValueError(msg)


VALUES: dict[str, Any] = {
    "decimal, huge": Decimal("1E+1000000"),
    "decimal, tiny": Decimal("1E-1000000"),
    "decimal, NaN": Decimal("NaN"),
    "decimal, sNaN": Decimal("sNaN"),
    "decimal, infinite": Decimal("-Infinity"),
    "integer of 401 digits": 10**400,
    "integer of 5001 digits": -(10**5000),
    "infinite": math.inf,
    "NaN": math.nan,
    "fraction": Fraction(1, 3),
    "complex": 1 + 2j,
    "bool": True,
    "lazy": lazystr("lazy"),
    "translated": gettext_lazy("Yes"),
    "UUID": uuid.UUID(int=1),
    "bytes": b"ab\xff",
    "bytearray": bytearray(b"ab"),
    "memoryview": memoryview(b"ab"),
    "enum": Color.RED,
    "enum, number": Level.HIGH,
    "choice": State.OPEN,
    "choice, number": Size.SMALL,
    "timedelta": dt.timedelta(hours=25),
    "timedelta, longest": dt.timedelta.max,
    "date": dt.date(2026, 1, 2),
    "first moment": dt.datetime.min.replace(tzinfo=dt.UTC),
    "last moment": dt.datetime.max.replace(tzinfo=dt.UTC),
    "time": dt.time(3, 4),
    "generator": (each for each in range(3)),
    "set": {1, 2},
    "frozenset": frozenset("a"),
    "dataclass": Pair(),
    "named tuple": Point(),
    "tuple": (1, 2),
    "list": [1, 2],
    "list of lazy": [lazystr("inside")],
    "dict": {"a": 1},
    "dict of numbers": {1: 2},
    "dict of lazy": {"text": {"more": lazystr("inside")}},
    "range": range(3),
    "object": object(),
    "rude": Rude(),
    "class": int,
    "function": len,
    "lone surrogate": "a\udcffb",
    "NUL": "a\0b",
    "exception": ValueError("x"),
}


def values_of_pandas() -> dict[str, Any]:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    return {
        "NaT": pd.NaT,
        "NA": pd.NA,
        "timestamp": pd.Timestamp("2026-01-02"),
        "pandas timedelta": pd.Timedelta("1h"),
        "series": pd.Series([1, 2]),
        "frame": pd.DataFrame({"a": [1, 2]}),
        "array": np.array([1, 2]),
        "empty array": np.array([]),
        "NumPy NaN": np.float64("nan"),
        "NumPy NaT": np.datetime64("NaT", "s"),
        "NumPy date": np.datetime64("2026-01-02"),
        "NumPy bool": np.bool_(True),
    }


Make = Callable[[Any], tuple[Component, Any]]


def alone(kind: Callable[..., Component], value: Any) -> tuple[Component, Any]:
    return kind(), value


def in_dict(kind: Callable[..., Component], field: str, **others: Any) -> Make:
    return lambda value: (kind(), {**others, field: value})


def in_change(field: str) -> Make:
    return lambda value: (Stat(), {"text": 1, "change": {"by": 1, field: value}})


def in_step(field: str) -> Make:
    return lambda value: (Progress(), {"steps": [{"name": "a", field: value}]})


def in_figure(make: Callable[[Any], dict[str, Any]]) -> Make:
    return lambda value: (Chart(), make(value))


PLACES: dict[str, Make] = {
    **{
        kind.__name__: partial(alone, kind)
        for kind in (Text, Stat, Gauge, Progress, Chart, Map, BasicTable, Bars)
    },
    **{
        f"Stat.{field}": in_dict(Stat, field, **({} if field == "text" else {"text": 1}))
        for field in (
            *("text", "sub_text", "change", "sparkline", "icon", "href", "prefix", "unit"),
            *("good", "decimals"),
        )
    },
    "Stat.date_format": in_dict(Stat, "date_format", text=dt.date(2026, 1, 2)),
    "Stat.sparkline[]": lambda value: (Stat(), {"text": 1, "sparkline": [1, value, 2]}),
    **{f"Stat.change.{field}": in_change(field) for field in ("by", "text", "unit", "period")},
    **{
        f"Gauge.{field}": in_dict(Gauge, field, value=1)
        for field in ("min", "max", "text", "sub_text", "unit", "bands", "decimals")
    },
    "Gauge.bands.text": lambda value: (Gauge(), {"value": 1, "bands": [{"end": 9, "text": value}]}),
    "Gauge.bands.level": lambda value: (Gauge(), {"value": 1, "bands": [{"level": value}]}),
    **{
        f"Progress.{field}": in_dict(Progress, field, value=1)
        for field in ("max", "text", "state", "steps", "started", "finished", "estimate")
    },
    "Progress.step": in_dict(Progress, "step", steps=["a"]),
    **{f"Progress.steps.{field}": in_step(field) for field in ("name", "state", "text")},
    "Chart.y": in_figure(lambda value: {"data": [{"x": ["a"], "y": [value]}]}),
    "Chart.title": in_figure(lambda value: {"data": [], "layout": {"title": {"text": value}}}),
    "Chart, series": lambda value: (Chart(live=True, max_points=3), {"x": 1, "y": value}),
    "Bars[]": lambda value: (Bars(), {"a": [value]}),
    "BasicTable, cell": lambda value: (BasicTable(), [{"a": value}]),
    "BasicTable, row": lambda value: (BasicTable(columns=["a"]), [value]),
    "BasicTable.title": in_dict(BasicTable, "title", data=[{"a": 1}]),
}


WRONG = re.compile(
    r"&lt;(object|generator|memory|built-in|class|[\w.]+ object)| at 0x|b&#x27;|NaT|&lt;NA"
)
"""Parts of the texts of Python for objects without a text, which no page should show."""


def declare_odd(component: Component) -> type[Dashboard]:
    return type(
        "Odd", (Dashboard,), {"it": component, "Meta": type("M", (), {"app_label": "site"})}
    )


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_odd_value_is_shown_or_refused_by_name(place: Make):
    """``NaT`` raised in a template, ``1E+1000000`` overflowed, an array had no truth, and objects
    were shown as ``<object at 0x7f…>``. Each is written, or refused by the name of its box."""
    assert not find_faults(place, VALUES)


def test_odd_value_of_pandas_is_shown_or_refused_by_name():
    values = values_of_pandas()

    faults = {name: find_faults(place, values) for name, place in PLACES.items()}
    assert not {name: found for name, found in faults.items() if found}


@pytest.mark.parametrize("name", ["Stat", "Text", "Table"])
def test_value_that_contains_itself_is_refused_by_name(name: str):
    """Its RecursionError named nothing, and could come from anywhere."""
    if name == "Table":
        pytest.importorskip("django_tables2")
    value: list[Any] = []
    value.append(value)
    component = {"Stat": Stat(), "Text": Text(), "Table": BasicTable()}[name]
    given: Any = [{"a": value}] if name == "Table" else value
    with pytest.raises(ComponentValueError, match=r"^Odd\.it: .*(contains itself|nested)"):
        declare_odd(component)()["it"].prepare(given)


def find_faults(place: Make, values: dict[str, Any]) -> dict[str, str]:
    """Return, by the name of the value, what is wrong with how it is shown or refused."""
    component, _ = place("")
    skip_without_packages(component)
    it = declare_odd(component)(RequestFactory().get("/"))["it"]
    faults = {name: find_fault(it, place(value)[1]) for name, value in values.items()}
    return {name: fault for name, fault in faults.items() if fault}


def find_fault(it: BoundComponent, value: Any) -> str:
    """Return what is wrong with how a value is shown or refused; empty for nothing."""
    try:
        html = str(render_broadcast(it, it.prepare(value), 0))
    except ComponentValueError as error:
        message = str(error)
        is_named = (
            message.startswith("Odd.it: ") and _REASON.search(message) and len(message) < 2_000
        )
        return "" if is_named else message
    except Exception as error:  # noqa: BLE001 - is what is wrong
        return repr(error)
    shown = re.sub(r"<script.*?</script>|Points\(.*", "", html, flags=re.DOTALL)
    if WRONG.search(shown):
        return shown
    for text in re.findall(r"<script[^>]*>(.*?)</script>", html, flags=re.DOTALL):
        json.loads(text, parse_constant=pytest.fail)
    return ""


_REASON = re.compile(r"got |its data was |cannot write|needs columns, as in")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+1000000"), "1e+1000000"),
        (10**400, "1.00e+400"),
        (Color.RED, "red"),
        (State.OPEN, "Open door"),
        (Size.SMALL, "Small one"),
        (dt.timedelta.max, "2737907\xa0years"),
        (dt.datetime.min.replace(tzinfo=dt.UTC), "0001-01-01 00:00:00+00:00"),
        (
            [gettext_lazy("Yes"), uuid.UUID(int=1)],
            "['Yes', '00000000-0000-0000-0000-000000000001']",
        ),
    ],
    ids=repr,
)
def test_odd_figure_is_written(value: Any, text: str):
    it = declare_odd(Stat())()["it"]
    data = it.prepare({"text": value})

    assert str(data.figure) == text


@pytest.mark.parametrize("name", ["NaT", "NA"])
def test_missing_value_of_pandas_is_written_as_a_dash(name: str):
    data = declare_odd(Stat())()["it"].prepare({"text": values_of_pandas()[name]})

    assert str(data.figure) == NOTHING


def test_object_without_a_text_is_refused_by_name():
    with pytest.raises(ComponentValueError) as raised:
        declare_odd(Stat())()["it"].prepare({"text": 1, "sub_text": Pair()})

    assert str(raised.value) == (
        "Odd.it: A Stat's sub_text must be a text, number, date, list or dict, or have a text of "
        "its own (__str__), got Pair(x=1)."
    )


def test_unprintable_value_is_named_by_its_type():
    assert shorten(Rude()).endswith("Rude") or "Rude instance" in shorten(Rude())
    assert len(shorten(["x" * 10_000] * 1_000)) < 2_000
    assert shorten(10**5000) == "a number of 16,610 bits"


def test_model_object_stays_an_object():
    author = Author(name="Ann")

    assert as_text("Stat", "text", author) is author
