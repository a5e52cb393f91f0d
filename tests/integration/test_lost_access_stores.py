"""Revocations stored on a database server or Redis end streams of other processes."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.harness import Site
from tests.integration.test_lost_access import (
    STAFF,
    WAYS,
    check_streams_about_a_saved_object,
    log_in,
)
from tests.postgres import postgresql
from tests.redis_server import redis_server

# The first test of each store starts its server and two processes.
pytestmark = pytest.mark.timeout(180)

FRESH = (
    "from django.contrib.auth.models import User\n"
    "from django.contrib.sessions.models import Session\n"
    "Session.objects.all().delete()\nUser.objects.all().delete()"
)


class Pair(NamedTuple):
    """Two server processes of one site."""

    holder: Site
    other: Site


@pytest.fixture(scope="module", params=["postgresql", "redis"])
def _pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with ExitStack() as stack:
        if request.param == "redis":
            backend = "dashboards.live.stores.redis.RedisStore"
            options = {"url": stack.enter_context(redis_server()).url}
            stores = {"default": {"BACKEND": backend, "OPTIONS": options}}
            environment = {"TEST_STORES": json.dumps(stores)}
        else:
            databases = {"default": stack.enter_context(postgresql()).database}
            environment = {"TEST_DATABASES": json.dumps(databases)}
        site = Site(tmp_path_factory.mktemp(request.param), **environment)
        pair = Pair(site, site.twin())
        for each in pair:
            stack.callback(each.stop)
            each.start()
        yield pair


@pytest.fixture
def pair(_pair: Pair) -> Pair:
    _pair.holder.execute(FRESH)
    return _pair


@pytest.mark.parametrize(
    ("way", "is_lost"),
    [
        ("/logout/", True),
        ("/staff/admin/0/", True),
        ("session row deleted", True),
        ("dashboard revoked", True),
        # A user with access reconnects.
        ("group joined", False),
    ],
)
def test_stream_ends_when_other_process_revokes_access(pair: Pair, way: str, is_lost: bool):
    """Processes learn of a revocation from SQLite by polling and from a server by a notification.
    Only SQLite was tested."""
    holder, other = pair
    cookie = log_in(other, "admin")
    with holder.open_stream(STAFF, Cookie=cookie) as stream, holder.open_stream() as anonymous:
        holder.push_to("Staff", secret=f"before {way}")
        stream.until(f"before {way}")

        if way in WAYS:
            other.execute(WAYS[way])
        else:
            other.get(way, Cookie=cookie)

        began = time.monotonic()
        assert stream.event() == {}
        # Without the revocation it ends at its age, 300 s. SECURITY.md has the bound.
        assert time.monotonic() - began < 10
        holder.push(number=f"for all, after {way}")
        anonymous.until(f"for all, after {way}")
    with holder.open_stream(STAFF, Cookie=cookie) as again:
        assert again.response.status == (403 if is_lost else 200)


def test_object_streams_end_when_other_process_saves_object(pair: Pair):
    check_streams_about_a_saved_object(pair.holder, changed_by=pair.other)
