"""docs/reference lists everything that there is: each list is compared with the code."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import pytest

import dashboards.component
from dashboards.component import CTA, Band, Component, Step
from dashboards.conf import DEFAULTS
from dashboards.dashboard.options import ModelOptions, Options
from dashboards.exceptions import ComponentValueError
from dashboards.live.metrics import END_REASONS, openmetrics
from dashboards.live.stores.database import DatabaseStore
from dashboards.live.stores.database import checks as database_checks
from dashboards.live.stores.redis.options import DEFAULTS as REDIS_OPTIONS
from tests.harness import ROOT

REFERENCE = ROOT / "docs" / "reference"
SOURCES = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
KINDS = [
    kind
    for kind in vars(dashboards.component).values()
    if isinstance(kind, type) and issubclass(kind, Component)
]
PUBLIC_MODULES = (
    *("dashboards.component", "dashboards.component.layout", "dashboards.component.stat"),
    *("dashboards.component.table", "dashboards.dashboard", "dashboards.exceptions"),
    *("dashboards.live", "dashboards.live.asgi", "dashboards.testing", "dashboards.views"),
)


def read_rows(page: str, section: str = "") -> dict[str, list[str]]:
    """Return the rows of a page's tables by the code in their first cell."""
    text = (REFERENCE / page).read_text()
    if section:
        text = re.split(rf"^#* ?{re.escape(section)}$", text, flags=re.MULTILINE)[1]
        text = re.split(r"^#|^The `OPTIONS` of", text, flags=re.MULTILINE)[0]
    lines = re.findall(r"^\| `([^`|]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in lines}


def test_page_about_settings_lists_each_setting_with_its_default():
    [block] = re.findall(r"```python\n(.*?)```", (REFERENCE / "settings.md").read_text(), re.DOTALL)
    shown: dict[str, Any] = {}
    exec(block, shown)

    assert shown["DASHBOARDS"].pop("STORES")["default"] == {
        **DEFAULTS["STORES"]["default"],
        "OPTIONS": {},
    }
    assert {**shown["DASHBOARDS"], "STORES": DEFAULTS["STORES"]} == DEFAULTS


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("DatabaseStore", database_checks._OPTIONS),
        ("RedisStore", set(REDIS_OPTIONS)),
    ],
)
def test_page_about_settings_lists_each_option_of_a_store(name: str, options: set[str]):
    assert set(read_rows("settings.md", f"The `OPTIONS` of `{name}`:")) == options


def test_options_that_a_store_refuses_are_those_that_the_page_leaves_out():
    refused = DatabaseStore({"prefix": ""}).check()

    assert [each.id for each in refused] == ["dashboards.E004"]


def test_page_about_components_lists_each_kind_and_attribute():
    kinds = {kind.__name__ for kind in KINDS if kind is not Component}

    assert set(read_rows("components.md")) == kinds | {each.name for each in fields(Component)}


def own_defaults(kind: Any) -> dict[str, object]:
    """Return the attributes with which a dataclass differs from the one it is derived from."""
    parent = kind.__mro__[1]
    inherited = {each.name: each.default for each in fields(parent)} if is_dataclass(parent) else {}
    defaults = {each.name: each.default for each in fields(kind) if each.name != "template"}
    return {
        name: default
        for name, default in defaults.items()
        if name not in inherited or inherited[name] != default
    }


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("Meta of a dashboard", Options),
        ("Meta of a ModelDashboard", ModelOptions),
        *((kind.__name__, kind) for kind in (*KINDS, Band, Step, CTA) if kind is not Component),
    ],
)
def test_page_about_attributes_lists_each_with_its_default(section: str, kind: Any):
    rows = read_rows("attributes.md", section)

    assert all(kind_of_value and meaning for kind_of_value, _, meaning in rows.values())
    assert {
        name: MISSING if default == "required" else ast.literal_eval(default.strip("`"))
        for name, (_, default, _) in rows.items()
    } == own_defaults(kind)


def test_kind_of_your_own_on_the_page_prepares_and_refuses_values():
    [block] = re.findall(
        r"```python\n(.*?)```", (REFERENCE / "components.md").read_text(), re.DOTALL
    )
    names: dict[str, Any] = {"__name__": "shop.components"}
    exec(block, names)

    assert list(names["Countdown"](value=3).get_value()) == [3, 2, 1]
    with pytest.raises(ComponentValueError, match="needs a whole number, got 'x'"):
        names["Countdown"](value="x").get_value()


def described(kind: type) -> Iterator[str]:
    """Yield the attributes that docstrings of a class and its bases describe."""
    for base in kind.__mro__:
        yield from re.findall(r"^        (\w+): ", vars(base).get("__doc__") or "", re.MULTILINE)


@pytest.mark.parametrize("kind", [*KINDS, ModelOptions], ids=lambda kind: kind.__name__)
def test_docstring_of_a_kind_describes_each_attribute(kind: Any):
    assert {each.name for each in fields(kind)} <= set(described(kind))


def test_page_from_docstrings_names_each_public_object_once():
    named = re.findall(r"^\.\. auto\w+:: (\S+)$", (REFERENCE / "api.md").read_text(), re.MULTILINE)
    found = [path.rpartition(".") for path in named]
    objects = [getattr(importlib.import_module(module), name) for module, _, name in found]

    assert len(set(map(id, objects))) == len(objects)
    public = {
        id(each): f"{module}.{name}"
        for module in PUBLIC_MODULES
        for name, each in public_objects(module).items()
    }
    assert [public[each] for each in public.keys() - set(map(id, objects))] == []


def public_objects(module: str) -> Mapping[str, object]:
    names = vars(importlib.import_module(module))
    listed = names.get("__all__", [name for name in names if name.endswith("Error")])
    return {name: names[name] for name in listed}


def test_page_about_checks_lists_each_check_with_its_cure():
    rows = read_rows("checks.md")

    assert set(rows) == set(re.findall(r'"(dashboards\.[EWI]\d+)"', SOURCES))
    assert all(cause and cure for cause, cure in rows.values())
    numbers = [int(name[-3:]) for name in rows]
    assert numbers == sorted(set(numbers)), "a number has one meaning"


def test_page_about_commands_lists_each_command():
    folder = ROOT / "src/dashboards/management/commands"
    rows = re.findall(r"manage\.py (\w+)", "\n".join(read_rows("commands.md")))

    assert sorted(rows) == sorted({path.stem for path in folder.glob("*.py")} - {"__init__"})


def test_page_about_monitoring_lists_each_event_with_its_level():
    rows = read_rows("monitoring.md", "Log")

    assert set(rows) == set(re.findall(r'"event": "(\w+)"', SOURCES))
    levels = dict(find_levels())
    assert len(levels) > 15
    assert {name: rows[name][0] for name in levels} == levels


def find_levels() -> Iterator[tuple[str, str]]:
    """Yield the events that are written in the call that logs them, and the level of the call."""
    names = {"warning": "WARNING", "error": "ERROR", "exception": "ERROR", "info": "INFO"}
    for path in (ROOT / "src").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                extra = {each.arg: each.value for each in call.keywords}.get("extra")
                event = re.search(r"'event': '(\w+)'", ast.unparse(extra)) if extra else None
                if event and call.func.attr in names:
                    yield event[1], names[call.func.attr]


def test_page_about_monitoring_lists_each_metric_as_it_is_served():
    served = openmetrics()
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", served, re.MULTILINE))
    texts = dict(re.findall(r"^# HELP (\w+) (.+)$", served, re.MULTILINE))

    rows = read_rows("monitoring.md", "Metrics")
    assert {name: cells for name, cells in rows.items() if name not in END_REASONS} == {
        name: [types[name], texts[name]] for name in types
    }
    assert set(rows) - set(types) == set(END_REASONS)
