"""Streams end with the access of whoever holds them, in each way in which that can end.

Streams were open for up to 300 s after access had ended: only a logout, and a user who was saved or
deleted through the user model itself, were heard.
"""

import time
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
from dashboards.live import OnChange, arevoke, revoke
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
from dashboards.sessions import get_seconds_left
from tests.books.models import Book, Classic, Employee, Member, Paperback
from tests.harness import Site, Stream, wait_for
from tests.site.dashboards import GroupBoard, Mine, Staff

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


@pytest.mark.parametrize("way", WAYS)
def test_stream_of_one_who_lost_access_ends(site: Site, way: str):
    cookie = log_in(site, "admin")
    with site.open_stream(STAFF, Cookie=cookie) as stream, site.open_stream() as anonymous:
        site.push_to("Staff", secret="before")
        stream.until("before")
        site.execute(WAYS[way])
        began = time.monotonic()
        assert stream.event() == {}
        # Promised by SECURITY.md.
        assert time.monotonic() - began < 2
        site.push(number="for all")
        anonymous.until("for all")


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


def test_marker_of_a_guarded_component_is_sent_to_those_who_may_see_it(site: Site):
    """A component with permissions sends a marker by which pages load its value anew. It went to
    everybody's stream, so that anybody could tell when what they may not see had changed."""
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


def test_stream_of_one_who_lost_access_to_a_component_ends(site: Site):
    """Whoever may open the dashboard was left on a stream that still carried the markers of a
    component which they might no longer see. Their page comes back and is told no more of it."""
    cookie = log_in(site, "admin")
    with site.open_stream(MIXED) as anonymous, site.open_stream(MIXED, Cookie=cookie) as stream:
        site.push_to("Mixed", open="before")
        stream.until("before")
        site.execute(
            "from django.contrib.auth.models import User\n"
            "from dashboards.live import revoke\n"
            "from tests.site.dashboards import Mixed\n"
            "User.objects.update(is_staff=False)\nrevoke(dashboard=Mixed)"
        )
        while stream.event():
            pass
        site.push_to("Mixed", secret="classified", open="after")
        anonymous.until("after")
    with site.open_stream(MIXED, Cookie=cookie) as stream:
        site.push_to("Mixed", secret="classified", open="at last")
        assert names_until(stream, "at last") == {"open"}


@pytest.mark.parametrize("way", ["/login/member/", "/logout/"])
def test_stream_ends_when_its_session_becomes_somebody_elses(site: Site, way: str):
    # A login as somebody else flushed the session, and nobody told the streams that it had opened.
    cookie = log_in(site, "admin")
    with site.open_stream(STAFF, Cookie=cookie) as stream:
        site.push_to("Staff", secret="before")
        stream.until("before")
        site.get(way, Cookie=cookie)
        assert stream.event() == {}


def test_stream_ends_with_its_session(site: Site):
    # A session that expired was noticed when the stream was of age, minutes later.
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


def test_revoke_of_somebody_else_or_of_another_dashboard_ends_nothing(site: Site):
    cookie = log_in(site, "admin")
    with site.open_stream(STAFF, Cookie=cookie) as stream:
        site.execute(
            "from dashboards.live import revoke\n"
            "from tests.site.dashboards import Live, Quiet\n"
            "from django.contrib.auth.models import User\n"
            "revoke(user=4711)\nrevoke(dashboard=Quiet)\n"
            "revoke(user=User.objects.get(), dashboard=Live)"
        )
        site.push_to("Staff", secret="still there")
        stream.until("still there")


def check_streams_about_a_saved_object(site: Site, *, changed_by: Site) -> None:
    """Have an object saved that is not for all any more, and see which streams about objects end.

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


def test_object_that_was_saved_ends_streams_about_it_and_those_let_in_come_back(site: Site):
    # Whoever could see an object went on to, for minutes after it had become another's.
    check_streams_about_a_saved_object(site, changed_by=site)


# ---- What a revocation concerns ----


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(get_store(), "put", lambda channel, frames: told.extend(frames))
    return told


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
def test_revocation_concerns_streams_about_all_that_it_names(key: str, concerned: bool):
    hold = Subscription("shop.orders", None, identity=ONE, content_subjects=(SHOP,))
    assert Revoked({key}).concerns(hold.subjects) is concerned


def test_revocation_of_everybody_leaves_streams_of_nobody_alone():
    assert not Revoked({ALL_USERS}).concerns(
        Subscription("shop.orders", None, content_subjects=(SHOP,)).subjects
    )


def test_session_subject_does_not_hold_the_key():
    assert session_subject("secret-key") != session_subject("another")
    assert "secret" not in session_subject("secret-key")
    assert len(session_subject("secret-key")) == len("session:0000")


@pytest.mark.django_db(transaction=True)
def test_object_has_one_subject_through_proxy_parent_and_child():
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
def test_revoke_names_any_combination(told: list[str], named: Any, keys: set[str]):
    with transaction.atomic():
        pass
    revocations.revoke_all(revocation._get_keys(*(named.get(each) for each in NAMES)))
    assert set(told) == keys


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
def test_revoke_of_nothing_is_refused(named: Any, error: type[Exception], message: str):
    with pytest.raises(error) as raised:
        revoke(**named)
    assert str(raised.value) == message


@pytest.mark.django_db(transaction=True)
def test_revoke_takes_effect_on_commit_and_not_on_rollback(told: list[str]):
    with transaction.atomic():
        revoke(user=1)
        assert told == []
    assert told == ["user:1"]
    with transaction.atomic():
        revoke(user=2)
        transaction.set_rollback(True)
    assert told == ["user:1"]


@pytest.mark.django_db(transaction=True)
async def test_arevoke_is_revoke(told: list[str]):
    await arevoke(user=1)
    assert told == ["user:1"]


# ---- What signals tell ----


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [Member, Employee, User])
def test_user_saved_or_deleted_through_any_class_is_heard(told: list[str], kind: type[User]):
    # Django sends signals for the class of the instance only, and the user model was listened to.
    Employee.objects.create(username="one")
    user = kind.objects.get()
    told.clear()
    user.save()
    assert told == [f"user:{user.pk}"]
    told.clear()
    pk = user.pk
    user.delete()
    assert f"user:{pk}" in told


@pytest.mark.django_db(transaction=True)
def test_clearing_expired_sessions_tells_nothing(client: Client, told: list[str]):
    client.session.save()
    Session.objects.update(expire_date="2001-01-01T00:00Z")
    type(client.session).clear_expired()
    assert not Session.objects.exists()
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_login_in_place_of_another_session_is_heard_without_rows(
    told: list[str], rf: RequestFactory
):
    request = rf.get("/")
    request.COOKIES["sessionid"] = "before"
    request.session = CacheSession("after")
    _logged_in(request)
    assert told == [session_subject("before")]


@pytest.mark.django_db
def test_session_without_rows_does_not_say_when_it_expires(rf: RequestFactory):
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
def test_changes_of_objects_are_told_at_once_and_then_together(
    told: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(revocation, "MERGE_SECONDS", 0.2)
    revocations.revoke_soon(["object:001"])
    assert told == ["object:001"]
    for number in range(10):
        revocations.revoke_soon(["object:002", f"object:01{number}"])
    assert told == ["object:001"]
    wait_for(lambda: len(told) == 12)
    assert told.count("object:002") == 1


@pytest.mark.usefixtures("_unmerged")
def test_process_that_ends_tells_what_it_has_put_together(told: list[str]):
    revocations.revoke_soon(["object:001"])
    revocations.revoke_soon(["object:002"])
    revocations.flush()
    assert told == ["object:001", "object:002"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_unmerged")
@pytest.mark.parametrize("kind", [Book, Classic, Paperback])
def test_object_saved_through_any_class_is_heard(told: list[str], kind: type[Book]):
    needed: list[bool] = []
    check_access_on_change(Book, lambda: bool(needed))
    Paperback.objects.create(title="One")
    book = kind.objects.get()
    book.save()
    assert told == [], "nobody's access depends on it"
    needed.append(True)
    try:
        book.save()
        assert told == list(object_subjects(book))
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


def test_access_depends_on_the_object_only_where_something_asks_about_it():
    assert not Open.depends_on_object()
    assert Own.depends_on_object()
    assert GroupBoard.depends_on_object()


@pytest.mark.django_db(transaction=True)
def test_onchange_hears_a_model_through_proxy_parent_and_child(told: list[str]):
    # An OnChange value stayed as it was when a row was saved through a proxy or a child.
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
