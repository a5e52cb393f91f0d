"""``live/commits.py``: calls after a commit."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction

from dashboards.live import push, revoke
from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.commits import on_commit
from dashboards.live.stores import get_store
from tests.site.dashboards import Live


@pytest.mark.django_db(transaction=True)
def test_call_waits_for_the_commit_of_a_block_and_is_dropped_on_rollback():
    called: list[str] = []
    on_commit(lambda: called.append("none open"))
    with transaction.atomic():
        on_commit(lambda: called.append("committed"))
        assert called == ["none open"]
    with transaction.atomic():
        on_commit(lambda: called.append("rolled back"))
        transaction.set_rollback(True)

    assert called == ["none open", "committed"]


@pytest.mark.django_db(transaction=True)
def test_objects_are_saved_and_calls_wait_while_autocommit_is_off():
    """Django refuses to register a call then: the receivers of ours made the save of each user, and
    of each object with a live value, fail."""
    called: list[Any] = []
    transaction.set_autocommit(False)
    try:
        user = User.objects.create(username="saved")
        user.groups.add(Group.objects.create(name="team"))
        user.delete()
        on_commit(lambda: called.append("committed"))
        assert called == []
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert called == ["committed"]


@pytest.mark.django_db(transaction=True)
def test_push_and_revoke_wait_while_autocommit_is_off():
    def read() -> Mapping[str, object]:
        return get_store().heads([REVOCATIONS, Live().channel])

    before = read()
    transaction.set_autocommit(False)
    try:
        push(Live, "number", 7)
        revoke(user=1)
        assert read() == before
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert read().keys() == {REVOCATIONS, Live().channel}


@pytest.mark.django_db(transaction=True)
def test_calls_are_made_at_once_where_django_tells_of_no_commit(monkeypatch: pytest.MonkeyPatch):
    """Regression: they were kept for ever, and a user who was made inactive kept the streams."""
    called: list[str] = []

    def fail() -> None:
        called.append("failed")
        raise OSError

    monkeypatch.setitem(connection.settings_dict, "AUTOCOMMIT", False)
    transaction.set_autocommit(False)
    try:
        on_commit(lambda: called.append("called"))
        on_commit(fail, robust=True)
        assert called == ["called", "failed"]
        assert not connection.run_on_commit
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)
    assert called == ["called", "failed"]
