"""``live/commits.py``: calls after a commit."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

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


@pytest.fixture
def manual(transactional_db: None) -> Iterator[None]:
    """Have autocommit off, as a project may that commits by itself."""
    transaction.set_autocommit(False)
    try:
        yield
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)


def read_heads() -> Mapping[str, object]:
    return get_store().heads([REVOCATIONS, Live().channel])


@pytest.mark.usefixtures("manual")
def test_objects_are_saved_and_access_ends_while_autocommit_is_off():
    """Django refuses to register a call then: the receivers of ours made the save of each user, and
    of each object with a live value, fail. What they registered was lost without a word."""
    user = User.objects.create(username="saved")
    user.groups.add(Group.objects.create(name="team"))
    before = read_heads()
    user.delete()
    assert read_heads() != before


@pytest.mark.usefixtures("manual")
@pytest.mark.parametrize("block", [nullcontext, transaction.atomic], ids=["bare", "atomic"])
def test_pushes_revocations_and_calls_are_made_at_once_while_autocommit_is_off(
    block: Callable[[], AbstractContextManager[None]],
):
    called: list[str] = []
    with block():
        push(Live, "number", 7)
        revoke(user=1)
        on_commit(lambda: called.append("called"))
        assert read_heads().keys() == {REVOCATIONS, Live().channel}
    assert called == ["called"]
    assert not connection.run_on_commit


@pytest.mark.usefixtures("manual")
def test_calls_of_a_project_wait_while_autocommit_is_off():
    """Regression: a call of ours had those of the project called, before its commit."""
    called: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: called.append("mail"))
    on_commit(lambda: None)
    assert called == []


@pytest.mark.usefixtures("manual")
def test_robust_call_that_fails_while_autocommit_is_off_is_logged(
    caplog: pytest.LogCaptureFixture,
):
    def fail() -> None:
        raise ZeroDivisionError

    on_commit(fail, robust=True)
    assert [vars(each)["event"] for each in caplog.records] == ["commit_call_failed"]
    with pytest.raises(ZeroDivisionError):
        on_commit(fail)
