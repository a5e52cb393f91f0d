"""Channels, pushed values and computed values: for everybody, or for one user."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.embedding import render_dashboard
from dashboards.exceptions import AudienceError
from dashboards.live import Every, apush, push
from dashboards.live.compute.groups import group_by_interval
from dashboards.live.compute.leases import acquire_lease
from dashboards.live.stores import get_store
from dashboards.permissions import AllowAny
from tests.site.dashboards import GroupBoard, Live, Mine
from tests.unit.dashboard.support import signed_in
from tests.unit.live.publish.support import MEMORY
from tests.unit.views.support import put


@pytest.mark.django_db
def test_value_for_one_user_is_hidden_from_others(users: list[User]):
    ada, bob = map(signed_in, users)
    push(Mine(user=users[0]), "note", "only for ada")
    assert "only for ada" in ada.get("/site/mine/").content.decode()
    assert "only for ada" in ada.get("/site/mine/@stream/").content.decode()
    for path in ("/site/mine/", "/site/mine/@stream/", "/site/mine/@component/note/"):
        assert "only for ada" not in bob.get(path).content.decode()


@pytest.mark.django_db
def test_position_of_another_user_gives_nothing(users: list[User]):
    """A stream that another user resumes has no value of the first user."""
    ada, bob = map(signed_in, users)
    push(Mine(user=users[0]), "note", "only for ada")
    position = re.findall(r"id: (\S+)", ada.get("/site/mine/@stream/").content.decode())[0]
    answer = bob.get("/site/mine/@stream/", headers={"Last-Event-ID": position})
    assert "only for" not in answer.content.decode()


@pytest.mark.django_db
def test_value_is_computed_for_each_user(users: list[User]):
    for user in users:
        page = signed_in(user).get("/site/mine/").content.decode()
        assert f"computed for {user}" in page


@pytest.mark.django_db
def test_dashboard_for_one_user_requires_login(client: Client):
    assert client.get("/site/mine/").status_code == 302
    assert client.get("/site/mine/@stream/").status_code == 403
    assert client.get("/site/mine/@component/note/").status_code == 403


@pytest.mark.django_db
def test_push_without_user_or_object_is_refused():
    with pytest.raises(AudienceError, match=r"Mine is for one user: .* push\(Mine\(user=…\), …\)"):
        push(Mine, "note", "for whom?")
    with pytest.raises(AudienceError, match=r"GroupBoard is about one object: .*object=…"):
        push(GroupBoard, "note", "about what?")
    with pytest.raises(AudienceError, match=r"GroupBoard is of one object, .* has no primary key"):
        push(GroupBoard(object=Group()), "note", "not saved")


@pytest.mark.django_db
def test_page_of_an_object_without_a_primary_key_is_not_live(rf: RequestFactory):
    """A preview, and the page of an object from a factory's ``build()``, failed on a push's words.

    Nothing is read from a channel, and nothing is stored: values are computed for this page.
    """
    deleted = Group.objects.create(name="gone")
    deleted.delete()
    for group in (Group(name="new"), deleted):
        board = GroupBoard(rf.get("/"), object=group)

        html = render_dashboard(board)

        assert f"group {group.name}" in html
        assert "sse-connect" not in html
        assert (board.is_live, board.position, board.get_computed_values()) == (False, None, [])
        assert board.get_stream_url() == "/site/groupboard/None/@stream/"
        assert f"group {group.name}" in (board.load_content("about") or "")


@pytest.mark.django_db
def test_restricted_value_of_an_unsaved_object_is_shown(rf: RequestFactory):
    class Preview(GroupBoard):
        secret = Stat(value=5, live=True, permission_classes=[AllowAny])

        class Meta:
            app_label = "site"

    board = Preview(rf.get("/"), object=Group(name="new"))

    assert ">5<" in (board.render_content("secret") or "")


async def test_apush_accepts_an_instance(settings: Settings):
    settings.DASHBOARDS = MEMORY
    await apush(Live(), "note", "all alike")


class Initial(Dashboard):
    """Live components with a declared value."""

    plain = Stat(value="declared", live=True)
    computed = Stat(value=lambda: "true now", live=True)

    class Meta:
        app_label = "site"


@pytest.mark.django_db
def test_plain_value_is_replaced_by_a_push_and_a_callable_is_kept():
    assert "declared" in str(Initial().render_content("plain"))
    put(Initial, plain="pushed", computed="pushed")
    assert "pushed" in str(Initial().render_content("plain"))
    assert "true now" in str(Initial().render_content("computed"))


class Shared(Dashboard):
    """Computed values."""

    number = Stat(value=lambda: "computed at once", live=Every(seconds=60))
    broken = Stat(value=lambda: 1 / 0, live=Every(seconds=60))

    class Meta:
        app_label = "site"


@pytest.mark.django_db
def test_value_is_computed_while_another_request_has_the_lease(
    caplog: pytest.LogCaptureFixture,
):
    [turn] = group_by_interval(Shared().get_computed_values())
    assert acquire_lease(get_store(), Shared().channel, turn)
    dashboard = Shared()
    dashboard.compute_due(deferred=False)
    assert "computed at once" in str(dashboard.render_content("number"))
    assert dashboard.render_content("broken") is None
    assert "ZeroDivisionError" in caplog.text
