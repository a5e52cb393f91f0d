"""Odd values: each kind of component shows them right, or refuses them by name."""

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

import numpy as np
import pandas as pd
import pytest
from django.db.models import IntegerChoices
from django.test import Client, RequestFactory
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy

from dashboards.component import (
    BasicTable,
    Chart,
    Component,
    Gauge,
    Map,
    Progress,
    Stat,
    Text,
)
from dashboards.component.formats import NOTHING
from dashboards.component.live import PushedValue
from dashboards.component.texts import as_text, shorten
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import ComponentValueError
from tests.addresses import addresses
from tests.books.models import Author
from tests.odd_values import Bars, Color, State

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Level(enum.IntEnum):
    """Is a number."""

    HIGH = 3


class Size(IntegerChoices):
    """Is a number that has labels."""

    SMALL = 1, "Small one"


@dataclasses.dataclass
class Pair:
    """Has no text but Python's own."""

    x: int = 1


class Point(NamedTuple):
    """A row that knows its names."""

    x: int = 1


class Rude:
    """Cannot even be shown in an error."""

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
    "NaT": pd.NaT,
    "NA": pd.NA,
    "timestamp": pd.Timestamp("2026-01-02"),
    "pandas timedelta": pd.Timedelta("1h"),
    "series": pd.Series([1, 2]),
    "frame": pd.DataFrame({"a": [1, 2]}),
    "array": np.array([1, 2]),
    "empty array": np.array([]),
    "NumPy NaN": np.float64("nan"),
    "NumPy NaT": np.datetime64("NaT"),
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
"""What Python says of a thing that has no text: nobody wants to read that on a page."""


def declare(component: Component) -> type[Dashboard]:
    return type(
        "Odd", (Dashboard,), {"it": component, "Meta": type("M", (), {"app_label": "site"})}
    )


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_value_is_shown_right_or_refused_by_name(place: Make):
    """``NaT`` raised in a template, ``1E+1000000`` overflowed, an array had no truth, and objects
    were shown as ``<object at 0x7f…>``. Each is written, or refused by the name of its box."""
    wrong = {name: fault for name, value in VALUES.items() if (fault := find_fault(*place(value)))}

    assert not wrong


def find_fault(component: Component, value: Any) -> str:
    """Return what is wrong with how a value is shown or refused; empty for nothing."""
    it = declare(component)(RequestFactory().get("/"))["it"]
    try:
        html = str(PushedValue(it._owner, it, value).render())
    except ComponentValueError as error:
        message = str(error)
        is_told = message.startswith("Odd.it: ") and _TOLD.search(message) and len(message) < 2_000
        return "" if is_told else message
    except Exception as error:  # noqa: BLE001 - is what is wrong
        return repr(error)
    shown = re.sub(r"<script.*?</script>|Points\(.*", "", html, flags=re.DOTALL)
    if WRONG.search(shown):
        return shown
    for text in re.findall(r"<script[^>]*>(.*?)</script>", html, flags=re.DOTALL):
        json.loads(text, parse_constant=pytest.fail)
    return ""


_TOLD = re.compile(r"got |its data was |cannot write|needs columns, as in")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+1000000"), "1e+1000000"),
        (10**400, "1.00e+400"),
        (pd.NaT, NOTHING),
        (pd.NA, NOTHING),
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
def test_odd_figure_is_written_as(value: Any, text: str):
    it = declare(Stat())()["it"]
    data = it.prepare({"text": value})

    assert str(data.figure) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (lazystr("lazy"), "lazy"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Color.RED, "red"),
        (Decimal("sNaN"), None),
        (pd.NaT, None),
        (range(2), [0, 1]),
    ],
    ids=repr,
)
def test_odd_value_in_a_figure_is_written_as(value: Any, written: Any):
    text = Chart().prepare_value({"data": [{"y": [value]}]})

    assert json.loads(str(text))["data"][0]["y"] == [written]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (dt.timedelta(1), "is no point of an axis; give a number, such as its seconds"),
        (10**400, "A number of 401 digits is larger than any number that a browser knows"),
        (Decimal("1E+1000000"), "is larger than any number that a browser knows"),
        (b"ab", "bytes"),
    ],
    ids=repr,
)
def test_value_that_no_chart_can_draw_is_refused_with_the_reason(value: Any, reason: str):
    with pytest.raises(ComponentValueError, match=re.escape(reason)):
        Chart().prepare_value({"data": [{"y": [value]}]})


def test_digits_in_a_text_are_no_number():
    text = Chart().prepare_value({"data": [{"y": ["7" * 400]}]})

    assert "7" * 400 in str(text)


def test_object_without_a_text_is_refused_by_name():
    with pytest.raises(ComponentValueError) as raised:
        declare(Stat())()["it"].prepare({"text": 1, "sub_text": Pair()})

    assert str(raised.value) == (
        "Odd.it: A Stat's sub_text must be a text, number, date, list or dict, or have a text of "
        "its own (__str__), got Pair(x=1)."
    )


def test_value_that_cannot_be_shown_is_called_by_its_type_in_the_error():
    assert shorten(Rude()).endswith("Rude") or "Rude instance" in shorten(Rude())
    assert len(shorten(["x" * 10_000] * 1_000)) < 2_000
    assert shorten(10**5000) == "a number of 16,610 bits"


def test_model_object_is_written_as_it_says():
    author = Author(name="Ann")

    assert as_text("Stat", "text", author) is author


# Rows


@pytest.mark.parametrize("is_flat", [False, True])
def test_rows_of_values_list_are_found_by_name(is_flat: bool):
    """Rows of ``values_list`` have no names, and every cell was silently a dash."""
    Author.objects.create(name="Ann")
    rows: Any = Author.objects.values_list("name", flat=True)
    if not is_flat:
        rows = Author.objects.values_list("name", "pk")

    html = BasicTable(value=rows, columns=["name"])
    it = declare(html)()["it"]

    assert "Ann" in it.render(it.get_value())


def test_tuples_take_the_names_of_the_columns():
    it = declare(BasicTable(columns={"a": "First", "b": "Second"}))()["it"]

    html = it.render(it.prepare([(1, "x"), [2, "y"]]))

    assert re.findall(r">(\w)</t[hd]>", html) == ["1", "x", "2", "y"]


@pytest.mark.parametrize("row", [(1,), (1, 2, 3), 7, "words", None, {1, 2}, int], ids=repr)
def test_row_in_which_no_column_is_found_is_refused(row: Any):
    it = declare(BasicTable(columns=["a", "b"]))()["it"]

    with pytest.raises(ComponentValueError, match=r"Odd\.it: A row of a Table must .*got "):
        it.prepare([row])


# Names in addresses


class ByName(ModelDashboard):
    """Found by any text."""

    note = Text(value=lambda object: f"about {object.pk}", live=True)  # noqa: A006

    class Meta:
        """By name."""

        app_label = "site"
        model = Author
        lookup_field = "name"


urlpatterns = addresses(ByName)

NAMES = [
    "a/b",
    "/",
    ".",
    "..",
    "a%2Fb",
    "%",
    "%25",
    "50%",
    "a/../b",
    "ü?#&;=+ x",
    "@stream",
    "\\",
    "a\nb",
]


@pytest.mark.parametrize("name", NAMES)
def test_object_of_any_name_has_an_address(client: Client, name: str):
    """A primary key with a slash had no address: the page that linked to it was a 500."""
    others = [Author.objects.create(name=each) for each in NAMES if each != name]
    author = Author.objects.create(name=name)
    board = ByName(object=author)

    for address in (board.get_absolute_url(), board.get_component_url("note")):
        # As a browser sends it, which resolves dots.
        assert not re.search(r"/\.{1,2}/", address)
        response = client.get(address)
        assert response.status_code == 200
        assert f"about {author.pk}" in response.content.decode()
    assert len({ByName(object=each).get_absolute_url() for each in others}) == len(others)


def test_object_without_a_name_has_no_address():
    with pytest.raises(Exception, match="Reverse for 'site_byname_detail' with keyword arguments"):
        ByName(object=Author(name="")).get_absolute_url()
