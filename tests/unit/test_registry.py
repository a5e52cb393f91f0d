"""The registry: valid and invalid classes, and the discovery of apps."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.test import modify_settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError, RegistrationError
from dashboards.menus.registry import MenuRegistry
from dashboards.registry import Registry
from dashboards.registry import registry as of_the_site
from tests.site import dashboards as site_dashboards


class Sales(Dashboard):
    total = Stat()

    class Meta:
        app_label = "site"


def test_register_works_as_a_decorator():
    registry = Registry()

    @registry.register
    class Decorated(Dashboard):
        class Meta:
            app_label = "site"

    assert isinstance(Decorated, type)
    assert list(registry) == [Decorated]


def test_registry_keeps_the_order():
    registry = Registry()
    names = ["Zebra", "Ant", "Mole"]
    for name in names:
        registry.register(type(name, (Sales,), {}))

    assert [each.__name__ for each in registry] == names
    assert len(registry) == 3


def test_new_registry_is_empty():
    registry = Registry()
    registry.register(Sales)

    assert len(Registry()) == 0
    assert list(Registry()) == []
    assert Sales not in of_the_site


def test_registering_twice_is_refused():
    registry = Registry()
    registry.register(Sales)

    with pytest.raises(RegistrationError) as raised:
        registry.register(Sales)

    own = "tests.unit.test_registry.Sales"
    assert str(raised.value) == (f"{own} cannot be registered as site_sales: {own} is already.")
    assert list(registry) == [Sales]


@pytest.mark.parametrize("name", ["Sales", "SALES", "sales"])
def test_two_classes_with_the_same_url_are_refused(name: str):
    registry = Registry()
    registry.register(Sales)
    other = type(name, (Sales,), {"__module__": "elsewhere"})

    with pytest.raises(RegistrationError) as raised:
        registry.register(other)

    assert str(raised.value) == (
        f"elsewhere.{name} cannot be registered as site_sales: "
        "tests.unit.test_registry.Sales is already."
    )


def test_same_name_in_another_app_is_accepted():
    class Meta:
        app_label = "auth"

    registry = Registry()
    registry.register(Sales)
    registry.register(type("Sales", (Sales,), {"Meta": Meta}))

    assert [each.get_url_name() for each in registry] == ["site_sales", "auth_sales"]


@pytest.mark.parametrize(
    "wrong",
    [None, "Sales", object, Stat, Stat(), Sales(), lambda: Sales],
    ids=["None", "name", "object", "Stat", "instance of Stat", "instance", "function"],
)
def test_object_of_another_type_is_refused_by_name(wrong: object):
    with pytest.raises(RegistrationError) as raised:
        Registry().register(wrong)  # type: ignore[type-var]

    assert str(raised.value) == (
        f"registry.register() takes a subclass of Dashboard, got {wrong!r}."
    )


def test_app_label_is_that_of_the_module():
    assert site_dashboards.Live.get_app_label() == "site"
    assert site_dashboards.Live.get_url_name() == "site_live"


def test_app_label_of_meta_comes_first():
    assert Sales.get_app_label() == "site"


def test_dashboard_outside_every_app_is_refused():
    homeless = type("Homeless", (Dashboard,), {"__module__": "somewhere.else_"})

    with pytest.raises(DeclarationError) as raised:
        Registry().register(homeless)

    assert str(raised.value) == (
        "somewhere.else_.Homeless is in no app of INSTALLED_APPS: give its Meta an app_label."
    )


APP = """
from dashboards.dashboard import Dashboard
from dashboards.registry import registry


@registry.register
class Found(Dashboard):
    pass
"""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """An empty registry for this test, which discovery fills."""
    registry = Registry()
    monkeypatch.setattr("dashboards.registry.registry", registry)
    return registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for apps of a test."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [each for each in sys.modules if each.partition(".")[0].endswith("_app")]:
        del sys.modules[name]


def write_app(folder: Path, name: str, dashboards: str | None) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    if dashboards is not None:
        (folder / name / "dashboards.py").write_text(dashboards)


def test_dashboards_of_an_app_are_discovered(registry: Registry, folder: Path):
    write_app(folder, "shop_app", APP)

    with modify_settings(INSTALLED_APPS={"append": "shop_app"}):
        assert [each.get_url_name() for each in registry] == ["shop_app_found"]


def test_dashboards_of_every_app_are_discovered(registry: Registry, folder: Path):
    write_app(folder, "first_app", APP)
    write_app(folder, "without_app", None)
    write_app(folder, "second_app", APP)
    write_app(folder, "last_app", None)

    # Before and after this package itself.
    with modify_settings(
        INSTALLED_APPS={
            "prepend": ["first_app"],
            "append": ["without_app", "second_app", "last_app"],
        }
    ):
        assert [each.get_url_name() for each in registry] == ["first_app_found", "second_app_found"]


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("1 / 0", ZeroDivisionError, "division by zero"),
        ("import a_module_that_is_not_there", ImportError, "a_module_that_is_not_there"),
        (APP + "registry.register(Found)", RegistrationError, "cannot be registered"),
    ],
)
def test_error_in_a_discovered_module_is_raised(
    registry: Registry, folder: Path, source: str, error: type[Exception], words: str
):
    write_app(folder, "good_app", APP)
    write_app(folder, "broken_app", source)

    with pytest.raises(error, match=words):
        modify_settings(INSTALLED_APPS={"append": ["good_app", "broken_app"]}).enable()

    # The dashboards of apps before the broken one stay registered.
    assert [each.__module__ for each in registry] == ["good_app.dashboards"]


def test_error_after_the_first_registration_is_raised(registry: Registry, folder: Path):
    # The registry was false while it was empty, and Django asks whether it is true before and
    # after it imports a module. An error after the first registration of all ended in
    # UnboundLocalError: before_import_registry, and the real one was hidden.
    write_app(folder, "only_app", APP + "1 / 0")

    with pytest.raises(ZeroDivisionError):
        modify_settings(INSTALLED_APPS={"append": ["only_app"]}).enable()

    assert list(registry) == []


def test_empty_registries_are_true():
    assert Registry()
    assert MenuRegistry()


def test_classes_with_a_length_are_containers_or_always_true():
    # An object with a length is false while it is empty, so `if registry:` would skip it.
    modules = [
        module for name, module in sorted(sys.modules.items()) if name.startswith("dashboards.")
    ]
    found = {
        value.__qualname__
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and "__len__" in vars(value)
        and "__bool__" not in vars(value)
    }

    # A mapping and the rows of a page: they are false while empty, like a dict and a list.
    assert found <= {"Components", "_Records"}


def test_dashboards_of_the_test_site_are_registered():
    pytest.importorskip("django_filters")
    pytest.importorskip("django_tables2")
    assert apps.is_installed("tests.site")
    assert site_dashboards.Live in of_the_site
    assert {each.get_app_label() for each in of_the_site} == {"site", "books"}
