"""``push`` within transactions of several databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connections, transaction

from dashboards.live import apush, push
from tests.unit.live.publish.support import Board, stored


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
