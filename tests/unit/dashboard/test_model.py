"""Dashboards about one object of a model: addresses, missing objects, and hidden ones."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from dashboards.component import Stat
from dashboards.dashboard import ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import push
from dashboards.registry import Registry
from tests.addresses import addresses
from tests.books.models import Author
from tests.harness import as_read
from tests.site.dashboards import GroupBoard
from tests.unit.dashboard.support import signed_in

WAYS = ("", "@stream/", "@component/note/", "@components/note/")


@pytest.mark.django_db
def test_model_dashboard_shows_its_object(client: Client):
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


@pytest.mark.django_db
def test_missing_and_forbidden_objects_have_the_same_answer(client: Client, users: list[User]):
    # Status 403 for an existing object and 404 for a missing one told users without permission
    # which objects exist.
    secret = Group.objects.create(name="secret")
    member = signed_in(users[0])
    pages = set()
    for name in (str(secret.pk), "0", "-1", "letters", "9" * 40, "%00", "1.5", "🎉"):
        url = f"/site/groupboard/{name}/"
        assert [client.get(url + path).status_code for path in WAYS] == [302, 403, 403, 403], name
        page, *others = [member.get(url + path) for path in WAYS]
        assert page.status_code == 404, name
        assert [each.status_code for each in others] == [403, 403, 403], name
        pages.add(page.content)
    assert len(pages) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["0", "letters", "%00"])
def test_missing_object_of_an_open_dashboard_is_404(client: Client, name: str):
    assert [client.get(f"/site/byname/{name}/{path}").status_code for path in WAYS] == [404] * 4


class ByName(ModelDashboard):
    """Objects are looked up by a field that is not unique, and one object is hidden."""

    note = Stat(value=lambda **kwargs: f"about {kwargs['object'].pk}", live=True)

    class Meta:
        app_label = "site"
        model = Author
        lookup_field = "name"
        lookup_kwarg = "slug"

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Author]:
        return Author.objects.exclude(name="hidden")


class Named(ByName):
    class Meta:
        name = "Books <of>"


class Titled(Named):
    @property
    def name(self) -> str:
        return f"No. {self.object.pk}"


urlpatterns = addresses(ByName, Named)


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_title_of_a_page_is_the_name_and_the_object(client: Client):
    """Regression: the pages of all objects had the title ``Meta.name``."""
    author = Author.objects.create(name="<Ann>")

    html = client.get(Named(object=author).get_absolute_url()).content.decode()

    title = "Books &lt;of&gt;: &lt;Ann&gt;"
    assert f"<title>{title}</title>" in html
    assert f'<h1 class="dashboards-title">{title}</h1>' in html


def test_entries_of_objects_have_their_texts_or_own_names():
    author = Author(pk=7, name="Ann")

    assert (ByName(object=author).name, ByName(object=author).entry_title) == ("Ann", "Ann")
    assert (Named(object=author).name, Named(object=author).entry_title) == (
        "Books <of>: Ann",
        "Ann",
    )
    # A class that overrides the name decides about both.
    assert (Titled(object=author).name, Titled(object=author).entry_title) == ("No. 7", "No. 7")
    assert (Named().name, Named().entry_title) == ("Books <of>", "Books <of>")


@pytest.mark.django_db
def test_lookup_field_and_kwarg_make_the_url():
    author = Author(name="ops")
    assert ByName.get_route() == "site/byname/<dashboards_object:slug>/"
    assert ByName(object=author).get_url_kwargs() == {"slug": "ops"}


@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("path", WAYS)
def test_lookup_finds_one_visible_object(client: Client, path: str):
    for name in ("one & <only>", "twice", "twice", "hidden"):
        author = Author.objects.create(name=name)
        push(ByName(object=author), "note", f"pushed to {author.pk}")
    one = Author.objects.get(name="one & <only>")

    found = client.get(ByName(object=one).get_absolute_url() + path)
    assert found.status_code == 200
    # Page and component show the value of the callable.
    words = "pushed to" if path == "@stream/" else "about"
    assert f"{words} {one.pk}" in as_read(found.content.decode())
    for name in ("missing", "twice", "hidden", "%00", "x" * 5000, "%FF", str(one.pk), "ONE"):
        assert client.get(f"/site/byname/{name}/{path}").status_code == 404, name


@pytest.mark.django_db
def test_model_dashboard_without_a_model_is_refused():
    class Bare(ModelDashboard):
        class Meta:
            app_label = "site"

    with pytest.raises(DeclarationError, match=r"Bare.Meta.model must be a model class"):
        Registry().register(Bare)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["99999999999999999999", "1" * 5000, "%00", "x", "%ED%A0%80"])
def test_unstorable_primary_key_is_not_found(client: Client, name: str):
    client.force_login(get_user_model().objects.create(username="admin", is_staff=True))

    for rest in ("", "@stream/", "@component/members/"):
        assert client.get(f"/site/groupboard/{name}/{rest}").status_code in (403, 404), rest
