"""The URLs of a dashboard: an object of any name has one."""

import re

import pytest
from django.test import Client

from dashboards.component import Text
from dashboards.dashboard import ModelDashboard
from tests.addresses import addresses
from tests.books.models import Author

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class ByName(ModelDashboard):
    """Objects are looked up by any text."""

    note = Text(value=lambda object: f"about {object.pk}", live=True)  # noqa: A006

    class Meta:
        """The lookup is by name."""

        app_label = "site"
        model = Author
        lookup_field = "name"


urlpatterns = addresses(ByName)


NAMES = [
    "a/b",
    "/",
    ".",
    "..",
    "a%2Fb",
    "%",
    "%25",
    "50%",
    "a/../b",
    "ü?#&;=+ x",
    "@stream",
    "\\",
    "a\nb",
]


@pytest.mark.parametrize("name", NAMES)
def test_object_of_any_name_has_an_address(client: Client, name: str):
    """A primary key with a slash had no address: the page that linked to it was a 500."""
    others = [Author.objects.create(name=each) for each in NAMES if each != name]
    author = Author.objects.create(name=name)
    board = ByName(object=author)

    for address in (board.get_absolute_url(), board.get_component_url("note")):
        # A browser would resolve such segments before it sends the request.
        assert not re.search(r"/\.{1,2}/", address)
        # Without what a page has around its dashboard.
        response = client.get(address, headers={"HX-Request": "true"})
        assert response.status_code == 200
        assert f"about {author.pk}" in response.content.decode()
    assert len({ByName(object=each).get_absolute_url() for each in others}) == len(others)


def test_object_without_a_name_has_no_address():
    with pytest.raises(Exception, match="Reverse for 'site_byname_detail' with keyword arguments"):
        ByName(object=Author(name="")).get_absolute_url()
