"""System checks: every misconfiguration is told by id, and told how to mend it."""

import importlib.util
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.checks import CheckMessage, Error, Warning, run_checks  # noqa: A004
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from dashboards import conf
from dashboards.component import BasicTable, Chart, Map, Stat, Table
from dashboards.component.chart.bundles import BUNDLES, PLOTLY, read_version
from dashboards.dashboard import Dashboard
from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import MenuRegistry
from dashboards.registry import Registry

DATABASE = "dashboards.live.stores.database.DatabaseStore"
MEMORY = "dashboards.live.stores.memory.MemoryStore"


def found() -> list[CheckMessage]:
    """Return what all checks of all apps find in the project as it is now."""
    return list(run_checks())


def stores(**entry: Any) -> dict[str, Any]:
    return {"STORES": {"default": entry}}


def test_a_healthy_project_has_nothing_to_mend():
    assert found() == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"HEARTBEAT_SECONDS": 1, "STREAM_MAX_AGE_SECONDS": 1.5, "POLL_MILLISECONDS": 100},
        {"HEARTBEAT_SECONDS": 15, "STREAM_MAX_AGE_SECONDS": 86_400, "POLL_MILLISECONDS": 60_000},
        {"PERMISSION_CLASSES": []},
        stores(BACKEND=MEMORY),
        stores(BACKEND=DATABASE, OPTIONS={"using": "default", "poll_seconds": 1}),
    ],
    ids=lambda given: ", ".join(given) + repr(given)[-20:],
)
def test_settings_within_bounds_have_nothing_to_mend(settings: Settings, given: dict[str, Any]):
    settings.DASHBOARDS = given

    assert found() == []


def test_a_project_without_the_setting_has_nothing_to_mend(settings: Settings):
    del settings.DASHBOARDS

    assert found() == []


def test_e001_django_htmx_is_missing(settings: Settings):
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != "django_htmx"]
    assert not apps.is_installed("django_htmx")

    assert found() == [
        Error(
            "django_htmx is not in INSTALLED_APPS, so pages cannot load htmx.",
            hint='Add "django_htmx" to INSTALLED_APPS.',
            id="dashboards.E001",
        )
    ]


@pytest.mark.parametrize("wrong", [None, [], "default", 7, ("STORES", {})], ids=repr)
def test_e002_the_setting_is_no_dict(settings: Settings, wrong: Any):
    settings.DASHBOARDS = wrong

    assert found() == [
        Error(
            f"The setting DASHBOARDS must be a dict, got {wrong!r}.",
            hint=f"Its keys may be {', '.join(conf.DEFAULTS)}.",
            id="dashboards.E002",
        )
    ]


def test_e002_a_setting_is_unknown(settings: Settings):
    settings.DASHBOARDS = {"STORE": {}, "HEARTBEAT": 5}

    hint = f"Allowed are {', '.join(conf.DEFAULTS)}."
    assert found() == [
        Error("DASHBOARDS has no setting 'HEARTBEAT'.", hint=hint, id="dashboards.E002"),
        Error("DASHBOARDS has no setting 'STORE'.", hint=hint, id="dashboards.E002"),
    ]


@pytest.mark.parametrize(
    ("name", "bounds", "wrong"),
    [
        ("HEARTBEAT_SECONDS", "1 to 15", 0.5),
        ("HEARTBEAT_SECONDS", "1 to 15", 16),
        ("HEARTBEAT_SECONDS", "1 to 15", "15"),
        ("HEARTBEAT_SECONDS", "1 to 15", None),
        ("HEARTBEAT_SECONDS", "1 to 15", float("nan")),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", 0),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", float("inf")),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", -5),
        ("POLL_MILLISECONDS", "100 to 60000", 99),
        ("POLL_MILLISECONDS", "100 to 60000", 60_001),
        ("POLL_MILLISECONDS", "100 to 60000", [1000]),
    ],
)
def test_e002_a_number_is_out_of_bounds(settings: Settings, name: str, bounds: str, wrong: Any):
    settings.DASHBOARDS = {name: wrong}

    assert found() == [
        Error(
            f"DASHBOARDS[{name!r}] must be a number from {bounds}, got {wrong!r}.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[name]}.",
            id="dashboards.E002",
        )
    ]


@pytest.mark.parametrize("wrong", ["HTTP_X_FORWARDED_FOR", "X Forwarded For", "http-x-real-ip"])
def test_e038_the_header_of_client_addresses_is_no_header(settings: Settings, wrong: str):
    settings.DASHBOARDS = {"CLIENT_ADDRESS_HEADER": wrong}

    assert found() == [
        Error(
            f"DASHBOARDS['CLIENT_ADDRESS_HEADER'] is {wrong!r}, which is no header's name.",
            hint='Write it as in a request: "X-Forwarded-For", not "HTTP_X_FORWARDED_FOR".',
            id="dashboards.E038",
        )
    ]


def test_the_header_of_client_addresses_may_be_any_header(settings: Settings):
    settings.DASHBOARDS = {"CLIENT_ADDRESS_HEADER": "X-Real-IP"}

    assert found() == []


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
def test_e003_the_store_cannot_be_made(settings: Settings, wrong: Any, words: str):
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
def test_e003_the_store_is_not_described_as_one(settings: Settings, wrong: Any, entry: Any):
    settings.DASHBOARDS = {"STORES": wrong}

    assert found() == [
        Error(
            "DASHBOARDS['STORES']['default'] must be a dict with a dotted path under 'BACKEND', "
            f"got {entry!r}.",
            hint=f"The default is {conf.DEFAULTS['STORES']!r}.",
            id="dashboards.E003",
        )
    ]


def test_e004_the_database_store_does_not_know_an_option(settings: Settings):
    settings.DASHBOARDS = stores(BACKEND=DATABASE, OPTIONS={"use": "default", "alias": "default"})

    assert found() == [
        Error(
            "Unknown OPTIONS of DatabaseStore: alias, use.",
            hint="Allowed are poll_seconds, using.",
            id="dashboards.E004",
        )
    ]


def test_e005_the_database_store_uses_a_database_that_is_not_there(settings: Settings):
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
def test_w006_sqlite_is_not_set_to_write_ahead_logging(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
):
    monkeypatch.setitem(database_settings(), "OPTIONS", options)

    assert found() == [
        Warning(
            "The SQLite database 'default' is not set to write-ahead logging: "
            "readers of live state and writers of your site block each other.",
            hint=(
                'Add to DATABASES["default"]: "OPTIONS": {"init_command": '
                '"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"}.'
            ),
            id="dashboards.W006",
        )
    ]


def test_w006_its_hint_is_a_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(
        database_settings(),
        "OPTIONS",
        {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
    )

    assert found() == []


def test_w041_memory_of_one_process_is_said_where_a_site_is_deployed(settings: Settings):
    """MemoryStore under several workers lost pushes and logouts, and nothing said so."""
    settings.DASHBOARDS = stores(BACKEND=MEMORY)

    assert found() == []
    [warning] = [
        each
        for each in run_checks(include_deployment_checks=True, tags=["dashboards"])
        if each.id == "dashboards.W041"
    ]
    assert warning.msg == (
        "Live state is kept by MemoryStore, in the memory of one process: pages miss what another "
        "one (a worker, a task, a management command) pushes, and a logout there."
    )
    assert "DatabaseStore, the default, or RedisStore" in (warning.hint or "")
    settings.DASHBOARDS = {}
    assert run_checks(include_deployment_checks=True, tags=["dashboards"]) == []


def test_the_memory_store_asks_nothing_of_the_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.DASHBOARDS = stores(BACKEND=MEMORY)
    monkeypatch.setitem(database_settings(), "OPTIONS", {})

    assert found() == []


def database_settings() -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415 - a connection is made at its first use

    return connection.settings_dict


def test_w007_no_address_leads_to_a_registered_dashboard(settings: Settings):
    settings.ROOT_URLCONF = "tests.no_urls"

    assert found() == [
        Warning(
            "Live is registered, but no address leads to it.",
            hint='Add path("dashboards/", include("dashboards.urls")) to your URLs.',
            id="dashboards.W007",
        )
    ]


def test_w007_is_not_told_where_nothing_is_registered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.ROOT_URLCONF = "tests.no_urls"
    monkeypatch.setattr("dashboards.checks.dashboards.registry", Registry())

    assert found() == []


@pytest.fixture
def _no_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None if name == "plotly" else importlib.util.find_spec(name)

    monkeypatch.setattr("dashboards.checks.components.find_spec", find_spec)


class Charted(Dashboard):
    first = Chart()
    second = Chart(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


@pytest.mark.usefixtures("_no_plotly")
def test_e008_a_chart_is_declared_but_plotly_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    registry = Registry()
    registry.register(Charted)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)

    assert [message for message in found() if message.id == "dashboards.E008"] == [
        Error(
            f"Charted.{key} is a Chart, but plotly is not installed.",
            hint='pip install "django-live-dashboards[plotly]"',
            id="dashboards.E008",
        )
        for key in ("first", "second")
    ]


@pytest.mark.usefixtures("_no_plotly")
def test_e008_is_not_told_where_nothing_is_charted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.checks.components.registry", Registry())

    assert found() == []


class Tabled(Dashboard):
    first = Table()
    second = BasicTable(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


def test_e012_a_table_is_declared_but_tables2_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    registry = Registry()
    registry.register(Tabled)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)
    assert [message for message in found() if message.id == "dashboards.E012"] == []

    def find_spec(name: str) -> Any:
        return None if name == "django_tables2" else importlib.util.find_spec(name)

    monkeypatch.setattr("dashboards.checks.components.find_spec", find_spec)

    assert [message for message in found() if message.id == "dashboards.E012"] == [
        Error(
            f"Tabled.{key} is a {kind}, but django-tables2 is not installed.",
            hint='pip install "django-live-dashboards[tables]"',
            id="dashboards.E012",
        )
        for key, kind in (("first", "Table"), ("second", "BasicTable"))
    ]


def test_w014_a_map_is_declared_but_there_are_no_shapes(monkeypatch: pytest.MonkeyPatch):
    class Mapped(Dashboard):
        first = Map()
        second = Chart()

        class Meta:
            app_label = "site"

    registry = Registry()
    registry.register(Mapped)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)
    assert [message for message in found() if message.id == "dashboards.W014"] == []
    monkeypatch.setattr("dashboards.world.find_geojson", lambda: None)
    # Made once a process, and kept: with this it would be none from here on.
    monkeypatch.setattr("dashboards.world.build_directory", lambda: None)

    [message] = [message for message in found() if message.id == "dashboards.W014"]
    assert message.msg == (
        "Mapped.first is a Map, but there are no shapes of countries: it shows only what its "
        "figures bring."
    )
    assert message.hint is not None
    assert message.hint.startswith('pip install "django-live-dashboards[maps]", or put a TopoJSON')
    assert message.hint.endswith("as dashboards/geo/world.json.")


def test_an_error_stops_manage_py(settings: Settings):
    settings.DASHBOARDS = {"HEARTBEAT": 5}

    with pytest.raises(SystemCheckError, match=r"\(dashboards\.E002\) DASHBOARDS has no setting"):
        call_command("check")


class NoPermission:
    pass


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["nowhere.Permission"], "No module named 'nowhere'"),
        (
            ["tests.unit.dashboard.test_checks.NoPermission"],
            "must hold subclasses of BasePermission or dotted",
        ),
        ([7], "must hold subclasses of BasePermission or dotted paths to them, got 7"),
        (
            "tests.unit.dashboard.test_checks.NoPermission",
            "must be a list or tuple of permission classes, got 't",
        ),
        (
            (each for each in [NoPermission]),
            "must be a list or tuple of permission classes, got <generator",
        ),
    ],
    ids=["unknown", "no permission", "number", "text", "generator"],
)
def test_e009_permission_classes_cannot_be_used(settings: Settings, classes: Any, reason: str):
    settings.DASHBOARDS = {"PERMISSION_CLASSES": classes}

    messages = found()

    assert {message.id for message in messages} == {"dashboards.E009"}
    assert all(reason in message.msg for message in messages)
    assert "Staff" not in "".join(message.msg for message in messages), "it names its own"


GRIP: dict[str, Any] = {"control_uri": "http://localhost:5561", "key": "changeme"}


@pytest.fixture
def behind_grip(settings: Settings) -> Settings:
    settings.MIDDLEWARE = ["django_grip.GripMiddleware", *settings.MIDDLEWARE]
    settings.GRIP_PROXIES = [GRIP]
    # Its import alone appends what GRIP_URL says to GRIP_PROXIES: not in the midst of a test.
    import_module("django_grip")
    return settings


def test_a_proxy_that_is_set_up_has_nothing_to_mend(behind_grip: Settings):
    assert found() == []


def test_a_proxy_by_its_address_alone_is_enough_to_try(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = []
    behind_grip.GRIP_URL = "http://localhost:5561"
    behind_grip.DEBUG = True
    assert found() == []


def test_w020_its_middleware_is_missing(behind_grip: Settings):
    behind_grip.MIDDLEWARE = behind_grip.MIDDLEWARE[1:]
    [message] = found()
    assert message.id == "dashboards.W020"
    assert message.hint == 'Put "django_grip.GripMiddleware" first into MIDDLEWARE.'


def test_e021_its_packages_are_missing(behind_grip: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.live.grip.proxies.INSTALLED", False)
    [message] = found()
    assert message.id == "dashboards.E021"
    assert message.hint == 'pip install "django-live-dashboards[grip]"'


def test_w022_its_requests_cannot_be_verified(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    [message] = found()
    assert message.id == "dashboards.W022"
    assert message.msg.startswith("The GRIP proxy http://localhost:5561 has no key")
    assert "GRIP_VERIFY_KEY" in str(message.hint)


def test_e023_django_grip_stumbles_over_its_keys(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    behind_grip.GRIP_VERIFY_KEY = "changeme"
    [message] = found()
    assert message.id == "dashboards.E023"
    assert "GRIP_URL = 'http://localhost:5561?key=…'" in str(message.hint)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({**GRIP, "control_zmq_uri": "tcp://localhost:5563"}, "published by HTTP, more slowly"),
        ({"key": "k", "control_zmq_uri": "tcp://localhost:5563"}, "published not at all"),
    ],
)
def test_w024_zmq_is_missing(
    behind_grip: Settings, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], text: str
):
    monkeypatch.setattr("dashboards.live.grip.proxies.ZMQ_INSTALLED", False)
    behind_grip.GRIP_PROXIES = [entry]
    [message] = found()
    assert message.id == "dashboards.W024"
    assert text in message.msg


def test_w025_the_proxy_is_named_twice(behind_grip: Settings):
    behind_grip.GRIP_URL = "http://localhost:5561?key=changeme"
    [message] = found()
    assert message.id == "dashboards.W025"


def test_w015_a_menu_of_an_app_that_there_is_not(monkeypatch: pytest.MonkeyPatch):
    own = MenuRegistry()
    monkeypatch.setattr("dashboards.checks.dashboards.menu_registry", own)

    @own.register
    class Shop(DashboardMenu):
        app_label = "shop"

    class Fine(DashboardMenu):
        app_label = "auth"

    own.register(Fine)
    [message] = found()
    assert message.id == "dashboards.W015"
    assert message.msg.endswith(
        "Shop.app_label is 'shop', and there is no such app: the menu is never shown."
    )
    assert message.hint is not None
    assert message.hint.startswith("Dashboards are registered for '")


@pytest.mark.parametrize("wrong", ["yes", 2, []], ids=repr)
def test_e002_raise_value_errors_is_none_of_its_values(settings: Settings, wrong: Any):
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": wrong}

    assert found() == [
        Error(
            f"DASHBOARDS['RAISE_VALUE_ERRORS'] must be True, False or None, got {wrong!r}.",
            hint="Leave it out for the default, None: errors are raised while tests run.",
            id="dashboards.E002",
        )
    ]


def test_e002_show_errors_to_staff_is_no_bool(settings: Settings):
    settings.DASHBOARDS = {"SHOW_ERRORS_TO_STAFF": "yes"}

    assert found() == [
        Error(
            "DASHBOARDS['SHOW_ERRORS_TO_STAFF'] must be a bool, got 'yes'.",
            hint="Leave it out for the default, False.",
            id="dashboards.E002",
        )
    ]


@pytest.mark.parametrize(("given", "is_warned"), [(True, True), (False, False), (None, False)])
def test_w050_values_that_raise_end_requests(
    settings: Settings, *, given: bool | None, is_warned: bool
):
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": given}

    warned = run_checks(tags=["dashboards"], include_deployment_checks=True)
    assert ("dashboards.W050" in [each.id for each in warned]) is is_warned
    assert "dashboards.W050" not in [each.id for each in found()]


def test_w018_a_bundle_of_plotly_has_another_version(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = read_version(PLOTLY)
    for name, version in (("basic", whole), ("geo", "1.0.0")):
        file = tmp_path / f"dashboards/plotly/plotly-{name}.min.js"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"/**\n* plotly.js ({name} - minified) v{version}\n*/")
    settings.STATICFILES_DIRS = [tmp_path]
    # Django keeps a finder for the life of the process.
    paths = (PLOTLY, *BUNDLES.values())
    files = {path: FileSystemFinder().find(path) or finders.find(path) for path in paths}
    monkeypatch.setattr("django.contrib.staticfiles.finders.find", files.get)
    [message] = [message for message in found() if message.id == "dashboards.W018"]

    assert "plotly-geo.min.js is plotly.js 1.0.0" in message.msg
    assert message.hint == f"npm install plotly.js-geo-dist-min@{whole}"
