"""The parameters of a request that the URLs on its page repeat."""

import re

import pytest
from django.test import Client

from tests.unit.component.table.support import make_books

pytestmark = pytest.mark.django_db


def test_query_of_50_kb_leaves_the_page_small(client: Client):
    """Each link of a table repeated a query of 50 KB: the page had 3.6 MB.

    Addresses keep what the page knows, and nothing of a query that is too long.
    """
    make_books(60)
    usual = len(client.get("/books/shelf/").content)

    for query in ("x=" + "y" * 50_000, "books-search=" + "y" * 50_000, "books-x=" + "y" * 3_000):
        page = client.get(f"/books/shelf/?{query}")

        assert page.status_code == 200
        assert len(page.content) < 2 * usual


def test_links_keep_known_parameters_only(client: Client):
    make_books(60)
    query = "books-sort=title&books-x=1&later-page=2&utm_source=mail&year=2024"

    page = client.get("/site/filtered/?now-page=1&utm_source=mail&year=2024").content.decode()
    assert "utm_source" not in page
    page = client.get(f"/books/shelf/?{query}").content.decode()

    assert "books-x" not in page
    assert re.search(r'href="\?later-page=2&amp;[^"]*books-sort=-title', page)
