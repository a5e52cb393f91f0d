"""The release of a process: equal for equal files, on every host."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from dashboards import releases
from dashboards.releases import get_release_id
from tests.browser.test_browser_releases import write_release
from tests.harness import ROOT

# Prints the release, and again after each change of one file.
CHANGES = """
import json, sys
from pathlib import Path
import django
django.setup()
from django.contrib.staticfiles.storage import staticfiles_storage
from dashboards import releases

def name():
    releases._compute_hash.cache_clear()
    return releases.get_release_id()

names = {"as it is": name(), "again": name()}
for file in ("dashboards.py", "templates/shop/board.html", "static/shop/bars.js"):
    path = Path(sys.argv[1]) / "shop" / file
    path.write_text(path.read_text() + "\\n")
    names[file] = name()
staticfiles_storage.manifest_hash = "a1b2c3"
names["manifest"] = name()
releases.version = lambda name: "99.0"
names["plotly"] = name()
print(json.dumps(names))
"""


def name_releases(folder: Path, **environment: str) -> dict[str, str]:
    write_release(folder, "orders", "First")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_APPS": "shop",
        "PYTHONPATH": f"{ROOT}:{folder}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **environment,
    }
    environment.pop("COVERAGE_PROCESS_START", None)
    command = [sys.executable, "-c", CHANGES, str(folder)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    names: dict[str, str] = json.loads(done.stdout)
    return names


def test_release_equal_on_every_host_and_new_after_change(tmp_path: Path):
    # With different names for one release, pages would reload without need;
    # with an unchanged name after a deploy, no page would reload.
    hosts = [tmp_path / "one", tmp_path / "a longer name"]
    one = name_releases(hosts[0], PYTHONHASHSEED="1", TZ="Asia/Tokyo")
    other = name_releases(hosts[1], PYTHONHASHSEED="2")

    assert one == other
    assert one.pop("again") == one["as it is"]
    assert len(set(one.values())) == len(one), one


def opening(client: Client, query: str = "") -> str:
    return client.get(f"/site/live/@stream/{query}").content.decode().partition("event:")[0]


@pytest.mark.django_db
def test_page_and_poll_contain_release(client: Client):
    # Without held streams each poll is a first request.
    name = get_release_id()

    assert re.fullmatch("[0-9a-f]{12}", name)
    assert f"\nrelease: {name}\n" in opening(client, "?hold=0")
    assert f'data-dashboards-site-release="{name}"' in client.get("/site/live/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["v1.2\n<x>", "3f2a"])
def test_release_setting_is_hashed(client: Client, settings: Settings, given: str):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "RELEASE": given}
    name = get_release_id()

    assert re.fullmatch("[0-9a-f]{12}", name)
    assert f"\nrelease: {name}\n" in opening(client)


@pytest.mark.django_db
def test_empty_release_is_omitted(client: Client, settings: Settings):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "RELEASE": ""}

    assert "release" not in opening(client)
    assert 'data-dashboards-site-release=""' in client.get("/site/live/").content.decode()


@pytest.mark.parametrize("script", ["/shop.js", "//cdn.example/shop.js", "../shop.js"])
def test_release_leaves_out_scripts_that_are_no_static_files(
    monkeypatch: pytest.MonkeyPatch, script: str
):
    # Each page was answered 400: the finders refuse such paths.
    monkeypatch.setattr(releases, "_get_scripts", lambda: [script])
    assert list(releases._get_parts())


def test_release_of_a_template_folder_has_names_of_any_bytes(tmp_path: Path):
    # A file whose name is no UTF-8 failed each page.
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.html")).write_text("It.")
    assert list(releases._read_folder(tmp_path)) == [b"\xff.html", b"It."]


def test_project_without_static_files_or_template_files_has_a_release(settings: Settings):
    settings.STATIC_URL = None
    settings.STORAGES = {}
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {})]},
        }
    ]
    releases._compute_hash.cache_clear()
    try:
        assert re.fullmatch("[0-9a-f]{12}", get_release_id())
    finally:
        releases._compute_hash.cache_clear()
