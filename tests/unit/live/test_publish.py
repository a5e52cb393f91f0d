"""``push``: what it takes, what it refuses, and when it takes effect."""

from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

from dashboards.component import Chart, Component, Gauge, Progress, Stat, Text
from dashboards.component.live import PushedValue
from dashboards.dashboard import Dashboard
from dashboards.exceptions import (
    ComponentValueError,
    NotLiveError,
    UnknownComponentError,
    ValueTooLargeError,
)
from dashboards.live import Every, apush, push
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.wire.positions import Position
from dashboards.registry import Registry

# Commits are what this is about, so they are real.
pytestmark = pytest.mark.django_db(transaction=True)


@Registry().register
class Board(Dashboard):
    number = Stat(live=True)
    note = Text(live=True)
    bar = Progress(live=True)
    dial = Gauge(live=True)
    turning = Stat(value=lambda: 1, live=Every(seconds=60))
    chart = Chart(live=True)
    key = Text(live=True)
    value = Text(live=True)
    dashboard = Text(live=True)
    context = Component(template="site/context.html", live=True)
    still = Text(value="not live")

    class Meta:
        app_label = "site"


@Registry().register
class Other(Dashboard):
    number = Stat(live=True)

    class Meta:
        app_label = "site"


class Rollback(Exception):  # noqa: N818 - it is no error
    """Leaves a block as an error would."""


def stored(dashboard: type[Dashboard] = Board) -> dict[str, str]:
    """Return what every reader would be told."""
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.data for frame in changes.frames}


def versions(dashboard: type[Dashboard] = Board) -> dict[str, int]:
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.version for frame in changes.frames}


def head(dashboard: type[Dashboard] = Board) -> int:
    position = get_store().since(dashboard().channel, None).position
    return position.version if position else 0


# What it takes.


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
def test_values_are_pushed(
    target: Any, arguments: tuple[Any, ...], values: dict[str, Any], keys: set[str]
):
    push(target, *arguments, **values)

    frames = stored()
    assert set(frames) == keys
    assert all("said" in data for data in frames.values())
    assert head() == 1


def test_what_is_pushed_is_rendered_as_the_component_shows_it():
    push(Board, bar={"value": 1, "max": 4}, dial=12, number={"text": "<b>", "sub_text": "x"})

    frames = stored()
    assert 'max="4.0"' in frames["bar"]
    assert 'aria-valuenow="12.0"' in frames["dial"]
    assert "&lt;b&gt;" in frames["number"]
    assert "<b>" not in frames["number"]


def test_none_is_a_value_too():
    push(Board, "bar", 40)
    push(Board, "bar", None)

    assert "dashboards-placeholder" in stored()["bar"]
    assert head() == 2


def test_a_callable_is_no_value_of_a_push():
    with pytest.raises(
        ComponentValueError, match=r"Board\.dial: A Gauge's value must be a finite number"
    ):
        push(Board, "dial", lambda: 5)


def test_several_values_come_under_one_version():
    push(Board, number=1, note="a", bar=3)
    push(Board, "note", "b", bar=4)

    assert versions() == {"number": 1, "note": 2, "bar": 2}


def test_each_push_is_a_version_and_the_newest_value_stays():
    for number in range(1, 21):
        push(Board, "number", f"{number}.")

    assert versions() == {"number": 20}
    assert ">20.<" in stored()["number"]


def test_a_dashboard_is_told_of_its_own_pushes_only():
    push(Board, "number", "for the board")

    assert stored(Other) == {}
    assert head(Other) == 0


# What it refuses, at once and as a whole.


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
def test_a_push_that_cannot_work_says_why_and_does_nothing(
    arguments: tuple[Any, ...], values: dict[str, Any], error: type[Exception], words: str
):
    for target in (Board, Board()):
        with pytest.raises(error) as raised:
            push(target, *arguments, **values)
        assert str(raised.value) == words

    assert head() == 0


@pytest.mark.parametrize(("key", "error"), [("nothing", KeyError), ("still", NotLiveError)])
def test_a_wrong_key_is_told_at_once_not_on_commit(key: str, error: type[Exception]):
    reached = []

    with transaction.atomic():
        with pytest.raises(error):
            push(Board, key, 1)
        reached.append(True)

    assert reached
    assert head() == 0


def test_a_value_that_cannot_be_shown_is_told_at_once_not_on_commit():
    with transaction.atomic():
        Group.objects.create(name="kept")
        with pytest.raises(ComponentValueError):
            push(Board, "dial", "much")

    assert Group.objects.filter(name="kept").exists()
    assert head() == 0


def test_a_key_pushed_twice_in_one_call_is_refused():
    with pytest.raises(TypeError, match="names one key twice"):
        push(Board, "dial", 1, dial=2)


# When it takes effect.


def test_outside_a_transaction_it_takes_effect_at_once():
    push(Board, "note", "now")

    assert "now" in stored()["note"]


def test_inside_a_transaction_it_takes_effect_on_commit():
    with transaction.atomic():
        push(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


def test_on_rollback_it_takes_no_effect():
    with suppress(Rollback), transaction.atomic():
        push(Board, "note", "never")
        raise Rollback

    assert stored() == {}
    assert head() == 0


def test_a_transaction_that_is_set_to_roll_back_pushes_nothing():
    with transaction.atomic():
        push(Board, "note", "never")
        transaction.set_rollback(True)

    assert stored() == {}


def test_a_savepoint_that_is_rolled_back_takes_its_pushes_along():
    with transaction.atomic():
        push(Board, "note", "outer")
        with suppress(Rollback), transaction.atomic():
            push(Board, note="inner", number="inner")
            raise Rollback
        push(Board, "bar", 5)

    assert set(stored()) == {"note", "bar"}
    assert "outer" in stored()["note"]


def test_a_savepoint_that_is_kept_waits_for_the_outer_commit():
    with transaction.atomic():
        with transaction.atomic():
            push(Board, "note", "inner")
        assert stored() == {}

    assert "inner" in stored()["note"]


def test_a_savepoint_that_is_kept_is_undone_with_the_outer_transaction():
    with suppress(Rollback), transaction.atomic():
        with transaction.atomic():
            push(Board, "note", "inner")
        raise Rollback

    assert stored() == {}


def test_pushes_of_one_transaction_take_effect_in_their_order():
    with transaction.atomic():
        for number in range(5):
            push(Board, "number", f"{number}.")

    assert ">4.<" in stored()["number"]
    assert head() == 5


def test_a_value_is_rendered_after_commit():
    group = Group(name="as it was pushed")

    class Named:
        def __str__(self) -> str:
            return group.name

    with transaction.atomic():
        push(Board, "note", Named())
        group.name = "as it was committed"

    assert "as it was committed" in stored()["note"]


def test_what_is_pushed_in_one_call_is_not_changed_by_its_caller_afterwards():
    values: dict[str, Any] = {"note": "given", "number": 1}
    with transaction.atomic():
        push(Board, **values)
        values.clear()

    assert set(stored()) == {"note", "number"}


# What hurts nobody else.


def test_text_that_no_store_can_keep_is_shown_with_a_replacement():
    """A file's name with a lone surrogate, pushed as it is, stopped the whole dashboard: its page
    was a 500. It is shown with U+FFFD."""
    push(Board, note="file \udcff.txt", number=1)

    assert "file \ufffd.txt" in stored()["note"]
    assert "1" in stored()["number"]


@pytest.mark.parametrize(
    "value", ["x" * 50_000_000, b"x" * 50_000_000, {"text": "x" * 50_000_000}], ids=type
)
def test_a_value_that_is_too_large_is_refused_by_the_call_before_it_is_rendered(
    value: Any, monkeypatch: pytest.MonkeyPatch
):
    """A string of 50 MB was rendered, stored, and sent to everybody who looked at the page."""
    monkeypatch.setattr(PushedValue, "render", None)
    with transaction.atomic(), pytest.raises(ValueTooLargeError) as refused:
        push(Board, "number", value)

    assert str(refused.value) == (
        "Board.number: the value has 50,000,000 bytes, and at most 2,000,000 are stored and sent "
        "to pages. Show less of it, or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )
    assert head() == 0


def test_a_figure_that_is_too_large_is_refused(settings: Settings):
    """Rendered it is text as well, and told as such: by its component's name."""
    settings.DASHBOARDS = {"MAX_FRAME_BYTES": 100_000}
    figure = {"data": [{"y": list(range(50_000))}], "layout": {}}
    with pytest.raises(
        ValueTooLargeError, match=r"Board\.chart: the value has .* at most 100,000 "
    ):
        push(Board, "chart", figure)

    assert head() == 0
    settings.DASHBOARDS = {"MAX_FRAME_BYTES": 1_000_000}
    push(Board, "chart", figure)
    assert head() == 1


class Refusing(MemoryStore):
    """Memory that refuses one value, as a database may for a reason of its own."""

    def _put(self, channel: str, frames: Any) -> Position:
        if any("bad" in str(data) for data in frames.values()):
            raise ValueError("refused")  # noqa: EM101
        return super()._put(channel, frames)


@pytest.fixture
def _refusing(settings: Settings) -> None:
    settings.DASHBOARDS = {"STORES": {"default": {"BACKEND": f"{__name__}.Refusing"}}}


@pytest.mark.usefixtures("_refusing")
def test_a_value_that_the_store_refuses_does_not_keep_the_others_out():
    """All values of a push went into one put: one that was refused kept all of them out."""
    with pytest.raises(ValueError, match="refused") as refused:
        push(Board, note="bad", number="good", value="bad too")

    assert "good" in stored()["number"]
    assert set(stored()) == {"number"}
    assert refused.value.__notes__ == ["Also failed: 'value': ValueError('refused')"]


@pytest.mark.usefixtures("_refusing")
def test_an_error_after_a_commit_hurts_nobody_who_waits_for_it(caplog: pytest.LogCaptureFixture):
    """A push whose store failed raised out of the commit of whoever saved, and what else was to be
    done on that commit never was."""
    done = []
    with transaction.atomic():
        push(Board, note="bad", number="good")
        transaction.on_commit(lambda: done.append(True))

    assert done
    assert "good" in stored()["number"]
    assert ["Error calling push" in each for each in caplog.messages] == [True]


# From async code.


def test_apush_does_as_push_does():
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


def test_apush_inside_a_transaction_takes_effect_on_commit():
    with transaction.atomic():
        async_to_sync(apush)(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


# The sender leaves no trace in what everybody gets.


@pytest.mark.parametrize(
    ("own", "senders", "word"), [("en", "de", "Yes"), ("de", "en", "Ja"), ("fr", "de", "Oui")]
)
def test_the_site_speaks_its_own_language_whatever_the_sender_speaks(
    settings: Settings, own: str, senders: str, word: str
):
    settings.LANGUAGE_CODE = own

    with translation.override(senders):
        push(Board, "context", "x")
        assert translation.get_language() == senders

    assert f"|{word}|".lower() in stored()["context"].lower()


def test_numbers_are_written_as_the_site_writes_them():
    with translation.override("de"):
        push(Board, "number", 1.5)

    assert "1.5" in stored()["number"]


def test_times_are_written_in_the_sites_own_time_zone(settings: Settings):
    settings.TIME_ZONE = "Europe/Rome"

    with timezone.override("Asia/Tokyo"):
        push(Board, "context", "x")
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"

    assert "|Europe/Rome|" in stored()["context"]


def test_the_request_of_who_pushes_is_not_told_to_everybody():
    request = RequestFactory().get("/private/address/")

    push(Board(request), "context", "for all")

    assert "for all" in stored()["context"]
    assert "private" not in stored()["context"]
