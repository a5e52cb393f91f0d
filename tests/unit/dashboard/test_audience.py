"""Who shares a live value: everybody, one user, or all who look at one object."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import AudienceError, DeclarationError
from dashboards.live import apush, push
from dashboards.live.wire.channels import channel_name
from dashboards.registry import Registry
from tests.addresses import addresses
from tests.books.models import Author
from tests.harness import as_read
from tests.site.dashboards import GroupBoard, Live, Mine

pytestmark = pytest.mark.django_db(transaction=True)

WAYS = ("", "@stream/", "@component/note/", "@components/note/")


def test_channels_of_different_parts_are_never_alike():
    parts = [
        "1",
        "2",
        "1/2",
        "1@2",
        "a b",
        "ä",
        "%2F",
        "~",
        "a:b",
        "",
        "/",
        "@",
        "x" * 500,
        "x" * 501,
        "\udc80",
        "\udc81",
        "\0",
    ]
    names = [
        channel_name("shop.orders", object=a, user=u)
        for a in (None, *parts)
        for u in (None, *parts)
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.%/@!-]{1,120}", name) for name in names)
    assert channel_name("shop.orders") == "shop.orders"
    assert channel_name("shop.orders", object=7, user=3) == "shop.orders/7@3"


@pytest.fixture
def users() -> list[User]:
    return [User.objects.create_user(name) for name in ("ada", "bob")]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_value_for_one_user_reaches_nobody_else(users: list[User]):
    ada, bob = map(signed_in, users)
    push(Mine(user=users[0]), "note", "only for ada")
    assert "only for ada" in ada.get("/site/mine/").content.decode()
    assert "only for ada" in ada.get("/site/mine/@stream/").content.decode()
    for path in ("/site/mine/", "/site/mine/@stream/", "/site/mine/@component/note/"):
        assert "only for ada" not in bob.get(path).content.decode()


def test_a_position_of_another_user_opens_nothing(users: list[User]):
    """A resume by another identity gets nothing of the former one."""
    ada, bob = map(signed_in, users)
    push(Mine(user=users[0]), "note", "only for ada")
    position = re.findall(r"id: (\S+)", ada.get("/site/mine/@stream/").content.decode())[0]
    answer = bob.get("/site/mine/@stream/", headers={"Last-Event-ID": position})
    assert "ada" not in answer.content.decode()


def test_a_computed_value_is_computed_for_each_user(users: list[User]):
    for user in users:
        page = signed_in(user).get("/site/mine/").content.decode()
        assert f"computed for {user}" in page


def test_nobody_opens_it_without_signing_in(client: Client):
    assert client.get("/site/mine/").status_code == 302
    assert client.get("/site/mine/@stream/").status_code == 403
    assert client.get("/site/mine/@component/note/").status_code == 403


def test_a_push_to_nobody_in_particular_says_what_is_missing():
    with pytest.raises(AudienceError, match=r"Mine is for one user: .* push\(Mine\(user=…\), …\)"):
        push(Mine, "note", "for whom?")
    with pytest.raises(AudienceError, match=r"GroupBoard is about one object: .*object=…"):
        push(GroupBoard, "note", "about what?")


def test_an_unknown_audience_is_refused():
    with pytest.raises(DeclarationError, match=r"Meta\.audience must be 'everybody' or 'user'"):

        class Wrong(Dashboard):
            class Meta:
                audience = "family"


def test_a_model_dashboard_is_about_its_object(client: Client):
    one, two = Group.objects.create(name="one"), Group.objects.create(name="two")
    push(GroupBoard(object=one), "note", "only about one")
    url = reverse("dashboards:site_groupboard_detail", kwargs={"pk": one.pk})
    assert url == GroupBoard(object=one).get_absolute_url() == f"/site/groupboard/{one.pk}/"
    page = client.get(url).content.decode()
    assert "only about one" in page
    assert "group one" in page
    assert "<title>one</title>" in page
    assert f"/site/groupboard/{one.pk}/@component/later/" in page
    assert "group one" in client.get(f"{url}@component/later/").content.decode()
    assert "only about one" in client.get(f"{url}@stream/").content.decode()
    other = client.get(f"/site/groupboard/{two.pk}/").content.decode()
    assert "group two" in other
    assert "only about one" not in other


@pytest.mark.parametrize("name", ["0", "-1", "letters", "9" * 40, "%00", "1.5", "🎉"])
def test_missing_object_and_forbidden_object_have_one_answer_on_all_ways(
    client: Client, users: list[User], name: str
):
    # 403 of an object that there is, and 404 of one that there is not, told those who may see
    # neither which objects there are.
    secret = Group.objects.create(name="secret")
    member = signed_in(users[0])
    for url in (f"/site/groupboard/{name}/", f"/site/groupboard/{secret.pk}/"):
        assert [client.get(url + path).status_code for path in WAYS] == [302, 403, 403, 403]
        assert [member.get(url + path).status_code for path in WAYS] == [404, 403, 403, 403]
        assert member.get(url).content == member.get("/site/groupboard/0/").content


@pytest.mark.parametrize("name", ["0", "letters", "%00"])
def test_missing_object_is_404_where_all_objects_are_open(client: Client, name: str):
    assert [client.get(f"/site/byname/{name}/{path}").status_code for path in WAYS] == [404] * 4


class ByName(ModelDashboard):
    """Found by a field that two may share, and that hides one."""

    note = Stat(value=lambda **kwargs: f"about {kwargs['object'].pk}", live=True)

    class Meta:
        app_label = "site"
        model = Author
        lookup_field = "name"
        lookup_kwarg = "slug"

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Author]:
        return Author.objects.exclude(name="hidden")


urlpatterns = addresses(ByName)


def test_a_model_dashboard_can_be_looked_up_by_any_field():
    author = Author(name="ops")
    assert ByName.get_route() == "site/byname/<dashboards_object:slug>/"
    assert ByName(object=author).get_url_kwargs() == {"slug": "ops"}


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("path", WAYS)
def test_what_is_looked_up_is_one_and_not_hidden(client: Client, path: str):
    for name in ("one & <only>", "twice", "twice", "hidden"):
        author = Author.objects.create(name=name)
        push(ByName(object=author), "note", f"pushed to {author.pk}")
    one = Author.objects.get(name="one & <only>")

    found = client.get(ByName(object=one).get_absolute_url() + path)
    assert found.status_code == 200
    # A callable is what a page shows first.
    said = "pushed to" if path == "@stream/" else "about"
    assert f"{said} {one.pk}" in as_read(found.content.decode())
    for name in ("missing", "twice", "hidden", "%00", "x" * 5000, "%FF", str(one.pk), "ONE"):
        assert client.get(f"/site/byname/{name}/{path}").status_code == 404, name


def test_a_model_dashboard_without_a_model_cannot_be_registered():
    class Bare(ModelDashboard):
        class Meta:
            app_label = "site"

    with pytest.raises(DeclarationError, match=r"Bare.Meta.model must be a model class"):
        Registry().register(Bare)


def test_a_key_is_bounded():
    with pytest.raises(DeclarationError, match="the key may have 100 characters at most"):
        type("Long", (Dashboard,), {"x" * 101: Stat(live=True)})


async def test_apush_takes_an_instance_too():
    await apush(Live(), "note", "all alike")
