"""System checks of the store and its database."""

from typing import Any

import pytest
from django.core.checks import Error, Warning  # noqa: A004
from pytest_django import Settings

from dashboards import conf
from tests.unit.checks.support import DATABASE, MEMORY, found, found_for_deployment, stores


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"default": {"BACKEND": "nowhere.Store"}},
            (
                "DASHBOARDS['STORES']['default']['BACKEND'] cannot be imported: "
                "No module named 'nowhere'."
            ),
        ),
        (
            {"default": {"BACKEND": "Store"}},
            (
                "DASHBOARDS['STORES']['default']['BACKEND'] cannot be imported: "
                "Store doesn't look like a module path."
            ),
        ),
        (
            {"default": {"BACKEND": "dashboards.live.stores.database.Nothing"}},
            (
                "DASHBOARDS['STORES']['default']['BACKEND'] cannot be imported: "
                'Module "dashboards.live.stores.database" does not define a "Nothing" '
                "attribute/class."
            ),
        ),
        (
            {"default": {"BACKEND": "dashboards.dashboard.Dashboard"}},
            (
                "DASHBOARDS['STORES']['default']['BACKEND'] must name a subclass of BaseStore, "
                "got <class 'dashboards.dashboard.base.Dashboard'>."
            ),
        ),
    ],
    ids=lambda given: repr(given)[:60] if isinstance(given, dict) else "",
)
def test_e003_backend_without_a_store(settings: Settings, wrong: Any, words: str):
    settings.DASHBOARDS = {"STORES": wrong}

    [message] = found()

    assert message.id == "dashboards.E003"
    assert message.msg == words
    assert message.hint == f"The default is {conf.DEFAULTS['STORES']!r}."


@pytest.mark.parametrize(
    ("wrong", "entry"),
    [
        ({}, None),
        ("default", None),
        (None, None),
        (["default"], None),
        ({"default": None}, None),
        ({"default": DATABASE}, DATABASE),
        ({"default": {}}, {}),
        ({"default": {"BACKEND": None}}, {"BACKEND": None}),
    ],
    ids=repr,
)
def test_e003_store_entry_of_another_type(settings: Settings, wrong: Any, entry: Any):
    settings.DASHBOARDS = {"STORES": wrong}

    assert found() == [
        Error(
            "DASHBOARDS['STORES']['default'] must be a dict with a dotted path under 'BACKEND', "
            f"got {entry!r}.",
            hint=f"The default is {conf.DEFAULTS['STORES']!r}.",
            id="dashboards.E003",
        )
    ]


def test_e004_unknown_options_of_the_database_store(settings: Settings):
    settings.DASHBOARDS = stores(BACKEND=DATABASE, OPTIONS={"use": "default", "alias": "default"})

    assert found() == [
        Error(
            "Unknown OPTIONS of DatabaseStore: alias, use.",
            hint="Allowed are poll_seconds, using.",
            id="dashboards.E004",
        )
    ]


def test_e005_unknown_database(settings: Settings):
    settings.DASHBOARDS = stores(BACKEND=DATABASE, OPTIONS={"using": "live"})

    assert found() == [
        Error(
            "DatabaseStore uses the database 'live', which DATABASES lacks.",
            hint="Set OPTIONS['using'] to one of default.",
            id="dashboards.E005",
        )
    ]


@pytest.mark.parametrize(
    "options",
    [{}, {"timeout": 20}, {"init_command": "PRAGMA synchronous=NORMAL"}, {"init_command": None}],
    ids=repr,
)
def test_w006_sqlite_without_write_ahead_logging(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
):
    monkeypatch.setitem(database_settings(), "OPTIONS", options)

    assert found() == [
        Warning(
            "The SQLite database 'default' is not set to write-ahead logging: "
            "readers of live state and writers of your site block each other.",
            hint=(
                'Add to DATABASES["default"]: '
                '"OPTIONS": {"init_command": "PRAGMA journal_mode=WAL"}.'
            ),
            id="dashboards.W006",
        )
    ]


def test_w006_absent_after_its_hint_is_followed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(database_settings(), "OPTIONS", {"init_command": "PRAGMA journal_mode=WAL"})

    assert found() == []


def test_w041_memory_store_on_a_deployed_site(settings: Settings):
    """MemoryStore under several workers lost pushes and logouts without a message."""
    settings.DASHBOARDS = stores(BACKEND=MEMORY)

    assert found() == []
    [warning] = [each for each in found_for_deployment() if each.id == "dashboards.W041"]
    assert warning.msg == (
        "Live state is kept by MemoryStore, in the memory of one process: pages miss what another "
        "one (a worker, a task, a management command) pushes, and a logout there."
    )
    assert "DatabaseStore, the default, or RedisStore" in (warning.hint or "")


@pytest.mark.parametrize(
    ("backend", "identifier"), [(MEMORY, "dashboards.W055"), (DATABASE, "dashboards.E056")]
)
def test_w055_and_e056_database_without_autocommit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, backend: str, identifier: str
):
    settings.DASHBOARDS = stores(BACKEND=backend)
    monkeypatch.setitem(database_settings(), "AUTOCOMMIT", False)

    [message] = found()
    assert message.id == identifier
    assert message.msg.startswith("DATABASES['default']['AUTOCOMMIT'] is False")


def test_database_store_on_a_deployed_site_gives_no_message(settings: Settings):
    settings.DASHBOARDS = {}

    assert found_for_deployment() == []


def test_memory_store_needs_no_options_of_the_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.DASHBOARDS = stores(BACKEND=MEMORY)
    monkeypatch.setitem(database_settings(), "OPTIONS", {})

    assert found() == []


def database_settings() -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415 - a connection is made at its first use

    return connection.settings_dict


def test_w044_redis_that_does_not_answer(settings: Settings):
    """A deploy with a wrong address was noticed with the first page that was opened."""
    pytest.importorskip("redis")
    options = {"url": "redis://:secret@127.0.0.1:1/0"}
    settings.DASHBOARDS = stores(BACKEND="dashboards.live.stores.redis.RedisStore", OPTIONS=options)

    [message] = found_for_deployment()

    assert message.id == "dashboards.W044"
    assert message.msg.startswith("RedisStore cannot reach Redis: ConnectionError: Error 111 ")
    assert "secret" not in message.msg
    assert found() == []
