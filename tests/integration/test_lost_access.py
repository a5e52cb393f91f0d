"""Streams end when their user loses access, in each way in which that can happen.

Streams were open for up to 300 s after access had ended: only a logout, and a user who was saved or
deleted through the user model itself, were heard.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory

from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.dashboard.model_signals import check_access_on_change
from dashboards.live import OnChange, arevoke, push, revoke
from dashboards.live.access import revocations as revocation
from dashboards.live.access.revocations import revocations
from dashboards.live.access.signals import _logged_in
from dashboards.live.access.subjects import (
    ALL_USERS,
    Revoked,
    dashboard_subject,
    join,
    object_subjects,
    session_subject,
    user_subject,
)
from dashboards.live.stores import get_store
from dashboards.live.subscription import Subscription
from dashboards.session_expiry import get_seconds_left
from dashboards.testing import connect
from tests.books.models import Book, Classic, Employee, Member, Paperback
from tests.harness import Site, Stream, wait_for
from tests.site.dashboards import GroupBoard, Live, Mine, Mixed, Quiet, Staff

STAFF = "/site/staff/@stream/"


def log_in(site: Site, username: str, cookie: str = "") -> str:
    headers = {"Cookie": cookie} if cookie else {}
    status, answer, _ = site.get(f"/login/{username}/", **headers)
    assert status == 200
    return answer["Set-Cookie"].split(";")[0]


USER = "from django.contrib.auth.models import User\nuser = User.objects.get(username='admin')\n"
SESSION = "from django.contrib.sessions.models import Session\nsession = Session.objects.get()\n"

WAYS = {
    "proxy saved": "from tests.books.models import Member\nMember.objects.get().save()",
    "proxy deleted": "from tests.books.models import Member\nMember.objects.get().delete()",
    "session flushed": SESSION
    + "from django.contrib.sessions.backends.db import SessionStore\n"
    + "SessionStore(session.session_key).flush()",
    "session row deleted": SESSION + "session.delete()",
    "session rows deleted": SESSION + "Session.objects.all().delete()",
    "session cycled": SESSION
    + "from django.contrib.sessions.backends.db import SessionStore\n"
    + "SessionStore(session.session_key).cycle_key()",
    "group joined": USER
    + "from django.contrib.auth.models import Group\n"
    + "user.groups.add(Group.objects.create(name='new'))",
    "user revoked": USER
    + "User.objects.update(is_staff=False)\n"
    + "from dashboards.live import revoke\nrevoke(user=user)",
    "session revoked": SESSION + "from dashboards.live import revoke\nrevoke(session=session)",
    "dashboard revoked": USER
    + "User.objects.update(is_staff=False)\n"
    + "from dashboards.live import revoke\n"
    + "from tests.site.dashboards import Staff\nrevoke(dashboard=Staff)",
    "user revoked of a dashboard": USER
    + "from dashboards.live import revoke\n"
    + "from tests.site.dashboards import Staff\nrevoke(user=user, dashboard=Staff)",
}


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create(username="admin", is_staff=True)


@pytest.mark.parametrize("way", WAYS)
def test_user_without_access_loses_stream(isolated: None, admin: User, way: str):
    live, anonymous = connect(Staff, user=admin), connect(Live)
    assert live.is_open
    exec(WAYS[way], {})
    assert live.is_closed
    push(Live, number=1)
    anonymous.expect(number=1)


def test_permission_that_answers_pages_itself_opens_no_stream_and_ends_open_ones(site: Site):
    # The answer to a refused page has status 200: it must not pass for the right to read on.
    page, path = "/site/answering/", "/site/answering/@stream/"
    cookie = log_in(site, "admin")
    with site.open_stream(path, Cookie=cookie) as stream:
        site.push_to("Answering", secret="before")
        stream.until("before")
        status, _, text = site.get(page)
        assert (status, text) == (200, "Ask for access to answering.")
        for refused in (path, f"{page}@component/secret/", f"{page}@components/secret/"):
            status, headers, text = site.get(refused)
            assert (status, "before" in text) == (403, False)
            assert "text/event-stream" not in headers["Content-Type"]

        site.execute(
            USER
            + "User.objects.update(is_staff=False)\n"
            + "from dashboards.live import revoke\n"
            + "from tests.site.dashboards import Answering\nrevoke(dashboard=Answering)"
        )
        site.push_to("Answering", secret="after")
        while event := stream.event():
            assert "after" not in event["data"]
    assert site.get(page, Cookie=cookie)[0] == 200
    assert site.get(path, Cookie=cookie)[0] == 403


MIXED = "/site/mixed/@stream/"


def names_until(stream: Stream, text: str) -> set[str]:
    """Return the names of the events up to the first whose data holds ``text``."""
    names: set[str] = set()
    while event := stream.event():
        names.add(event["event"])
        if text in event["data"]:
            return names
    raise AssertionError(text)


def test_restricted_refresh_marker_sent_to_permitted_streams_only(site: Site):
    """A component with permissions sends a marker upon which pages load its value again. Every
    stream got it, so that any user could tell when a value hidden from them had changed."""
    cookie = log_in(site, "admin")
    with site.open_stream(MIXED) as anonymous, site.open_stream(MIXED, Cookie=cookie) as stream:
        site.push_to("Mixed", secret="classified")
        while not stream.event()["event"].startswith("@"):
            pass
        site.push_to("Mixed", secret="classified", open="for all")
        assert names_until(anonymous, "for all") == {"open"}
        site.push_to("Mixed", secret="classified", open="for all, too")
        assert any(each.startswith("@") for each in names_until(stream, "for all, too"))
        assert names_until(anonymous, "for all, too") == {"open"}


def test_user_without_access_to_component_loses_stream(isolated: None, admin: User):
    """Regression: a user who may open the dashboard kept a stream with the markers of a component
    hidden from them since. Their page reconnects and gets no further marker."""
    live, anonymous = connect(Mixed, user=admin), connect(Mixed)
    push(Mixed, open="before", secret="before")
    live.expect(open="before", secret="before")
    User.objects.update(is_staff=False)
    revoke(dashboard=Mixed)
    assert live.is_closed
    push(Mixed, secret="classified", open="after")
    anonymous.expect(open="after")
    live.resume()
    push(Mixed, secret="classified", open="at last")
    live.expect(open="at last", secret="before")


@pytest.mark.parametrize("way", ["/login/member/", "/logout/"])
def test_session_taken_over_by_other_user_ends_stream(isolated: None, admin: User, way: str):
    # Regression: a login as another user flushed the session, and its open streams stayed.
    live = connect(Staff, user=admin)
    assert live.is_open
    assert live.client.get(way).status_code == 200
    assert live.is_closed


def test_session_end_ends_stream(site: Site):
    # Regression: an expired session ended its stream minutes later, at the stream's maximum age.
    cookie = log_in(site, "admin")
    site.execute(
        "from datetime import timedelta\nfrom django.utils import timezone\n"
        "from django.contrib.sessions.models import Session\n"
        "Session.objects.update(expire_date=timezone.now() + timedelta(seconds=2))"
    )
    with site.open_stream(STAFF, Cookie=cookie) as stream:
        site.push_to("Staff", secret="before")
        stream.until("before")
        assert stream.event() == {}
    with site.open_stream(STAFF, Cookie=cookie) as stream:
        assert stream.response.status == 403


def test_revoke_of_other_user_or_dashboard_keeps_stream(isolated: None, admin: User):
    live = connect(Staff, user=admin)
    revoke(user=4711)
    revoke(dashboard=Quiet)
    revoke(user=admin, dashboard=Live)
    push(Staff, secret="still there")
    live.expect(secret="still there")


def check_streams_about_a_saved_object(site: Site, *, changed_by: Site) -> None:
    """Have an object saved that is not public any more, and assert that its streams end.

    Args:
        site: holds the streams.
        changed_by: a process of the same site.
    """
    changed_by.execute(
        "from django.contrib.auth.models import Group\n"
        "Group.objects.create(pk=7, name='open'), Group.objects.create(pk=8, name='free')"
    )
    urls = [f"/site/groupboard/{pk}/@stream/" for pk in (7, 8)]
    with site.open_stream(urls[0]) as stream, site.open_stream(urls[1]) as other:
        stream.until("group open")
        changed_by.execute(
            "from django.contrib.auth.models import Group\n"
            "group = Group.objects.get(pk=7); group.name = 'secret'; group.save()"
        )
        while event := stream.event():
            assert "secret" not in event["data"]
        other.until("group free")
    with site.open_stream(urls[0]) as stream:
        assert stream.response.status == 403


def test_object_saved_ends_its_streams_and_permitted_users_reconnect(site: Site):
    # Regression: an object was shown for minutes to users who had lost access to it.
    check_streams_about_a_saved_object(site, changed_by=site)


# ---- What a revocation concerns ----


@pytest.fixture
def stored_keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    stored_keys: list[str] = []
    monkeypatch.setattr(get_store(), "put", lambda channel, frames: stored_keys.extend(frames))
    return stored_keys


ONE, TWO = user_subject(1), user_subject("a b:c")
SHOP = dashboard_subject("shop.orders")


@pytest.mark.parametrize(
    ("key", "concerned"),
    [
        (ONE, True),
        (ALL_USERS, True),
        (SHOP, True),
        (join([SHOP, ONE]), True),
        (TWO, False),
        (join([ONE, TWO]), False),
        (join([SHOP, TWO]), False),
        (dashboard_subject("shop.others"), False),
        (session_subject("key"), False),
    ],
)
def test_revocation_matches_streams_with_all_its_subjects(key: str, concerned: bool):
    hold = Subscription("shop.orders", None, identity=ONE, content_subjects=(SHOP,))
    assert Revoked({key}).concerns(hold.subjects) is concerned


def test_revocation_of_all_users_keeps_anonymous_streams():
    assert not Revoked({ALL_USERS}).concerns(
        Subscription("shop.orders", None, content_subjects=(SHOP,)).subjects
    )


def test_session_subject_hides_session_key():
    assert session_subject("secret-key") != session_subject("another")
    assert "secret" not in session_subject("secret-key")
    assert len(session_subject("secret-key")) == len("session:0000")


@pytest.mark.django_db(transaction=True)
def test_object_subject_equal_for_proxy_parent_and_child():
    paper = Paperback.objects.create(title="One")
    book = Book.objects.get()
    assert object_subjects(paper) == object_subjects(book)
    assert object_subjects(Classic.objects.get()) == object_subjects(book)
    assert object_subjects(book) != object_subjects(Book(pk=book.pk + 1))
    assert object_subjects("a text") == object_subjects("a text")


@pytest.mark.parametrize(
    ("named", "keys"),
    [
        ({"user": User(pk=5)}, {"user:5"}),
        ({"user": 5}, {"user:5"}),
        ({"session": "key"}, {session_subject("key")}),
        ({"dashboard": Staff}, {"dashboard:site.staff"}),
        ({"dashboard": Staff(), "user": 5}, {"user:5 dashboard:site.staff"}),
        ({"dashboard": Mine(user=User(pk=5))}, {"user:5 dashboard:site.mine"}),
        (
            {"dashboard": GroupBoard, "object": Book(pk=7)},
            {f"{object_subjects(Book(pk=7))[0]} dashboard:site.groupboard"},
        ),
        ({"object": Book(pk=7)}, set(object_subjects(Book(pk=7)))),
    ],
    ids=[
        *("user", "key", "session", "dashboard", "user and dashboard", "dashboard of a user"),
        *("object and dashboard", "object"),
    ],
)
@pytest.mark.django_db
def test_revoke_accepts_any_combination_of_subjects(
    stored_keys: list[str], named: Any, keys: set[str]
):
    with transaction.atomic():
        pass
    revocations.revoke_all(revocation._get_keys(*(named.get(each) for each in NAMES)))
    assert set(stored_keys) == keys


NAMES = ("user", "session", "dashboard", "object")


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ({}, TypeError, "revoke() needs at least one of user, session, dashboard and object."),
        ({"user": User()}, ValueError, "revoke(user=…): the user has not been saved."),
        (
            {"user": AnonymousUser()},
            ValueError,
            "revoke(user=…): the user has not been saved.",
        ),
        ({"object": Book()}, ValueError, "revoke(object=…): the object has not been saved."),
        ({"session": ""}, ValueError, "revoke(session=…): the session has not been saved."),
    ],
)
def test_revoke_without_saved_subject_refused(named: Any, error: type[Exception], message: str):
    with pytest.raises(error) as raised:
        revoke(**named)
    assert str(raised.value) == message


@pytest.mark.django_db(transaction=True)
def test_revoke_stored_on_commit_and_dropped_on_rollback(stored_keys: list[str]):
    with transaction.atomic():
        revoke(user=1)
        assert stored_keys == []
    assert stored_keys == ["user:1"]
    with transaction.atomic():
        revoke(user=2)
        transaction.set_rollback(True)
    assert stored_keys == ["user:1"]


@pytest.mark.django_db(transaction=True)
async def test_arevoke_equals_revoke(stored_keys: list[str]):
    await arevoke(user=1)
    assert stored_keys == ["user:1"]


# ---- Signals ----


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [Member, Employee, User])
def test_user_saved_or_deleted_through_any_class_is_revoked(
    stored_keys: list[str], kind: type[User]
):
    # Django sends signals for the instance's class only; the receiver was of the user model.
    Employee.objects.create(username="one")
    user = kind.objects.get()
    stored_keys.clear()
    user.save()
    assert stored_keys == [f"user:{user.pk}"]
    stored_keys.clear()
    pk = user.pk
    user.delete()
    assert f"user:{pk}" in stored_keys


@pytest.mark.django_db(transaction=True)
def test_clear_expired_sessions_revokes_nothing(client: Client, stored_keys: list[str]):
    client.session.save()
    Session.objects.update(expire_date="2001-01-01T00:00Z")
    type(client.session).clear_expired()
    assert not Session.objects.exists()
    assert stored_keys == []


@pytest.mark.django_db(transaction=True)
def test_login_replacing_session_revokes_it_without_session_rows(
    stored_keys: list[str], rf: RequestFactory
):
    request = rf.get("/")
    request.COOKIES["sessionid"] = "before"
    request.session = CacheSession("after")
    _logged_in(request)
    assert stored_keys == [session_subject("before")]


@pytest.mark.django_db
def test_cache_session_has_no_expiry(rf: RequestFactory):
    request = rf.get("/")
    request.session = CacheSession("key")
    assert get_seconds_left(request) == float("inf")


@pytest.fixture
def _unmerged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(revocations, "_merged_at", -revocation.MERGE_SECONDS)
    monkeypatch.setattr(revocations, "_timer", None)
    yield
    if revocations._timer:
        revocations._timer.cancel()


@pytest.mark.usefixtures("_unmerged")
def test_object_changes_sent_at_once_then_merged(
    stored_keys: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(revocation, "MERGE_SECONDS", 0.2)
    revocations.revoke_soon(["object:001"])
    assert stored_keys == ["object:001"]
    for number in range(10):
        revocations.revoke_soon(["object:002", f"object:01{number}"])
    assert stored_keys == ["object:001"]
    wait_for(lambda: len(stored_keys) == 12)
    assert stored_keys.count("object:002") == 1


@pytest.mark.usefixtures("_unmerged")
def test_process_exit_flushes_merged_revocations(stored_keys: list[str]):
    revocations.revoke_soon(["object:001"])
    revocations.revoke_soon(["object:002"])
    revocations.flush()
    assert stored_keys == ["object:001", "object:002"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_unmerged")
@pytest.mark.parametrize("kind", [Book, Classic, Paperback])
def test_object_saved_through_any_class_is_rechecked(stored_keys: list[str], kind: type[Book]):
    needed: list[bool] = []
    check_access_on_change(Book, lambda: bool(needed))
    Paperback.objects.create(title="One")
    book = kind.objects.get()
    book.save()
    assert stored_keys == [], "no access depends on it"
    needed.append(True)
    try:
        book.save()
        assert stored_keys == list(object_subjects(book))
    finally:
        needed.clear()


class Open(ModelDashboard):
    value = Stat(live=True)

    class Meta:
        app_label = "site"
        model = Book


class Own(Open):
    @classmethod
    def get_queryset(cls, request: HttpRequest) -> Any:
        return Book.objects.filter(in_print=True)


def test_depends_on_object_only_with_object_permission_or_queryset():
    assert not Open.depends_on_object()
    assert Own.depends_on_object()
    assert GroupBoard.depends_on_object()


@pytest.mark.django_db(transaction=True)
def test_onchange_detects_saves_through_proxy_parent_and_child(stored_keys: list[str]):
    # Regression: an OnChange value was not updated by a save through a proxy or a child.
    class Counting(Dashboard):
        books = Stat(value=lambda: 1, live=OnChange(Book))

        class Meta:
            app_label = "site"

    Counting.connect_model_signals()
    topics: list[str] = []
    store = get_store()
    store.put = lambda channel, frames: topics.append(channel)  # type: ignore[method-assign,assignment,return-value]
    Paperback.objects.create(title="One")
    assert topics
    topics.clear()
    Classic.objects.get().save()
    assert topics
    topics.clear()
    Book.objects.get().save()
    assert len(topics) == 1
