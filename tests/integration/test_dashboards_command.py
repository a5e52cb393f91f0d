"""``manage.py dashboards``: it lists what is registered, and who has it open in any process."""

import json
import sqlite3
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dashboards.live.reports import REPORTS
from tests.harness import Site, wait_for
from tests.integration.test_servers import log_in


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("dashboards", *arguments, stdout=out)
    return out.getvalue()


def describe(site: Site, *names: str) -> list[dict[str, Any]]:
    """Return what the command prints about dashboards in another process than the server's."""
    with site.python("django", "dashboards", *names, "--json", stdout=-1) as command:
        printed, _ = command.communicate(timeout=30)
    described: list[dict[str, Any]] = json.loads(printed)
    return described


def has_report(site: Site, subject: str) -> bool:
    with closing(sqlite3.connect(site.folder / "db.sqlite3")) as database:
        rows = database.execute("SELECT data FROM dashboards_frame WHERE channel_id = ?", [REPORTS])
        return any(subject in data for (data,) in rows)


@pytest.mark.django_db
def test_dashboard_is_described_with_address_permissions_and_live_values():
    lines = [line.split() for line in run("site_mixed").splitlines()]
    assert lines[0] == ["site_mixed"]
    assert ["address", "/site/mixed/"] in lines
    assert ["open", "pages", "0"] in lines
    assert ["-", "secret", "Stat", "pushed", "only", "IsAdminUser"] in lines


@pytest.mark.django_db
def test_computed_values_and_objects_are_described_as_they_are_declared():
    text = run("site_changing", "site_groupboard")
    assert "OnChange(auth.User)" in text
    assert "/site/groupboard/<pk>/" in text


@pytest.mark.django_db
def test_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(CommandError, match=r"called site_nothing; there are .*live"):
        run("site_nothing")


def test_open_pages_of_a_server_are_counted_with_their_users(site: Site):
    cookie = log_in(site, "admin")
    with (
        site.open_stream("/site/staff/@stream/", Cookie=cookie) as stream,
        site.open_stream() as anonymous,
    ):
        assert (stream.response.status, anonymous.response.status) == (200, 200)
        wait_for(lambda: has_report(site, "site.staff"), seconds=30)
        staff, live = describe(site, "site_staff", "site_live")
    assert (staff["streams"], len(staff["users"])) == (1, 1)
    assert (live["streams"], live["users"]) == (1, [])
