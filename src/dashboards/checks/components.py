"""Checks of the components that dashboards declare, and of the packages that they need."""

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any, TypeVar

from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.db.models import Manager, QuerySet
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse

from dashboards import conf, countries
from dashboards.component import CTA, Chart, Component, Map, Table, Text
from dashboards.component.chart.bundles import BUNDLES, PLOTLY, read_version
from dashboards.component.chart.component import WORLD
from dashboards.component.table.source import is_read_whole, lacks_names
from dashboards.component.text import LIBRARIES
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.registry import registry

C = TypeVar("C", bound=Component)

_GETTER = re.compile(r"get_(\w+)_(?:value|defer)")
"""The name of a method that returns the value of a component, or of a deferred one."""


@register("dashboards")
def check_getters(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the methods that return values are named after components."""
    return [
        Warning(
            f"{dashboard.__name__}.{name} returns the value of no component: there are "
            f"{', '.join(dashboard.declared) or 'none'}.",
            hint="Name it after the key of a component, or begin its name with an underscore.",
            id="dashboards.W051",
        )
        for dashboard in registry
        # Other dashboards may add the component to an instance.
        if not dashboard.is_dynamic
        for name in dir(dashboard)
        if (match := _GETTER.fullmatch(name)) and match[1] not in dashboard.declared
    ]


@register("dashboards")
def check_templates(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the templates of components exist, and can be compiled."""
    messages: list[CheckMessage] = []
    for dashboard, key, component in _find_components(Component):
        try:
            get_template(component.template)
        except Exception as error:  # noqa: BLE001 - of the engine, of its loaders, of the file
            messages.append(
                Error(
                    f"{dashboard.__name__}.{key} has the template {component.template!r}, which "
                    f"cannot be used: {type(error).__name__}: {error}",
                    hint="Correct the name, or the template.",
                    id="dashboards.E052",
                )
            )
    return messages


@register("dashboards")
def check_plotly(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that plotly is installed if there are charts."""
    return _report_missing(
        "plotly", Chart, package="plotly", extra="plotly", check_id="dashboards.E008"
    )


@register("dashboards")
def check_bundles(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that smaller bundles of plotly.js have the version of the installed plotly's."""
    whole = read_version(PLOTLY)
    versions = {path: read_version(path) for path in BUNDLES.values() if finders.find(path)}
    return [
        Warning(
            f"The static file {path} is plotly.js {version or 'of an unknown version'}, but the "
            f"installed plotly makes figures for plotly.js {whole}.",
            hint=f"npm install plotly.js-{name}-dist-min@{whole}",
            id="dashboards.W018",
        )
        for name, path in BUNDLES.items()
        if whole and (version := versions.get(path, whole)) != whole
    ]


@register("dashboards")
def check_maps(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that this site serves the shapes of countries if there are maps.

    Without them plotly.js would load them from servers of its vendor.
    """
    if countries.find_geojson() or finders.find(WORLD):
        return ()
    return [
        Warning(
            f"{dashboard.__name__}.{key} is a Map, but there are no shapes of countries: it shows "
            "only what its figures bring.",
            hint=(
                'pip install "django-live-dashboards[maps]", or put a TopoJSON file for plotly.js '
                f"among the static files, as {WORLD}."
            ),
            id="dashboards.W014",
        )
        for dashboard, key, _ in _find_components(Map)
    ]


@register("dashboards")
def check_tables2(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that django-tables2 is installed if there are tables."""
    return _report_missing(
        "django_tables2",
        Table,
        package="django-tables2",
        extra="tables",
        check_id="dashboards.E012",
    )


@register("dashboards")
def check_table_columns(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that tables of whole objects say which columns they show."""
    return [
        Warning(
            f"{dashboard.__name__}.{key} is a {type(component).__name__} of {rows.model.__name__} "
            "without columns: its box fails.",
            hint='Name what it shows, as in columns=["pk"].',
            id="dashboards.W057",
        )
        for dashboard, key, component in _find_components(Table)
        if _shows_declared_rows(dashboard, key, component)
        and (rows := _find_queryset(component.value)) is not None
        and not is_read_whole(rows)  # A list without rows needs no columns.
        and lacks_names(rows)
    ]


def _shows_declared_rows(dashboard: type[Dashboard], key: str, table: Table) -> bool:
    """Return True if a table's box always shows its declared value, with columns of the value."""
    is_replaced = (
        dashboard.is_dynamic
        or any(hasattr(dashboard, f"get_{key}_{name}") for name in ("value", "defer"))
        or callable(table.defer)
        or table.defer_url
        or table.live is True
    )
    is_own = type(table).prepare_value is not Table.prepare_value
    has_columns = table.columns is not None or table.table_class is not None
    return not (is_replaced or is_own or has_columns)


def _find_queryset(value: object) -> QuerySet[Any] | None:
    """Return the rows of a queryset or a manager; ``None`` if it is neither, or gives no rows."""
    if isinstance(value, Manager):
        try:
            value = value.all()
        except Exception:  # noqa: BLE001 - of the project's manager, which may need a request
            return None
    return value if isinstance(value, QuerySet) else None


@register("dashboards")
def check_text(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the libraries for texts in HTML or Markdown are installed."""
    missing = {markup for markup, library in LIBRARIES.items() if not find_spec(library)}
    return [
        Error(
            f"{dashboard.__name__}.{key} is a Text with markup={component.markup!r}, but "
            f"{LIBRARIES[component.markup]} is not installed.",
            hint='pip install "django-live-dashboards[text]"',
            id="dashboards.E013",
        )
        for dashboard, key, component in _find_components(Text)
        if component.markup in missing
    ]


@register("dashboards")
def check_ctas(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that each call to action, and each link in a menu, has a target."""
    messages: list[CheckMessage] = []
    for dashboard, key, component in _find_components(Component):
        menu: object = component.menu or ()
        links = [("menu", each) for each in (menu if isinstance(menu, list | tuple) else [menu])]
        if component.cta is not None:
            links.append(("cta", component.cta))
        for name, link in links:
            reason = _get_target_error(link, dashboard)
            if not reason:
                continue
            messages.append(
                Error(
                    f"The {name} of {dashboard.__name__}.{key} leads nowhere: {reason}.",
                    hint=(
                        "Give CTA an address, the name of a view, a dashboard class, or, as "
                        "dashboard=…, the dotted path of one."
                    ),
                    id="dashboards.E016",
                )
            )
    return messages


def _get_target_error(cta: object, dashboard: type[Dashboard]) -> str:
    """Return why a call to action has no target; an empty string if no reason is known."""
    if not isinstance(cta, CTA):
        return f"{cta!r} is no CTA"
    try:
        target = cta.get_target()
    except ImportError as error:
        return str(error)
    if isinstance(target, type) and issubclass(target, ModelDashboard):
        model = target.get_model()
        own_model = dashboard.get_model() if issubclass(dashboard, ModelDashboard) else None
        # The result of a subclass's own get_object() is not known here.
        is_known = own_model is not None or not dashboard.overrides("get_object", beyond=Dashboard)
        if is_known and (own_model is None or not issubclass(own_model, model)):
            about = f"a {own_model.__name__}" if own_model else "no object"
            return f"{target.__name__} is about a {model.__name__}, this one about {about}"
    elif cta.dashboard is not None and not hasattr(target, "get_absolute_url"):
        return f"{cta.dashboard} is no dashboard"
    elif isinstance(target, str) and target.startswith("dashboards:"):
        try:
            reverse(target)
        except NoReverseMatch:
            return f"there is no view {target}"
    return ""


@register("dashboards")
def check_css_classes(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that ``COMPONENT_CSS_CLASSES`` names existing kinds of components, and their parts."""
    given = conf.get("COMPONENT_CSS_CLASSES")
    if not isinstance(given, dict):
        return ()  # Reported by check_settings.
    kinds = {each.__name__: each for each in _find_kinds(Component)}
    messages: list[CheckMessage] = []
    for name, parts in given.items():
        where = f"DASHBOARDS['COMPONENT_CSS_CLASSES'][{name!r}]"
        if name not in kinds:
            messages.append(
                Error(
                    f"{where}: there is no kind of component of that name.",
                    hint=f"Allowed are {', '.join(sorted(kinds))}.",
                    id="dashboards.E083",
                )
            )
            continue
        allowed = kinds[name].part_names
        if isinstance(parts, dict):
            wrong = [part for part in parts if part not in allowed]
        else:
            wrong = [] if isinstance(parts, str) else [parts]
        if wrong:
            messages.append(
                Error(
                    f"{where} must be a text or a dict by part, and has "
                    f"{', '.join(map(repr, wrong))}.",
                    hint=f"The parts of a {name} are {', '.join(allowed)}.",
                    id="dashboards.E083",
                )
            )
    return messages


def _find_kinds(kind: type[Component]) -> Iterator[type[Component]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _find_kinds(each)


def _report_missing(
    module: str, kind: type[Component], *, package: str, extra: str, check_id: str
) -> Sequence[CheckMessage]:
    """Return an error for each component of a kind, if the package that it needs is missing."""
    if find_spec(module):
        return ()
    return [
        Error(
            f"{dashboard.__name__}.{key} is a {type(component).__name__}, but {package} is not "
            "installed.",
            hint=f'pip install "django-live-dashboards[{extra}]"',
            id=check_id,
        )
        for dashboard, key, component in _find_components(kind)
    ]


def _find_components(kind: type[C]) -> Iterator[tuple[type[Dashboard], str, C]]:
    """Yield the components of one kind that registered dashboards declare."""
    for dashboard in registry:
        for key, component in dashboard.declared.items():
            if isinstance(component, kind):
                yield dashboard, key, component
