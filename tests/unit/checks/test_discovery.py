"""System checks of dashboards without a URL, and of packages with the same name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import Error, Warning  # noqa: A004
from django.test import modify_settings
from pytest_django import Settings

from dashboards.checks import discovery
from dashboards.registry import Registry

DASHBOARDS = """
from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.registry import registry


class _Base(Dashboard):
    pass


class Common(Dashboard):
    pass


@registry.register
class Found(Common):
    pass


class Forgotten(Dashboard):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Path]:
    """The folder of a project, with a registry for this test."""
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry()
    monkeypatch.setattr("dashboards.registry.registry", registry)
    monkeypatch.setattr(discovery, "registry", registry)
    settings.BASE_DIR = tmp_path
    yield tmp_path
    for name in [each for each in sys.modules if each.partition(".")[0].endswith("_app")]:
        del sys.modules[name]


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(text)


def test_w081_dashboard_without_registration(folder: Path):
    # A class without @registry.register has no URL, and no message said so: its page was 404.
    write(folder, "shop_app/dashboards.py", DASHBOARDS)

    with modify_settings(INSTALLED_APPS={"append": "shop_app"}):
        messages = [
            each for each in discovery.check_registered() if each.msg.startswith("shop_app")
        ]

    assert messages == [
        Warning(
            "shop_app.dashboards.Forgotten is not registered, so it has no address.",
            hint=(
                "Put @registry.register above it (from dashboards.registry import registry), or an "
                "underscore before its name if it is only a base of others."
            ),
            id="dashboards.W081",
        )
    ]


def test_w082_dashboards_outside_installed_apps(folder: Path):
    # A new app's dashboards.py was never imported, because the app was not in INSTALLED_APPS.
    write(folder, "shop_app/dashboards.py", DASHBOARDS)
    write(folder, "new_app/dashboards.py", DASHBOARDS)
    write(folder, "other_app/dashboards.py", "print('no dashboards of ours')")

    with modify_settings(INSTALLED_APPS={"append": "shop_app"}):
        messages = discovery.check_apps_are_installed()

    path = folder / "new_app" / "dashboards.py"
    assert messages == [
        Warning(
            f"{path} declares dashboards, but its folder is no app of INSTALLED_APPS: it is never "
            "imported.",
            hint='Add "new_app" to INSTALLED_APPS, with the path that it has there.',
            id="dashboards.W082",
        )
    ]


def test_project_without_base_dir_gives_no_w082(settings: Settings):
    del settings.BASE_DIR

    assert discovery.check_apps_are_installed() == []


def test_e080_another_distribution_with_the_same_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Beside django-dashboards, pip overwrote 26 files of this package without a message.
    information = tmp_path / "django_dashboards-0.1.7.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: django-dashboards\n")
    (information / "RECORD").write_text("dashboards/__init__.py,sha256=x,0\n")
    assert discovery.check_distributions() == []

    monkeypatch.syspath_prepend(tmp_path)

    assert discovery.check_distributions() == [
        Error(
            "The installed distribution django-dashboards has a package `dashboards`, too: it and "
            "django-live-dashboards overwrite each other's files.",
            hint=(
                "pip uninstall django-dashboards django-live-dashboards, then pip install "
                "django-live-dashboards: which files stand there now depends on the order in which "
                "they were installed. With django-dashboards these are over twenty, urls.py and "
                "permissions.py among them."
            ),
            id="dashboards.E080",
        )
    ]
