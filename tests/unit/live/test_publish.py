"""``live/publish.py``: the arguments of ``push``, and when and how it stores them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group
from django.db import IntegrityError, connections, transaction
from django.test import RequestFactory, TestCase, override_settings
from django.utils import timezone, translation
from pytest_django import Settings

from dashboards.component import Chart, Component, Gauge, Progress, Stat, Text
from dashboards.component.live import PushedValue
from dashboards.dashboard import Dashboard
from dashboards.exceptions import (
    ComponentValueError,
    DashboardError,
    NotLiveError,
    PushError,
    UnknownComponentError,
    ValueTooLargeError,
)
from dashboards.live import Every, apush, push
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.wire.positions import Position
from dashboards.registry import Registry

MEMORY = {"STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}}


@pytest.fixture(autouse=True)
def _memory(settings: Settings) -> None:
    """Store pushes outside of the database: these tests are about its transactions."""
    settings.DASHBOARDS = MEMORY


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
    """Return the frames that every subscriber would get."""
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.data for frame in changes.frames}


def versions(dashboard: type[Dashboard] = Board) -> dict[str, int]:
    changes = get_store().since(dashboard().channel, None)
    return {frame.key: frame.version for frame in changes.frames}


def head(dashboard: type[Dashboard] = Board) -> int:
    position = get_store().since(dashboard().channel, None).position
    return position.version if position else 0


# Arguments.


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


# Refused arguments: at once, and as a whole.


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
            "push(Unregistered, …): tests.unit.live.test_publish",
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


# Transactions.


def test_push_outside_a_transaction_is_stored_at_once():
    push(Board, "note", "now")

    assert "now" in stored()["note"]


@pytest.mark.usefixtures("_commits")
def test_push_inside_a_transaction_is_stored_on_commit():
    with transaction.atomic():
        push(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


@pytest.mark.django_db(transaction=True)
def test_push_to_a_store_in_the_same_database_is_stored_on_commit_only(settings: Settings):
    settings.DASHBOARDS = {}
    with suppress(Rollback), transaction.atomic():
        push(Board, "note", "never")
        raise Rollback
    assert stored() == {}
    with transaction.atomic():
        push(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


@pytest.mark.usefixtures("_commits")
def test_push_rolled_back_stores_nothing():
    with suppress(Rollback), transaction.atomic():
        push(Board, "note", "never")
        raise Rollback

    assert stored() == {}
    assert head() == 0


@pytest.mark.usefixtures("_commits")
def test_push_inside_a_transaction_set_to_roll_back_stores_nothing():
    with transaction.atomic():
        push(Board, "note", "never")
        transaction.set_rollback(True)

    assert stored() == {}


@pytest.mark.usefixtures("_commits")
def test_push_inside_a_savepoint_rolled_back_stores_nothing():
    with transaction.atomic():
        push(Board, "note", "outer")
        with suppress(Rollback), transaction.atomic():
            push(Board, note="inner", number="inner")
            raise Rollback
        push(Board, "bar", 5)

    assert set(stored()) == {"note", "bar"}
    assert "outer" in stored()["note"]


@pytest.mark.usefixtures("_commits")
def test_push_inside_a_savepoint_is_stored_on_the_outer_commit():
    with transaction.atomic():
        with transaction.atomic():
            push(Board, "note", "inner")
        assert stored() == {}

    assert "inner" in stored()["note"]


@pytest.mark.usefixtures("_commits")
def test_push_inside_a_savepoint_is_rolled_back_with_the_outer_transaction():
    with suppress(Rollback), transaction.atomic():
        with transaction.atomic():
            push(Board, "note", "inner")
        raise Rollback

    assert stored() == {}


@pytest.mark.usefixtures("_commits")
def test_pushes_of_one_transaction_are_stored_in_their_order():
    with transaction.atomic():
        for number in range(5):
            push(Board, "number", f"{number}.")

    assert ">4.<" in stored()["number"]
    assert head() == 5


@pytest.mark.usefixtures("_commits")
def test_pushed_value_is_rendered_after_the_commit():
    group = Group(name="as it was pushed")

    class Named:
        def __str__(self) -> str:
            return group.name

    with transaction.atomic():
        push(Board, "note", Named())
        group.name = "as it was committed"

    assert "as it was committed" in stored()["note"]


@pytest.mark.usefixtures("_commits")
def test_values_changed_by_the_caller_after_the_push_are_stored_as_pushed():
    values: dict[str, Any] = {"note": "given", "number": 1}
    with transaction.atomic():
        push(Board, **values)
        values.clear()

    assert set(stored()) == {"note", "number"}


# Transactions of several databases.


@pytest.fixture
def other(tmp_path: Path, _commits: None) -> Iterator[str]:
    """A second database."""
    configuration = {**connections.settings["default"], "NAME": str(tmp_path / "other.sqlite3")}
    connections.settings["other"] = configuration
    connection: Any = connections["other"]
    # Django's test case forbids databases that were not there when it began.
    vars(connection)["ensure_connection"] = lambda: connection.connection or connection.connect()
    connection.ensure_connection()
    yield "other"
    connection.close()
    del connections["other"]
    del connections.settings["other"]


def test_push_inside_a_rolled_back_transaction_of_another_database_stores_nothing(other: str):
    """A push within atomic(using="other") stayed, though its objects were rolled back."""
    with transaction.atomic(using=other):
        push(Board, "note", 1)
        transaction.set_rollback(True, using=other)

    assert not stored()


def test_push_inside_a_transaction_of_another_database_is_stored_on_its_commit(other: str):
    with transaction.atomic(using=other):
        push(Board, "note", 1)
        assert not stored()

    assert stored()


@pytest.mark.parametrize("outer", ["default", "other"])
@pytest.mark.parametrize("fails", ["outer", "inner", ""])
def test_push_inside_two_transactions_waits_for_both(other: str, outer: str, fails: str):
    inner = "other" if outer == "default" else "default"
    with transaction.atomic(using=outer):
        with transaction.atomic(using=inner):
            push(Board, "note", 1)
            transaction.set_rollback(fails == "inner", using=inner)
        assert not stored()
        transaction.set_rollback(fails == "outer", using=outer)

    assert bool(stored()) is not bool(fails)


def test_push_with_a_named_database_waits_for_that_one_only(other: str):
    with transaction.atomic():
        with transaction.atomic(using=other):
            push(Board, "note", 1, using=other)
            assert not stored()
        assert stored()
        transaction.set_rollback(True)

    assert stored()


@pytest.mark.parametrize("is_rolled_back", [True, False])
def test_push_inside_a_savepoint_follows_it(other: str, is_rolled_back: bool):
    with transaction.atomic(), transaction.atomic():
        push(Board, "note", 1)
        transaction.set_rollback(is_rolled_back)

    assert bool(stored()) is not is_rolled_back


def test_push_inside_a_durable_transaction_is_stored_on_commit(other: str):
    with transaction.atomic(durable=True):
        push(Board, "note", 1)
        assert not stored()

    assert stored()


def test_push_inside_a_broken_transaction_stores_nothing(other: str):
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(savepoint=False):
            raise IntegrityError
        push(Board, "note", 1)
        transaction.set_rollback(True)

    assert not stored()


async def test_push_from_an_async_view_follows_the_transaction_of_its_sync_code(other: str):
    def work() -> None:
        with transaction.atomic():
            async_to_sync(apush)(Board, "note", 1)
            assert not stored()

    await sync_to_async(work)()

    assert stored()


class PushInTestCase(TestCase):
    """Django's own TestCase never commits its transaction: a push there was never stored."""

    @override_settings(DASHBOARDS=MEMORY)
    def test_push_takes_effect_at_once(self) -> None:
        push(Board, "note", 1)
        assert stored()

    @override_settings(DASHBOARDS=MEMORY)
    def test_push_inside_a_transaction_waits_as_other_callbacks_do(self) -> None:
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            push(Board, "note", 1)
            assert not stored()
        assert bool(stored())


# Values that cannot be stored.


def test_pushed_text_with_a_lone_surrogate_is_shown_with_a_replacement():
    """A file's name with a lone surrogate, pushed as it is, stopped the whole dashboard: its page
    was a 500. It is shown with U+FFFD."""
    push(Board, note="file \udcff.txt", number=1)

    assert "file \ufffd.txt" in stored()["note"]
    assert "1" in stored()["number"]


@pytest.mark.usefixtures("_commits")
@pytest.mark.parametrize(
    "value", ["x" * 50_000_000, b"x" * 50_000_000, {"text": "x" * 50_000_000}], ids=type
)
def test_push_of_a_too_large_value_is_refused_before_it_is_rendered(
    value: Any, monkeypatch: pytest.MonkeyPatch
):
    """A string of 50 MB was rendered, stored, and sent to every open page."""
    monkeypatch.setattr(PushedValue, "render", None)
    with transaction.atomic(), pytest.raises(ValueTooLargeError) as refused:
        push(Board, "number", value)

    assert str(refused.value) == (
        "Board.number: the value has 50,000,000 bytes, and at most 2,000,000 are stored and sent "
        "to pages. Show less of it, or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )
    assert head() == 0


def test_push_of_a_too_large_figure_is_refused(settings: Settings):
    """Its text is as large as it is; the error names the component."""
    pytest.importorskip("plotly")
    settings.DASHBOARDS = {**MEMORY, "MAX_FRAME_BYTES": 10_000}
    figure = {"data": [{"y": list(range(5_000))}], "layout": {}}
    with pytest.raises(ValueTooLargeError, match=r"Board\.chart: the value has .* at most 10,000 "):
        push(Board, "chart", figure)

    assert head() == 0
    settings.DASHBOARDS = {**MEMORY, "MAX_FRAME_BYTES": 100_000}
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
def test_push_of_a_value_refused_by_the_store_stores_the_others():
    """All values of a push went into one put: if one was refused, none was stored."""
    with pytest.raises(ValueError, match="refused") as refused:
        push(Board, note="bad", number="good", value="bad too")

    assert "good" in stored()["number"]
    assert set(stored()) == {"number"}
    assert refused.value.__notes__ == ["Also failed: 'value': ValueError('refused')"]


@pytest.mark.usefixtures("_refusing", "_commits")
def test_push_refused_after_the_commit_leaves_other_callbacks(caplog: pytest.LogCaptureFixture):
    """A push to a failing store raised out of the commit, and the other callbacks of that commit
    were not called."""
    done = []
    with transaction.atomic():
        push(Board, note="bad", number="good")
        transaction.on_commit(lambda: done.append(True))

    assert done
    assert "good" in stored()["number"]
    assert ["Error calling push" in each for each in caplog.messages] == [True]


# From async code.


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


@pytest.mark.usefixtures("_commits")
def test_apush_inside_a_transaction_is_stored_on_commit():
    with transaction.atomic():
        async_to_sync(apush)(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


# Frames do not depend on the sender.


@pytest.mark.parametrize(
    ("own", "senders", "word"), [("en", "de", "Yes"), ("de", "en", "Ja"), ("fr", "de", "Oui")]
)
def test_pushed_value_is_rendered_in_the_language_of_the_site(
    settings: Settings, own: str, senders: str, word: str
):
    settings.LANGUAGE_CODE = own

    with translation.override(senders):
        push(Board, "context", "x")
        assert translation.get_language() == senders

    assert f"|{word}|".lower() in stored()["context"].lower()


def test_pushed_number_is_rendered_in_the_format_of_the_site():
    with translation.override("de"):
        push(Board, "number", 1.5)

    assert "1.5" in stored()["number"]


def test_pushed_value_is_rendered_in_the_time_zone_of_the_site(settings: Settings):
    settings.TIME_ZONE = "Europe/Rome"

    with timezone.override("Asia/Tokyo"):
        push(Board, "context", "x")
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"

    assert "|Europe/Rome|" in stored()["context"]


def test_pushed_value_is_rendered_without_the_request_of_the_sender():
    request = RequestFactory().get("/private/address/")

    push(Board(request), "context", "for all")

    assert "for all" in stored()["context"]
    assert "private" not in stored()["context"]
