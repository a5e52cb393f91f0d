"""What code for django-dashboards writes: it works, or an error or a check says the new word."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.checks import Error, Warning  # noqa: A004
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from dashboards import compat
from dashboards.checks.compat import check_old_settings, check_old_templates
from dashboards.component import Chart, Component, Gauge, Stat, StatData, Table, Text
from dashboards.component.chart import ChartSerializer
from dashboards.component.gauge import GaugeValue
from dashboards.component.stat import StatSerializer
from dashboards.component.table import TableSerializer
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.addresses import addresses

served = pytest.mark.urls(__name__)


def elsewhere(reverse_args: list[Any]) -> str:
    return "/elsewhere/" + "/".join(map(str, reverse_args)) + "/"


class Public(Dashboard):
    loaded = Text(defer_url=elsewhere)
    polled = Text(value="x", poll_rate=5, defer_url=lambda: "/plain/")
    pushed = Stat(value=3, live=True)

    class Meta:
        app_label = "site"


class Grouped(ModelDashboard):
    loaded = Text(defer_url=elsewhere)

    class Meta:
        app_label = "site"
        model = Group


def find_nothing(reverse_args: list[Any]) -> str:
    return reverse("custom-component", args=reverse_args)


class Broken(Dashboard):
    loaded = Text(defer_url=find_nothing)
    whole = Text(value="whole")

    class Meta:
        app_label = "site"


class Closed(Dashboard):
    class Meta:
        app_label = "site"
        permission_classes = ("dashboards.permissions.IsAuthenticated",)


urlpatterns = addresses(Public, Grouped, Broken, Closed)


def render(component: Component, value: Any) -> str:
    class Shown(Dashboard):
        it = component

        class Meta:
            app_label = "site"

    bound = Shown()["it"]
    return str(bound.render(bound.prepare(value)))


# What works.


def test_change_by_of_a_stat_is_its_change():
    old: dict[str, Any] = {"change_by": -2.5, "change_by_text": "2.5 %"}
    value = {"text": "120", "sub_text": "a day", **old}

    assert render(Stat(), StatData("120", **old)) == render(
        Stat(), StatData("120", change={"by": -2.5, "text": "2.5 %"})
    )
    assert render(Stat(), value) == render(Stat(), StatData("120", "a day", **old))
    assert "▼" in render(Stat(), value)
    assert "2.5 %" in render(Stat(), value)


def test_change_by_of_stat_data_is_read_as_its_change():
    """``change`` was ``None``: the old arguments were fields beside it."""
    old: dict[str, Any] = {"change_by": 5, "change_by_text": ""}
    data = StatData(1, **old)

    assert data.change == {"by": 5}
    assert "change={'by': 5}" in repr(data)
    assert data == StatData(1, change={"by": 5})
    assert replace(data, change=None).change is None
    assert StatData(1, change=7, **old).change == 7


@pytest.mark.parametrize("text", ["2%", gettext_lazy("2%")], ids=["text", "translated"])
def test_text_as_change_by_is_refused_with_the_new_word(text: Any):
    """It is the example of its documentation. The error named only ``by``, which nobody wrote."""
    old: dict[str, Any] = {"change_by": text}
    for make in (lambda: StatData("120", **old), lambda: Stat().prepare_value({"text": 1, **old})):
        with pytest.raises(ComponentValueError) as raised:
            make()
        assert str(raised.value) == (
            "StatData(change_by='2%'): change_by must be a number; write change_by_text=\"2%\"."
        )

    assert StatData("120", change_by="2").change == {"by": "2"}
    assert StatData("120", change_by="").change is None


@pytest.mark.parametrize("change", [None, 0], ids=["none", "zero"])
def test_change_by_nothing_shows_no_change(change: Any):
    old: dict[str, Any] = {"change_by": change}

    assert render(Stat(), StatData("120", **old)) == render(Stat(), StatData("120"))


def test_gauge_value_takes_its_arguments_in_the_old_order():
    value = GaugeValue(30, 50, 10, "of 50", "30 km/h")
    data = Gauge().prepare_value(value)

    assert data is not None
    assert (data.value, data.min, data.max, data.text, data.sub_text) == (
        *(30, 10, 50, "30 km/h", "of 50"),
    )
    assert render(Gauge(), {"value": 30, "value_text": "30 km/h", "max": 50}) == render(
        Gauge(), GaugeValue(30, 50, value_text="30 km/h")
    )


def test_text_is_escaped_unless_it_is_declared_safe():
    html = "<b>bold</b>\n<script>1</script>"

    assert "&lt;b&gt;bold" in render(Text(), html)
    assert html in render(Text(mark_safe=True), html)
    assert "<b>" not in render(Text(mark_safe=True), None)
    assert ">5<" in render(Text(mark_safe=True), 5)


def test_text_with_a_markup_cannot_be_declared_safe():
    with pytest.raises(DeclarationError, match=r"markup='html', mark_safe=True.*one of the two"):
        Text(markup="html", mark_safe=True)


@pytest.mark.parametrize(
    ("given", "trigger"),
    [
        ("refresh", "refresh from:body"),
        ("shop:order.saved", "shop:order.saved from:body"),
        ("refresh from:#it", "refresh from:#it"),
        ("keyup[key=='r']", "keyup[key=='r']"),
        ("load", "load"),
        ("every 2s", "every 2s"),
    ],
)
def test_bare_event_of_trigger_on_is_heard_on_the_body(given: str, trigger: str):
    class Triggered(Dashboard):
        it = Text(value="x", trigger_on=given)

        class Meta:
            app_label = "site"

    assert Triggered()["it"].trigger == trigger


@served
def test_function_as_defer_url_gets_the_arguments_of_the_address():
    request = RequestFactory().get("/")
    public = Public(request)

    assert public["loaded"].addresses.load_url == "/elsewhere/site/public/loaded/"
    assert public["loaded"].is_deferred
    assert not public["loaded"].is_batched
    assert public["polled"].addresses.load_url == "/plain/"
    assert not public["polled"].is_deferred
    grouped = Grouped(request, Group(pk=7))
    assert grouped["loaded"].addresses.load_url == "/elsewhere/site/grouped/7/loaded/"


@served
@pytest.mark.django_db
def test_function_as_defer_url_that_raises_fails_its_own_box(client: Client, settings: Settings):
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": False}

    page = client.get("/site/broken/").content.decode()

    assert "Could not be loaded." in page
    assert "whole" in page
    settings.DASHBOARDS = {}
    with pytest.raises(NoReverseMatch):
        client.get("/site/broken/")


@served
def test_names_that_templates_read_are_there():
    template = engines["django"].from_string(
        "{{ d.get_meta.name }} {{ d.get_slug }} {{ d.class_name }}"
    )

    assert template.render({"d": Public()}) == "Public site_public public"


PARTIAL = {"HX-Request": "true"}


@served
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "is_whole"),
    [
        ({}, True),
        (PARTIAL, False),
        ({**PARTIAL, "HX-Boosted": "true"}, True),
        ({**PARTIAL, "HX-History-Restore-Request": "true"}, True),
        ({**PARTIAL, "HX-Request-Type": "full"}, True),
        ({**PARTIAL, "HX-Request-Type": "partial", "HX-Target": "div#shown"}, False),
        ({"HX-Request": "false"}, True),
    ],
    ids=["browser", "htmx", "boosted", "history", "selects", "htmx 4", "false"],
)
def test_request_of_htmx_gets_the_dashboard_alone(
    client: Client, headers: dict[str, str], is_whole: bool
):
    response = client.get("/site/public/", headers=headers)
    html = response.content.decode()

    assert html.lstrip().startswith("<!doctype html>") is is_whole
    assert ("<html" in html) is ("<main" in html) is is_whole
    assert ('id="site_public"' in html) is True
    assert ("sse-connect" in html) is ("site_public-pushed" in html) is True
    vary = response["Vary"]
    assert all(each in vary for each in ("HX-Request", "HX-Boosted", "HX-Request-Type", "Cookie"))
    # A part is stored by no cache, also where it is public: it would be shown as the page.
    assert ("no-store" in response.get("Cache-Control", "")) is not is_whole


@served
@pytest.mark.django_db
def test_request_of_htmx_that_is_refused_gets_no_login_page(client: Client):
    refused = client.get("/site/closed/", headers=PARTIAL)
    assert refused.status_code == 403
    assert "HX-Request" in refused["Vary"]
    assert client.get("/site/closed/").status_code == 302

    client.force_login(User.objects.create_user("member"))
    assert client.get("/site/closed/", headers=PARTIAL).status_code == 200


# What is refused.


@pytest.mark.parametrize("name", compat.COMPONENT_NAMES)
def test_old_argument_of_a_component_is_refused_with_the_new_word(name: str):
    arguments: dict[str, Any] = {name: "x"}
    for kind in (Text, Chart, Table):
        with pytest.raises(DeclarationError) as raised:
            kind(**arguments)
        assert str(raised.value) == (
            f"{kind.__name__}(…): {name} is a name of django-dashboards: "
            f"{compat.COMPONENT_NAMES[name]}."
        )
    with pytest.raises(DeclarationError, match=f"^Own: {name} is a name of django-dashboards: "):
        type("Own", (Text,), {name: "x"})


def test_icon_as_html_is_refused():
    with pytest.raises(DeclarationError) as raised:
        Stat(icon='<i class="fa-up"></i>')

    assert str(raised.value) == (
        'Stat(…): icon takes CSS classes, such as "fa fa-user", and no HTML, got '
        "'<i class=\"fa-up\"></i>'."
    )


@pytest.mark.parametrize("name", compat.META_NAMES)
def test_old_option_of_a_dashboard_is_refused_with_the_new_word(name: str):
    with pytest.raises(DeclarationError) as raised:
        type("Own", (Dashboard,), {"Meta": type("Meta", (), {name: "x"})})

    assert str(raised.value).endswith(
        f" {name} is a name of django-dashboards: {compat.META_NAMES[name]}."
    )


@pytest.mark.parametrize("name", compat.SERIALIZER_NAMES)
@pytest.mark.parametrize("base", [ChartSerializer, StatSerializer, TableSerializer])
def test_old_option_of_a_serializer_is_refused_with_the_new_word(base: Any, name: str):
    meta = type("Meta", (), {name: "x"})
    if name in base.allowed:
        own: Any = type("Own", (base,), {"Meta": meta})
        assert own.get_option(name) == "x"
        return
    with pytest.raises(DeclarationError) as raised:
        type("Own", (base,), {"Meta": meta})

    assert str(raised.value).endswith(
        f" {name} is a name of django-dashboards: {compat.SERIALIZER_NAMES[name]}."
    )


@pytest.mark.parametrize("name", compat.DASHBOARD_NAMES)
def test_old_method_of_a_dashboard_is_refused_with_the_new_word(name: str):
    """An overridden has_permissions() let everybody in: it was asked nowhere."""
    with pytest.raises(DeclarationError) as raised:
        type("Own", (Dashboard,), {name: classmethod(lambda cls, request, handle=True: False)})

    assert str(raised.value) == (
        f"Own: {name} is a name of django-dashboards: {compat.DASHBOARD_NAMES[name]}."
    )


@pytest.mark.parametrize(
    ("name", "new"), [("get_queryset", "cls, request"), ("get_object", "cls, request, **kwargs")]
)
def test_method_of_the_instance_that_is_now_one_of_the_class_is_refused(name: str, new: str):
    """It got the request as ``self``."""
    with pytest.raises(DeclarationError) as raised:
        type("Own", (ModelDashboard,), {name: lambda self, **kwargs: None})

    assert str(raised.value) == (
        f"Own.{name} must be a class method: write @classmethod, and {name}({new})."
    )


IMPORTS = [(module, name) for module, names in compat.MODULE_NAMES.items() for name in names]


@pytest.mark.parametrize(("module", "name"), IMPORTS, ids=[".".join(each) for each in IMPORTS])
def test_old_import_is_refused_with_the_new_word(module: str, name: str):
    with pytest.raises(ImportError) as raised:
        exec(f"from {module} import {name}", {})

    new = compat.MODULE_NAMES[module][name]
    assert str(raised.value) == f"{module}.{name} is a name of django-dashboards: {new}."


@pytest.mark.parametrize("module", compat.MODULES)
def test_old_module_is_refused_with_the_new_word(module: str):
    """``GaugeValue`` was in ``gauge.gauge`` only, and the page said it was in ``gauge``."""
    with pytest.raises(ModuleNotFoundError) as raised:
        exec(f"from {module} import Anything", {})

    assert (
        str(raised.value) == f"{module} is a module of django-dashboards: {compat.MODULES[module]}."
    )
    app = importlib.import_module(module.rpartition(".")[0])
    assert not module_has_submodule(app, module.rpartition(".")[2])


def test_missing_module_is_refused_as_python_does():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'dashboards\.nothing'$"):
        importlib.import_module("dashboards.nothing")


@pytest.mark.parametrize("module", compat.MODULE_NAMES)
def test_unknown_import_is_refused_as_python_does(module: str):
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec(f"from {module} import nothing", {})
    assert not hasattr(importlib.import_module(module), "nothing")


@pytest.mark.parametrize("name", compat.SETTINGS)
def test_e084_setting_of_django_dashboards_is_left(settings: Settings, name: str):
    """A permission class in such a setting protected nothing, and nothing said so."""
    assert check_old_settings() == []

    setattr(settings, name, ["dashboards.permissions.IsAdminUser"])

    assert check_old_settings() == [
        Error(
            f"The setting {name} is one of django-dashboards: it has no effect.",
            hint=(
                f"Write {compat.SETTINGS[name]}, and delete {name}. See "
                "docs/upgrading/moving-from-django-dashboards.md."
            ),
            id="dashboards.E084",
        )
    ]


@pytest.mark.parametrize("text", ["{{ rendered_value }}", "{% load x %}{{ rendered_value"])
def test_w085_template_replaces_one_of_django_dashboards(
    settings: Settings, tmp_path: Path, text: str
):
    assert check_old_templates() == []
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    file = tmp_path / "dashboards" / "components" / "text" / "text.html"
    file.parent.mkdir(parents=True)
    file.write_text(text)

    (message,) = check_old_templates()

    path = str(file) if text == "{{ rendered_value }}" else "dashboards/components/text/text.html"
    assert message == Warning(
        f"{path} replaces a template of django-dashboards: it has no effect.",
        hint=(
            "The template is now dashboards/components/text.html, with another context: replace "
            "that one, or delete yours. See docs/upgrading/moving-from-django-dashboards.md."
        ),
        id="dashboards.W085",
    )
