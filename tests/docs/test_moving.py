"""docs/upgrading/moving-from-django-dashboards.md: its code runs, and its tables name all names."""

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboards import compat, conf
from dashboards.checks.dashboards import check_permissions
from dashboards.checks.settings import check_settings
from dashboards.dashboard import Dashboard
from dashboards.live.stores.database import DatabaseStore
from dashboards.registry import Registry
from tests.harness import ROOT

PAGE = (ROOT / "docs" / "upgrading" / "moving-from-django-dashboards.md").read_text()
SETTINGS, *PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[HTML] = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def site(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path, db: None
) -> dict[str, Any]:
    """The project of the page, served; its names."""
    registry = Registry()
    monkeypatch.setattr("dashboards.registry.registry", registry)
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "shop"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "tabs.html").write_text(HTML)
    (folder / "wages.html").write_text("{% load dashboards %}{% render_dashboard dashboard %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    module = ModuleType("shop.dashboards")
    for block in PYTHON:
        if block.startswith("from django.urls import include"):
            monkeypatch.delitem(sys.modules, "dashboards.urls", raising=False)
            import_module("dashboards.urls")
        exec(block, vars(module))
    monkeypatch.setitem(sys.modules, "shop.dashboards", module)
    settings.ROOT_URLCONF = "shop.dashboards"
    return vars(module)


SHOP, SLOW, WAGES = (f"/dashboards/shop/{each}dashboard/" for each in ("shop", "slow", "wages"))


@pytest.fixture
def staff(client: Client, site: dict[str, Any]) -> Client:
    client.force_login(User.objects.create_superuser("ann"))
    return client


def read_settings() -> dict[str, Any]:
    """Return the names of the block of settings, which is added to those of a project."""
    names: dict[str, Any] = {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}
    exec(SETTINGS, names)
    return names


def test_settings_of_the_page_have_no_error(settings: Settings):
    settings.DASHBOARDS = read_settings()["DASHBOARDS"]

    assert check_settings() == []
    assert set(re.findall(r"# (DASHBOARDS_\w+)", SETTINGS)) == set(compat.SETTINGS) - {
        "DASHBOARDS_INCLUDE_DASHBOARD_VIEWS"
    }


def test_database_of_the_page_has_no_warning(monkeypatch: pytest.MonkeyPatch):
    """Regression: check ended with W006 after the recipe was followed on SQLite."""
    used = connections[DEFAULT_DB_ALIAS].settings_dict
    for name, value in read_settings()["DATABASES"]["default"].items():
        monkeypatch.setitem(used, name, value)

    assert list(DatabaseStore({}).check()) == []


def test_commands_of_the_page_run(site: dict[str, Any], settings: Settings):
    install, commands = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    settings.DASHBOARDS = read_settings()["DASHBOARDS"]

    for line in commands.splitlines():
        python, manage, command = line.split()
        assert (python, manage) == ("python", "manage.py")
        call_command(command, verbosity=0)
    # pip itself has no network here: the distribution and its extras exist.
    [(name, extras)] = re.findall(r'pip install "([\w-]+)\[([\w,]+)\]"', install)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert name == project["name"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert f"pip uninstall -y django-dashboards {name}" in install


def test_declarations_run_as_they_were_written(staff: Client):
    page = staff.get(SHOP).content.decode()

    assert "<em>Welcome</em>" in page
    assert "Hello ann" in page
    assert "12%" in page
    assert "30 km/h" in page
    assert f">{ContentType.objects.count()}<" in page
    assert "CONTENTTYPE" in page
    assert "news from:body" in page
    assert "<p>Below are our results:</p>" in page


def test_titles_in_plain_text_are_drawn(staff: Client):
    animals, chart = (
        staff.get(f"{SHOP}@component/{key}/").content.decode() for key in ("animals", "chart")
    )

    for title in ("Animals", "Kind", "Number"):
        assert f'"title":{{"text":"{title}"}}' in animals
    for title in ("App", "Model"):
        assert f'"title":{{"text":"{title}"}}' in chart
    assert 'aria-label="Kinds by app"' in chart, "the heading of the box, not above the plot again"


def test_form_filters_what_depends_on_it(staff: Client):
    page = staff.get(f"{SHOP}?kind_form-app=auth").content.decode()

    assert "PERMISSION" in page
    assert "CONTENTTYPE" not in page


def test_model_dashboard_shows_its_object(staff: Client):
    kind = ContentType.objects.get(model="user")

    assert "user" in staff.get(f"/dashboards/shop/kinddashboard/{kind.pk}/").content.decode()


def test_component_of_init_is_shown_to_those_it_is_added_for(client: Client, staff: Client):
    page = "/dashboards/shop/staffdashboard/"
    assert b"Only for staff" in staff.get(page).content

    staff.force_login(User.objects.create_user("member"))
    assert b"Only for staff" not in staff.get(page).content


def test_permission_classes_answer_as_the_page_says(client: Client, site: dict[str, Any]):
    def ask(path: str) -> tuple[int, str]:
        response = client.get(path)
        assert b"1200" not in response.content
        return response.status_code, response.get("Location", "")

    view = site["wages"]
    assert ask(WAGES) == (302, f"/members/login/?next={WAGES}")
    assert ask(f"{WAGES}@stream/")[0] == 403
    client.force_login(User.objects.create_user("member"))
    assert ask(WAGES) == (302, "/ask-for/wagesdashboard/")
    assert ask(f"{WAGES}@stream/")[0] == 403

    request = RequestFactory().get("/wages/")
    request.user = User.objects.create_user("other")
    assert view(request)["Location"] == "/ask-for/wagesdashboard/"
    request.user = User.objects.create_superuser("ann")
    assert "1,200" in view(request).content.decode()
    assert check_permissions() == []


def test_component_loads_from_the_view_that_its_function_names(
    client: Client, site: dict[str, Any]
):
    address = "/slow/shop/slowdashboard/slow/"

    for page in (SLOW, "/start/"):
        shown = client.get(page).content.decode()
        assert f'hx-get="{address}"' in shown
        assert 'hx-trigger="intersect once"' in shown
    assert client.get(address).content == b"Simple response for slow"


def test_script_gets_a_dashboard_without_a_page(client: Client, site: dict[str, Any]):
    html = site["tabs"](RequestFactory().get("/tabs/")).content.decode()
    assert f'<button hx-get="{SLOW}" hx-target="#shown">Slow</button>' in html
    assert f'<button hx-get="{SHOP}"' in html

    part = client.get(SLOW, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<section")
    assert "<html" not in part


# The tables.

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]


def names_in(text: str) -> set[str]:
    return {
        name
        for code in re.findall(r"`([^`]+)`", text)
        for name in re.findall(r"[\w/]+\.html|\w+", code)
    }


def test_tables_name_each_name_that_is_refused():
    refused = set().union(*(names_in(row[0]) for row in ROWS if row[1:2] == ["refused"]))
    names = [
        *compat.COMPONENT_NAMES,
        *compat.META_NAMES,
        *compat.SERIALIZER_NAMES,
        *compat.DASHBOARD_NAMES,
        *compat.SETTINGS,
        *(part for module in compat.MODULES for part in module.split(".")),
        *(name for module, each in compat.MODULE_NAMES.items() if module for name in each),
    ]

    assert sorted(set(names) - refused) == []


def test_tables_say_one_of_four_words_of_each_name():
    words = {row[1] for row in ROWS if len(row) == 3}

    assert words == {"same", "adopted", "refused", "gone", ""}


def test_table_of_templates_is_that_of_the_check():
    shown = {
        old: "" if row[1] == "–" else row[1].strip("`")  # noqa: RUF001 - as the page writes it
        for row in ROWS
        if len(row) == 2 and row[0].startswith("`") and row[0].strip("`").endswith(".html")
        for old in re.findall(r"`([\w/]+\.html)`", row[0])
    }

    assert shown == dict(compat.TEMPLATES)
    ours = ROOT / "src" / "dashboards" / "templates" / "dashboards"
    assert [new for new in shown.values() if new and not (ours / new).exists()] == []


def test_settings_that_the_tables_name_exist():
    named = set(re.findall(r'`DASHBOARDS\["(\w+)"\]`', PAGE))

    assert len(named) == 4
    assert named <= set(conf.DEFAULTS)
