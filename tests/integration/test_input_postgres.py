"""Bad input where a failed query ends the transaction around it: PostgreSQL."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.conftest import MakeSite
from tests.fuzz import fuzz
from tests.postgres import PostgreSQLServer


@pytest.fixture
def server() -> Iterator[PostgreSQLServer]:
    server = PostgreSQLServer()
    yield server
    server.stop()


def test_bad_input_in_postgresql_transaction_gives_no_500(
    make_site: MakeSite, server: PostgreSQLServer
):
    """A NUL or a number beyond a column's range makes a query fail, after which PostgreSQL accepts
    no other in the transaction. With ATOMIC_REQUESTS each is still a form error or a 404."""
    database = {**server.database, "ATOMIC_REQUESTS": True}
    site = make_site(TEST_DATABASES=json.dumps({"default": database}))
    for name in ("many", "one", "whole", "text", "json", "ident"):
        for value in ("99999999999999999999", "a\0b", "\0"):
            query = urlencode({name: value, f"own-{name}": value})
            for path in ("", "@component/own/", "@component/later/", "@stream/?hold=0&"):
                mark = "&" if "?" in path else "?"
                assert site.get(f"/site/anyhow/{path}{mark}{query}")[0] == 200, (path, query)
    for name in ("99999999999999999999", "%00", "a%00b"):
        assert site.get(f"/site/groupboard/{name}/")[0] == 302, "to those who may see none"
        assert site.get(f"/books/authordesk/{name}/")[0] == 404

    bad = fuzz(site.port, seed=3, count=200)

    assert [(each.status, each.seconds, each.sent[:2000]) for each in bad] == []
