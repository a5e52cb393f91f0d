"""Changes of users, groups and sessions upon which streams check their access again."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import alogout, logout
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_out
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.test import Client

from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import ALL_USERS, session_subject, user_subject
from dashboards.live.stores import get_store
from tests.harness import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("one", password="secret")


@pytest.fixture
def permission() -> Permission:
    kind = ContentType.objects.get_for_model(User)
    return Permission.objects.create(name="new", content_type=kind, codename="new")


@pytest.fixture
def group() -> Group:
    return Group.objects.create(name="group")


@pytest.fixture
def changes(user: User, group: Group, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    changes: list[str] = []
    monkeypatch.setattr(get_store(), "put", lambda channel, frames: changes.extend(frames))
    return changes


def test_login_revokes_nothing(user: User, changes: list[str]):
    assert Client().login(username="one", password="secret")
    # The test client had an anonymous session before.
    assert [each for each in changes if not each.startswith("session:")] == []


def test_logout_revokes_user(user: User, changes: list[str]):
    client = Client()
    client.force_login(user)
    changes.clear()
    session = session_subject(str(client.session.session_key))
    client.logout()
    assert changes == [session, f"user:{user.pk}"]


@pytest.mark.parametrize("how", [logout, async_to_sync(alogout)])
def test_logout_revokes_after_session_flush(
    user: User, monkeypatch: pytest.MonkeyPatch, how: Callable[[HttpRequest], None]
):
    """Regression, found by tests/faults: Django sends the logout signal before it flushes the
    session. A page that reconnected in between was let in, and its stream outlived the logout."""
    client = Client()
    client.force_login(user)
    request = HttpRequest()
    request.session, request.user = client.session, user

    async def auser() -> User:
        return user

    request.auser = auser
    sessions: list[int] = []
    monkeypatch.setattr(
        get_store(), "put", lambda channel, frames: sessions.append(Session.objects.count())
    )
    how(request)
    assert sessions == [0, 0], "of the session, and of the user"


@pytest.mark.parametrize("request_", [None, HttpRequest()])
def test_logout_without_session_revokes_at_once(
    user: User, changes: list[str], request_: HttpRequest | None
):
    """Packages that authenticate by tokens send the signal without a request, or with a request
    that has no session."""
    user_logged_out.send(sender=User, request=request_, user=user)
    assert changes == [f"user:{user.pk}"]


def test_user_created_revokes_nothing(changes: list[str]):
    User.objects.create(username="two")
    assert changes == []


def test_user_saved_is_rechecked(user: User, changes: list[str]):
    user.is_active = False
    user.save()
    assert changes == [f"user:{user.pk}"]


def test_user_deleted_is_rechecked(user: User, changes: list[str]):
    pk = user.pk
    user.delete()
    assert f"user:{pk}" in changes


def test_user_groups_or_permissions_changed_rechecks_user(
    user: User, group: Group, permission: Permission, changes: list[str]
):
    user.groups.add(group)
    user.user_permissions.add(permission)
    assert changes == [f"user:{user.pk}"] * 2


def test_group_changed_rechecks_all_users(
    user: User, group: Group, permission: Permission, changes: list[str]
):
    group.permissions.add(permission)
    group.user_set.add(user)
    assert set(changes) == {ALL_USERS}


def test_change_rolled_back_revokes_nothing(user: User, changes: list[str]):
    with transaction.atomic():
        user.save()
        assert changes == []
        transaction.set_rollback(True)
    assert changes == []


def test_store_failure_does_not_undo_save(
    user: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(channel: str, frames: dict[str, str]) -> None:
        raise ConnectionError

    with monkeypatch.context() as down:
        down.setattr(get_store(), "put", fail)
        user.save()
    assert "ConnectionError" in caplog.text
    wait_for(lambda: not revocations.are_waiting)
    assert user_subject(user.pk) in [
        each.key for each in get_store().since(REVOCATIONS, None).frames
    ]
