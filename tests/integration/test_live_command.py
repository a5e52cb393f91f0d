"""``manage.py live``: values are computed without an open stream."""

import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import MakeSite
from tests.harness import Site, wait_for


def stored(site: Site, key: str) -> str:
    """Read the store directly: a request would compute the values that are due."""
    with closing(sqlite3.connect(site.folder / "db.sqlite3")) as database:
        rows = database.execute("SELECT data FROM dashboards_frame WHERE key = ?", [key])
        return "".join(data for (data,) in rows)


def test_live_command_computes_without_streams_and_stops(make_site: MakeSite):
    site = make_site("gunicorn")
    live = site.python("django", "live", "site_changing", "site_live", stdout=subprocess.PIPE)
    try:
        assert live.stdout
        assert live.stdout.readline() == b"Computing site_changing, site_live\n"

        wait_for(lambda: f"{live.pid}/" in stored(site, "turns"))
        create = "from django.contrib.auth.models import User; User.objects.create(username='new')"
        site.execute(create)
        wait_for(lambda: "1 users" in stored(site, "users"))
    finally:
        live.send_signal(signal.SIGTERM)
        assert live.wait(20) == 0
        live.communicate()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["site_nothing"], "No dashboard is called site_nothing; there are site_live"),
        (["site_quiet"], "site_quiet has no values that are computed for all viewers"),
        (["site_mine"], "site_mine has no values that are computed for all viewers"),
    ],
)
def test_live_command_logs_values_that_it_cannot_compute(names: list[str], message: str):
    with pytest.raises(CommandError, match=message):
        call_command("live", *names)
