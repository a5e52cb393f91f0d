"""``push`` within a transaction: stored on its commit, and never after a rollback."""

from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import TestCase, override_settings
from pytest_django import Settings

from dashboards.live import apush, push
from tests.unit.live.publish.support import MEMORY, Board, Rollback, head, stored


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


@pytest.mark.usefixtures("_commits")
def test_apush_inside_a_transaction_is_stored_on_commit():
    with transaction.atomic():
        async_to_sync(apush)(Board, "note", "after commit")
        assert stored() == {}

    assert "after commit" in stored()["note"]


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
