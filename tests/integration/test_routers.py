"""Tables of live state in another database, chosen by DATABASE_ROUTERS."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Error, Warning  # noqa: A004
from django.db import connections
from pytest_django import Settings

from dashboards.live.stores.database import DatabaseStore
from tests.harness import ROOT

SETTINGS = """
from tests.settings import *

DATABASES = {{
    name: {{
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "{folder}/" + name + ".sqlite3",
        "OPTIONS": {{"init_command": "PRAGMA journal_mode=WAL"}},
    }}
    for name in ("default", "live")
}}
DATABASE_ROUTERS = ["routed_settings.Router"]


class Router:
    def db_for_read(self, model, **hints):
        return "live" if model._meta.app_label == "dashboards" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == "live") is (app_label == "dashboards")
"""

SERVE = """
import django
django.setup()
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client
from dashboards.live import push
from dashboards.models import Frame
from tests.site.dashboards import Live

call_command("migrate", verbosity=0)
print([each.msg for each in run_checks(databases=["default", "live"]) if "live" in each.msg])
call_command("migrate", database="live", verbosity=0)
print([each.msg for each in run_checks(databases=["default", "live"])])
push(Live, "note", "in the other database")
print(Client().get("/site/live/").content.decode().count("in the other database"))
print(Frame.objects.using("live").filter(key="note").count())
"""


def test_page_is_live_with_live_state_in_other_database(tmp_path: Path):
    # Regression: the store ignored the routers and wrote to the default database. Pages were a 500
    # for a missing table, and `check` reported nothing.
    (tmp_path / "routed_settings.py").write_text(SETTINGS.format(folder=tmp_path))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "routed_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }
    environment.pop("COVERAGE_PROCESS_START", None)
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    before, after, shown, stored = done.stdout.splitlines()
    assert "keeps live state in the database 'live', which has no table dashboards_" in before
    assert after == "[]"
    assert (shown, stored) == ("1", "1")


class Forbids:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if app_label == "dashboards" else None


def test_router_forbidding_store_tables_fails_check_e042(settings: Settings):
    settings.DATABASE_ROUTERS = [Forbids()]

    assert DatabaseStore({}).check() == [
        Error(
            "DatabaseStore keeps live state in the database 'default', but DATABASE_ROUTERS do not "
            "let its tables be made there.",
            hint=(
                'Let allow_migrate("default", "dashboards") of a router return True, or name the '
                "database that has the tables in OPTIONS['using']."
            ),
            id="dashboards.E042",
        )
    ]


@pytest.mark.django_db
def test_missing_table_warns_w043(monkeypatch: pytest.MonkeyPatch):
    store = DatabaseStore({})
    assert store.check_tables() == ()
    introspection = connections["default"].introspection
    names = [each for each in introspection.table_names() if each != "dashboards_lease"]
    monkeypatch.setattr(introspection, "table_names", lambda: names)

    assert store.check_tables() == [
        Warning(
            "DatabaseStore keeps live state in the database 'default', which has no table "
            "dashboards_lease.",
            hint="Run: manage.py migrate --database default",
            id="dashboards.W043",
        )
    ]


@pytest.mark.parametrize("wrong", [0, -1, "2", True], ids=repr)
def test_invalid_poll_seconds_fails_check_e011(wrong: Any):
    [message] = DatabaseStore({"poll_seconds": wrong}).check()

    assert message.id == "dashboards.E011"
    assert message.msg == (
        f"OPTIONS['poll_seconds'] of DatabaseStore must be a number above 0, got {wrong!r}."
    )
