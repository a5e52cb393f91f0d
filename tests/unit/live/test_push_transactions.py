"""``push`` takes effect when the transaction that it stands in commits, whichever database's."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connections, transaction
from django.test import TestCase, override_settings
from pytest_django import Settings

from dashboards.component import Chart, Stat
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DashboardError, PushError
from dashboards.live import apush, push
from dashboards.live.stores import get_store
from dashboards.registry import Registry

MEMORY = {"STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}}


@Registry().register
class Board(Dashboard):
    note = Stat(live=True)

    class Meta:
        app_label = "site"


def is_stored() -> bool:
    return bool(get_store().since(Board().channel, None).frames)


@pytest.fixture
def other(settings: Settings, tmp_path: Any, transactional_db: None) -> Any:
    """A second database, and a store that is in neither."""
    settings.DASHBOARDS = MEMORY
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


def test_push_inside_another_databases_transaction_that_rolls_back_stores_nothing(other: str):
    # A push within atomic(using="other") stayed, though what it told of was rolled back.
    with transaction.atomic(using=other):
        push(Board, "note", 1)
        transaction.set_rollback(True, using=other)

    assert not is_stored()


def test_push_inside_another_databases_transaction_is_stored_on_its_commit(other: str):
    with transaction.atomic(using=other):
        push(Board, "note", 1)
        assert not is_stored()

    assert is_stored()


@pytest.mark.parametrize("outer", ["default", "other"])
@pytest.mark.parametrize("fails", ["outer", "inner", ""])
def test_push_inside_two_transactions_waits_for_both(other: str, outer: str, fails: str):
    inner = "other" if outer == "default" else "default"
    with transaction.atomic(using=outer):
        with transaction.atomic(using=inner):
            push(Board, "note", 1)
            transaction.set_rollback(fails == "inner", using=inner)
        assert not is_stored()
        transaction.set_rollback(fails == "outer", using=outer)

    assert is_stored() is not bool(fails)


def test_push_that_names_its_database_waits_for_that_one_only(other: str):
    with transaction.atomic():
        with transaction.atomic(using=other):
            push(Board, "note", 1, using=other)
            assert not is_stored()
        assert is_stored()
        transaction.set_rollback(True)

    assert is_stored()


@pytest.mark.parametrize("is_rolled_back", [True, False])
def test_push_inside_a_savepoint_follows_it(other: str, is_rolled_back: bool):
    with transaction.atomic(), transaction.atomic():
        push(Board, "note", 1)
        transaction.set_rollback(is_rolled_back)

    assert is_stored() is not is_rolled_back


def test_push_inside_a_durable_transaction_is_stored_on_commit(other: str):
    with transaction.atomic(durable=True):
        push(Board, "note", 1)
        assert not is_stored()

    assert is_stored()


def test_push_inside_a_broken_transaction_stores_nothing(other: str):
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(savepoint=False):
            raise IntegrityError
        push(Board, "note", 1)
        transaction.set_rollback(True)

    assert not is_stored()


async def test_push_from_an_async_view_follows_the_transaction_of_its_sync_code(other: str):
    def work() -> None:
        with transaction.atomic():
            async_to_sync(apush)(Board, "note", 1)
            assert not is_stored()

    await sync_to_async(work)()

    assert is_stored()


class PushInTestCase(TestCase):
    """Django's own TestCase, whose transaction never commits: a push there was never seen."""

    @override_settings(DASHBOARDS=MEMORY)
    def test_push_takes_effect_at_once(self) -> None:
        push(Board, "note", 1)
        assert is_stored()

    @override_settings(DASHBOARDS=MEMORY)
    def test_push_inside_a_transaction_waits_as_other_callbacks_do(self) -> None:
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            push(Board, "note", 1)
            assert not is_stored()
        assert is_stored()


# What cannot be pushed, or pushed to.


class Unregistered(Board):
    """Not registered, though what it derives from is."""


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
            "push(Unregistered, …): tests.unit.live.test_push_transactions",
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
def test_push_of_what_cannot_be_pushed_says_what_can(call: Callable[[], None], words: str):
    """Pushing to what is no dashboard ended in an AttributeError within the package, and pushing
    to a dashboard that nobody had registered in nothing at all. Each says what is wrong."""
    with pytest.raises(PushError) as raised:
        call()

    assert isinstance(raised.value, DashboardError)
    assert words in str(raised.value)
