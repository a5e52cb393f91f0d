"""System checks of components: the packages that they need, and the links that they name."""

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.db.models import Manager
from pytest_django import Settings

from dashboards.checks import components
from dashboards.component import CTA, BasicTable, Chart, Map, Stat, Table, Text
from dashboards.component.chart.bundles import BUNDLES, PLOTLY, read_version
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from tests.site.dashboards import GroupBoard
from tests.unit.checks.support import found, found_by_id, register


def uninstall(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let the checks of components find every package but this one."""
    monkeypatch.setattr(
        "dashboards.checks.components.find_spec",
        lambda name: None if name == package else ModuleSpec(name, None),
    )


class Charted(Dashboard):
    first = Chart()
    second = Chart(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


def test_e008_chart_without_plotly(monkeypatch: pytest.MonkeyPatch):
    register(monkeypatch, Charted)
    uninstall(monkeypatch, "plotly")

    assert found_by_id("dashboards.E008") == [
        Error(
            f"Charted.{key} is a Chart, but plotly is not installed.",
            hint='pip install "django-live-dashboards[plotly]"',
            id="dashboards.E008",
        )
        for key in ("first", "second")
    ]


def test_e008_absent_without_charts(monkeypatch: pytest.MonkeyPatch):
    register(monkeypatch)
    uninstall(monkeypatch, "plotly")

    assert found() == []


class Tabled(Dashboard):
    first = Table()
    second = BasicTable(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


def test_e012_table_without_django_tables2(monkeypatch: pytest.MonkeyPatch):
    register(monkeypatch, Tabled)
    uninstall(monkeypatch, "django_tables2")

    assert found_by_id("dashboards.E012") == [
        Error(
            f"Tabled.{key} is a {kind}, but django-tables2 is not installed.",
            hint='pip install "django-live-dashboards[tables]"',
            id="dashboards.E012",
        )
        for key, kind in (("first", "Table"), ("second", "BasicTable"))
    ]


def test_e012_absent_with_django_tables2(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("django_tables2")
    register(monkeypatch, Tabled)

    assert found_by_id("dashboards.E012") == []


class Mapped(Dashboard):
    first = Map()
    second = Chart()

    class Meta:
        app_label = "site"


def test_w014_map_without_shapes_of_countries(monkeypatch: pytest.MonkeyPatch):
    register(monkeypatch, Mapped)
    monkeypatch.setattr("dashboards.countries.find_geojson", lambda: None)
    # The directory is made once a process and kept, so it may not be made without shapes.
    monkeypatch.setattr("dashboards.countries.build_directory", lambda: None)

    [message] = found_by_id("dashboards.W014")

    assert message.msg == (
        "Mapped.first is a Map, but there are no shapes of countries: it shows only what its "
        "figures bring."
    )
    assert message.hint is not None
    assert message.hint.startswith('pip install "django-live-dashboards[maps]", or put a TopoJSON')
    assert message.hint.endswith("as dashboards/geo/world.json.")


def test_w014_absent_with_shapes_of_countries(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("geopip")
    register(monkeypatch, Mapped)

    assert found_by_id("dashboards.W014") == []


def test_e013_markdown_without_its_library(monkeypatch: pytest.MonkeyPatch):
    uninstall(monkeypatch, "markdown_it")

    [error] = found_by_id("dashboards.E013")

    assert error.msg == (
        "Figures.prose is a Text with markup='markdown', but markdown_it is not installed."
    )
    assert error.hint == 'pip install "django-live-dashboards[text]"'


@pytest.mark.parametrize(
    ("cta", "reason"),
    [
        (CTA("dashboards:nothing"), "there is no view dashboards:nothing"),
        (CTA("dashboards:site_groupboard_detail"), "there is no view dashboards:site_groupboard_"),
        (CTA(dashboard="tests.site.dashboards.Nothing"), 'does not define a "Nothing" attribute'),
        (CTA(dashboard="nowhere.Nothing"), "No module named 'nowhere'"),
        (CTA(dashboard="tests.site.dashboards.HOSTILE"), "HOSTILE is no dashboard"),
        (CTA(GroupBoard), "GroupBoard is about a Group, this one about no object"),
    ],
)
def test_e016_call_to_action_without_a_target(
    monkeypatch: pytest.MonkeyPatch, cta: CTA, reason: str
):
    register(monkeypatch, dashboard_with(cta))

    [message] = found_by_id("dashboards.E016")

    assert reason in message.msg


def test_e016_reports_a_link_of_a_menu(monkeypatch: pytest.MonkeyPatch):
    class Board(Dashboard):
        it = Text(value="x", menu=[CTA("/fine/"), CTA("dashboards:nothing")])
        other = Text(value="x", menu=["/plain/"])  # type: ignore[list-item]

        class Meta:
            app_label = "site"

    register(monkeypatch, Board)

    assert [each.msg for each in found_by_id("dashboards.E016")] == [
        "The menu of Board.it leads nowhere: there is no view dashboards:nothing.",
        "The menu of Board.other leads nowhere: '/plain/' is no CTA.",
    ]


@pytest.mark.parametrize(
    "cta",
    [
        CTA("dashboards:site_live"),
        CTA("shop:later"),
        CTA(dashboard="tests.site.dashboards.Live"),
    ],
)
def test_e016_absent_with_a_target_or_a_foreign_name(monkeypatch: pytest.MonkeyPatch, cta: CTA):
    register(monkeypatch, dashboard_with(cta))

    assert found_by_id("dashboards.E016") == []


def dashboard_with(call: CTA) -> type[Dashboard]:
    class Own(Dashboard):
        it = Text(value="x", cta=call)

        class Meta:
            app_label = "site"

    return Own


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"Sta": "x"}, "['Sta']: there is no kind of component of that name.", "Allowed are "),
        (
            {"Stat": {"titel": "x"}},
            "['Stat'] must be a text or a dict by part, and has 'titel'.",
            "The parts of a Stat are box, title, icon, content, state, cta.",
        ),
        (
            {"Form": 7},
            "['Form'] must be a text or a dict by part, and has 7.",
            "The parts of a Form are box, title, icon, content, state, cta, form, button, btn.",
        ),
    ],
)
def test_e083_css_classes_of_an_unknown_kind_or_part(
    settings: Settings, given: object, message: str, hint: str
):
    settings.DASHBOARDS = {"COMPONENT_CSS_CLASSES": given}

    messages: list[CheckMessage] = list(components.check_css_classes())

    assert [(each.id, each.msg) for each in messages] == [
        ("dashboards.E083", f"DASHBOARDS['COMPONENT_CSS_CLASSES']{message}")
    ]
    assert (messages[0].hint or "").startswith(hint)


def test_css_classes_of_known_kinds_and_parts_give_no_message(settings: Settings):
    settings.DASHBOARDS = {
        "COMPONENT_CSS_CLASSES": {"Stat": "x", "Component": {"title": "y"}, "Form": {"button": "z"}}
    }

    assert components.check_css_classes() == []


def test_w018_bundle_of_plotly_of_another_version(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("plotly")
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
    [message] = found_by_id("dashboards.W018")

    assert "plotly-geo.min.js is plotly.js 1.0.0" in message.msg
    assert message.hint == f"npm install plotly.js-geo-dist-min@{whole}"


class Misnamed(Dashboard):
    """Two methods that are never called, and a template that is missing."""

    total = Stat(template="shop/nothing.html")
    open = Stat()

    class Meta:
        app_label = "site"

    def get_total_value(self) -> int:
        return 1

    def get_totals_value(self) -> int:
        return 1

    def get_opened_defer(self) -> int:
        return 1


class Growing(Misnamed):
    """Adds the components that the methods are for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.components["totals"] = Stat()


def test_w051_method_for_the_value_of_no_component(monkeypatch: pytest.MonkeyPatch):
    """A misspelt method was never called, and the box stayed empty without a word."""
    register(monkeypatch, Misnamed, Growing)

    assert found_by_id("dashboards.W051") == [
        Warning(
            f"Misnamed.{name} returns the value of no component: there are total, open.",
            hint="Name it after the key of a component, or begin its name with an underscore.",
            id="dashboards.W051",
        )
        for name in ("get_opened_defer", "get_totals_value")
    ]


def test_e052_component_whose_template_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
):
    # The check itself failed, for a folder, for the empty name, and for a file in another encoding.
    (tmp_path / "latin.html").write_bytes(b"\xff")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    unread = type("Unread", (Dashboard,), {"it": Stat(template="latin.html")})
    empty = type("Empty", (Dashboard,), {"it": Stat(template="")})
    register(monkeypatch, unread, empty)

    messages = found_by_id("dashboards.E052")

    assert [each.msg.partition(",")[0] for each in messages] == [
        "Unread.it has the template 'latin.html'",
        "Empty.it has the template ''",
    ]


def test_e052_component_with_a_missing_template(monkeypatch: pytest.MonkeyPatch):
    register(monkeypatch, Misnamed)

    [message] = found_by_id("dashboards.E052")

    assert message.msg == (
        "Misnamed.total has the template 'shop/nothing.html', which cannot be used: "
        "TemplateDoesNotExist: shop/nothing.html"
    )


def tabled(**arguments: Any) -> type[Dashboard]:
    """Return a dashboard with one table."""
    return type("Listed", (Dashboard,), {"groups": Table(**arguments)})


class OwnTable(Table):
    """Makes rows of any value itself."""

    def prepare_value(self, value: Any, bound: Any = None) -> Any:
        return super().prepare_value([{"name": "x"}])


@pytest.mark.parametrize(
    "value",
    [Group.objects, Group.objects.all(), Group.objects.values(), Group.objects.only("name")],
    ids=["manager", "queryset", "values", "only"],
)
@pytest.mark.django_db
def test_w057_table_of_objects_without_columns(monkeypatch: pytest.MonkeyPatch, value: Any):
    """It failed in its box only, with a page that was served."""
    pytest.importorskip("django_tables2")
    listed = tabled(value=value)
    register(monkeypatch, listed)

    assert found_by_id("dashboards.W057") == [
        Warning(
            "Listed.groups is a Table of Group without columns: its box fails.",
            hint='Name what it shows, as in columns=["pk"].',
            id="dashboards.W057",
        )
    ]
    with pytest.raises(ComponentValueError, match=r"A Table of Group needs columns"):
        Table().prepare_value(value)


@pytest.mark.parametrize(
    "listed",
    [
        tabled(value=Group.objects, columns=["name"]),
        tabled(value=Group.objects.all(), table_class=object),
        tabled(value=Group.objects.values("name")),
        tabled(value=Group.objects.values_list("name")),
        tabled(value=Group.objects.all()[:5]),
        tabled(value=Group.objects.all, defer=True),
        tabled(value=Group.objects.all(), defer=list),
        tabled(value=Group.objects.all(), defer_url="/elsewhere/"),
        tabled(value=Group.objects.all(), live=True),
        tabled(value=[]),
        type("Own", (Dashboard,), {"groups": OwnTable(value=Group.objects)}),
        type(
            "Getter",
            (Dashboard,),
            {"groups": Table(value=Group.objects), "get_groups_value": lambda self: []},
        ),
    ],
    ids=[
        *("columns", "table class", "values", "values list", "slice", "callable", "deferred"),
        *("elsewhere", "pushed", "list", "own kind", "getter"),
    ],
)
def test_w057_absent_if_the_table_may_show_rows(
    monkeypatch: pytest.MonkeyPatch, listed: type[Dashboard]
):
    register(monkeypatch, listed)

    assert found_by_id("dashboards.W057") == []


def test_w057_absent_if_a_manager_needs_a_request(monkeypatch: pytest.MonkeyPatch):
    class Tenants(Manager[Group]):
        def get_queryset(self) -> Any:
            raise LookupError

    register(monkeypatch, tabled(value=Tenants()))

    assert found_by_id("dashboards.W057") == []
