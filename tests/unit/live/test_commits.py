"""``live/commits.py``: calls after a commit."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from dashboards.live import revoke
from dashboards.live.commits import on_commit


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
        revoke(user=1)
        on_commit(lambda: called.append("committed"))
        assert called == []
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert called == ["committed"]
