"""``push`` and ``apush``: the forms of their arguments, and the errors for wrong ones."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import transaction

from dashboards.component import Chart, Stat
from dashboards.dashboard import Dashboard
from dashboards.exceptions import (
    ComponentValueError,
    DashboardError,
    NotLiveError,
    PushError,
    UnknownComponentError,
)
from dashboards.live import Every, OnChange, apush, push
from dashboards.permissions import IsAdminUser
from dashboards.registry import Registry
from tests.unit.live.publish.support import Board, Other, head, stored, versions


@pytest.mark.parametrize(
    ("target", "arguments", "values", "keys"),
    [
        (Board, ("note", "said"), {}, {"note"}),
        (Board(), ("note", "said"), {}, {"note"}),
        (Board, (), {"note": "said"}, {"note"}),
        (Board(), (), {"note": "said", "number": "said"}, {"note", "number"}),
        (Board, ("note", "said"), {"number": "said"}, {"note", "number"}),
        # Keys that are the names of push's own arguments.
        (Board, (), {"dashboard": "said", "key": "said"}, {"dashboard", "key"}),
        (Board, ("key", "said"), {"value": "said"}, {"key", "value"}),
        # A computed value may be pushed ahead of its turn.
        (Board, ("turning", "said"), {}, {"turning"}),
    ],
)
def test_push_stores_the_values_of_each_form_of_its_arguments(
    target: Any, arguments: tuple[Any, ...], values: dict[str, Any], keys: set[str]
):
    push(target, *arguments, **values)

    frames = stored()
    assert set(frames) == keys
    assert all("said" in data for data in frames.values())
    assert head() == 1


def test_pushed_value_is_rendered_as_its_component_shows_it():
    push(Board, bar={"value": 1, "max": 4}, dial=12, number={"text": "<b>", "sub_text": "x"})

    frames = stored()
    assert 'max="4.0"' in frames["bar"]
    assert 'aria-valuenow="12.0"' in frames["dial"]
    assert "&lt;b&gt;" in frames["number"]
    assert "<b>" not in frames["number"]


def test_push_of_none_stores_a_placeholder():
    push(Board, "bar", 40)
    push(Board, "bar", None)

    assert "dashboards-placeholder" in stored()["bar"]
    assert head() == 2


def test_push_of_a_callable_is_refused():
    with pytest.raises(
        ComponentValueError, match=r"Board\.dial: A Gauge's value must be a finite number"
    ):
        push(Board, "dial", lambda: 5)


def test_values_of_one_push_have_one_version():
    push(Board, number=1, note="a", bar=3)
    push(Board, "note", "b", bar=4)

    assert versions() == {"number": 1, "note": 2, "bar": 2}


def test_each_push_has_a_version_and_the_newest_value_stays():
    for number in range(1, 21):
        push(Board, "number", f"{number}.")

    assert versions() == {"number": 20}
    assert ">20.<" in stored()["number"]


def test_push_to_a_dashboard_leaves_the_others():
    push(Board, "number", "for the board")

    assert stored(Other) == {}
    assert head(Other) == 0


KEYS = "number, note, bar, dial, turning, chart, key, value, dashboard, context, still"


@pytest.mark.parametrize(
    ("arguments", "values", "error", "words"),
    [
        ((), {}, TypeError, "push() needs a key and a value, or values by key."),
        (("note",), {}, TypeError, "push(…, 'note') needs the value as its third argument."),
        (
            ("number",),
            {"note": "good"},
            TypeError,
            "push(…, 'number') needs the value as its third argument.",
        ),
        (
            ("nothing", 1),
            {},
            UnknownComponentError,
            f"Board has no component 'nothing'; there are {KEYS}.",
        ),
        (("", 1), {}, UnknownComponentError, f"Board has no component ''; there are {KEYS}."),
        (
            (),
            {"note": "good", "missing": 1},
            UnknownComponentError,
            f"Board has no component 'missing'; there are {KEYS}.",
        ),
        (
            ("still", 1),
            {},
            NotLiveError,
            "Board.still is not live: declare it with live=True to push to it.",
        ),
        (
            (),
            {"note": "good", "still": 1},
            NotLiveError,
            "Board.still is not live: declare it with live=True to push to it.",
        ),
        (
            ("dial", "much"),
            {},
            ComponentValueError,
            "Board.dial: A Gauge's value must be a finite number, got 'much'.",
        ),
        (
            (),
            {"note": "good", "bar": {"max": 0}},
            ComponentValueError,
            "Board.bar: A Progress's max must be above 0, got 0.",
        ),
    ],
    ids=repr,
)
def test_refused_push_names_the_reason_and_stores_nothing(
    arguments: tuple[Any, ...], values: dict[str, Any], error: type[Exception], words: str
):
    for target in (Board, Board()):
        with pytest.raises(error) as raised:
            push(target, *arguments, **values)
        assert str(raised.value) == words

    assert head() == 0


@Registry().register
class Own(Dashboard):
    greeting = Stat(value=lambda: 1, live=Every(seconds=60, delivery="per_viewer"))
    changing = Stat(value=lambda: 1, live=OnChange(Group, delivery="per_viewer"))
    closed = Stat(value=lambda: 1, live=Every(seconds=60), permission_classes=[IsAdminUser])

    class Meta:
        app_label = "site"


@pytest.mark.parametrize("key", ["greeting", "changing", "closed"])
def test_push_to_a_value_that_each_viewer_computes_is_refused(key: str):
    """It was accepted: every stream got the value, and each page loaded its own instead."""
    with pytest.raises(NotLiveError) as raised:
        push(Own, key, 9)

    assert str(raised.value) == (
        f"Own.{key} is computed for each viewer, so each page loads its own value, and no page "
        "would show one that is pushed: declare it with live=True to push to it."
    )
    assert stored(Own) == {}


@pytest.mark.usefixtures("_commits")
@pytest.mark.parametrize(("key", "error"), [("nothing", KeyError), ("still", NotLiveError)])
def test_push_of_a_wrong_key_is_refused_before_the_commit(key: str, error: type[Exception]):
    reached = []

    with transaction.atomic():
        with pytest.raises(error):
            push(Board, key, 1)
        reached.append(True)

    assert reached
    assert head() == 0


@pytest.mark.usefixtures("_commits")
def test_push_of_a_wrong_value_is_refused_before_the_commit():
    with transaction.atomic():
        Group.objects.create(name="kept")
        with pytest.raises(ComponentValueError):
            push(Board, "dial", "much")

    deleted, _ = Group.objects.filter(name="kept").delete()
    assert deleted == 1
    assert head() == 0


def test_push_of_a_key_twice_is_refused():
    with pytest.raises(TypeError, match="names one key twice"):
        push(Board, "dial", 1, dial=2)


class Unregistered(Board):
    """Not registered, though its base class is."""


class Elsewhere:
    def __repr__(self) -> str:
        return "<elsewhere>"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: push(Chart, {"data": 5}), "the first argument must be a dashboard class or an"),  # type: ignore[arg-type]
        (lambda: push("Board", "note", 1), "push('Board', …): the first argument must be a dash"),  # type: ignore[arg-type]
        (lambda: push(None, note=1), "push(None, …): the first argument must be a dashboard"),  # type: ignore[arg-type]
        (lambda: push(Elsewhere(), note=1), "push(<elsewhere>, …): the first argument must be"),  # type: ignore[arg-type]
        (lambda: push(Board, {"note": 5}), "the second argument must be a component's key."),  # type: ignore[arg-type]
        (lambda: push(Board, "note"), "push(…, 'note') needs the value as its third argument."),
        (lambda: push(Board), "push() needs a key and a value, or values by key."),
        (lambda: push(Board, "note", 1, note=2), "names one key twice."),
        (
            lambda: push(Unregistered, note=1),
            "push(Unregistered, …): tests.unit.live.publish.test_arguments",
        ),
        (lambda: push(Unregistered(), note=1), "is not registered, so no page shows it. Put @reg"),
        (
            lambda: push(Board, note=1, using="nowhere"),
            "push(…, using='nowhere'): there is no such database; there are 'default",
        ),
    ],
    ids=[
        *("component", "name", "nothing", "object", "dict", "no value", "empty", "twice"),
        *("unregistered class", "unregistered instance", "using"),
    ],
)
def test_push_with_wrong_arguments_names_the_right_ones(call: Callable[[], None], words: str):
    """A push to another object ended in an AttributeError within the package, and a push to a
    dashboard that nobody had registered in nothing at all."""
    with pytest.raises(PushError) as raised:
        call()

    assert isinstance(raised.value, DashboardError)
    assert words in str(raised.value)


def test_apush_stores_values_as_push_does():
    async def work() -> None:
        await apush(Board, "note", "from afar")
        await apush(Board(), number=1, bar=2)

    async_to_sync(work)()

    assert "from afar" in stored()["note"]
    assert versions() == {"note": 1, "number": 2, "bar": 2}


@pytest.mark.parametrize(
    ("arguments", "values", "error"),
    [
        ((), {}, TypeError),
        (("note",), {}, TypeError),
        (("nothing", 1), {}, UnknownComponentError),
        ((), {"still": 1}, NotLiveError),
        (("dial", "much"), {}, ComponentValueError),
    ],
)
def test_apush_refuses_as_push_does(
    arguments: tuple[Any, ...], values: dict[str, Any], error: type[Exception]
):
    with pytest.raises(error):
        async_to_sync(apush)(Board, *arguments, **values)

    assert head() == 0
