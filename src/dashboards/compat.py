"""Older names: those that still work, and those that are refused with the new word.

They are names of this package from before its first release, and of the package django-dashboards,
whose code many projects have. New code and documentation use the new names only;
docs/upgrading/moving-from-django-dashboards.md has all of them. ``dashboards/__init__.py`` adds a
finder to ``sys.meta_path``, after all others: it refuses the modules of django-dashboards.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from types import FunctionType, SimpleNamespace
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise

try:
    from dashboards.exceptions import ComponentValueError, DeclarationError
except ImportError as error:
    # Its files replaced those of this package that would otherwise say so, in a system check.
    _MESSAGE = (
        "The package django-dashboards has overwritten files of django-live-dashboards: both are "
        "called dashboards. pip uninstall django-dashboards django-live-dashboards, then pip "
        "install django-live-dashboards."
    )
    raise ImportError(_MESSAGE) from error

T = TypeVar("T")

MENU_MODULES = ("dashboard_menu",)
"""Earlier names of the module ``menus`` in which an app registers its menus."""

_OLD_VALUES = {("delivery", "refresh"): "per_viewer"}


def accept_old_names(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a class accept older names of its keyword arguments.

    Args:
        **names: the present name, by the older name.
    """

    def decorate(cls: type[T]) -> type[T]:
        init: Callable[..., None] = cls.__init__

        @wraps(init)
        def init_with_old_names(self: T, *args: Any, **kwargs: Any) -> None:
            for old, new in names.items():
                if old in kwargs:
                    value = kwargs.pop(old)
                    kwargs[new] = _OLD_VALUES.get((new, value), value)
            init(self, *args, **kwargs)

        setattr(init_with_old_names, "old_names", frozenset(names))  # noqa: B010 - as below
        setattr(cls, "__init__", init_with_old_names)  # noqa: B010 - mypy refuses the assignment
        return cls

    return decorate


class OldBoundItem:
    """Earlier names of the attributes of ``BoundItem``, which templates read."""

    visible = True
    """True if the item is shown. Items that are not shown are left out."""


# Names of django-dashboards that work.


@dataclass(frozen=True, kw_only=True)
class OldStatChange:
    """Earlier arguments of ``StatData``, in place of its ``change``. As fields they are empty."""

    change_by: Any = field(default=None, repr=False)
    change_by_text: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Move them to ``change``, unless it is given, too.

        Raises:
            ComponentValueError: ``change_by`` is a text that is no number.
        """
        # Each value of each Stat is made here: without old names it must cost nothing.
        if self.change_by is None and self.change_by_text is None:
            return
        if self.change_by and isinstance(self.change_by, str | Promise):
            _refuse_text(str(self.change_by))
        old = {"by": self.change_by, "text": self.change_by_text}
        its = vars(self)  # A frozen object lets nothing else be written.
        if its["change"] is None:
            its["change"] = {name: each for name, each in old.items() if each} or None
        its["change_by"] = its["change_by_text"] = None


def _refuse_text(change_by: str) -> None:
    """Refuse a text where django-dashboards showed any: here its sign gives the direction."""
    try:
        float(change_by)
    except ValueError as error:
        msg = (
            f"StatData(change_by={change_by!r}): change_by must be a number; write "
            f'change_by_text="{change_by}".'
        )
        raise ComponentValueError(msg) from error


def make_gauge_value(data: Callable[..., T]) -> Callable[..., T]:
    """Return ``GaugeValue``: it makes the value of a ``Gauge`` from arguments in their old order.

    Args:
        data: the class ``GaugeData``.
    """

    def gauge_value(
        value: float,
        max: float | None = None,  # noqa: A002 - its name
        min: float | None = None,  # noqa: A002 - its name
        sub_text: str = "",
        value_text: str = "",
    ) -> T:
        return data(value=value, max=max, min=min, sub_text=sub_text or None, text=value_text or "")

    return gauge_value


def _as_refusal(answer: HttpResponseBase) -> HttpResponseBase:
    """Make a response raise TypeError where it is used as a truth value.

    No cache may keep it: it is for one viewer, and its class cannot be pickled.
    """

    def refuse_truth(_: HttpResponseBase) -> bool:
        msg = (
            "has_permissions(request, handle=True) returned the answer to a refusal, which is no "
            "truth value: return it if it is not True, or leave handle out."
        )
        raise TypeError(msg)

    patch_cache_control(answer, no_store=True, private=True)
    kind = type(answer)
    answer.__class__ = type(kind.__name__, (kind,), {"__bool__": refuse_truth})
    return answer


class OldDashboard:
    """Class methods of dashboards that views and templates of django-dashboards call."""

    @classmethod
    def has_permissions(
        cls: Any,
        request: HttpRequest,
        handle: bool = False,  # noqa: FBT001, FBT002 - as it was
        object: Any = None,  # noqa: A002 - as in Dashboard.__init__
    ) -> bool | HttpResponseBase:
        """Return True if a request may open it: for views of your own.

        Args:
            request: the request.
            handle: True to get, for a request that is refused, the answer of the permission class.
                By default it is ``False``, so that what is returned can be used in an ``if``. The
                answer cannot: it is a response, and would let everybody in.
            object: the object of the dashboard, if it has one.

        Returns:
            True or False; with ``handle`` True or a response, which is the answer to a refusal.

        Raises:
            PermissionDenied: with ``handle``, and the answer is 403.
        """
        if cls.allows(request, object):
            return True
        if not handle:
            return False
        answer: HttpResponseBase | None = cls.answer_refused(request)
        if answer is None:
            raise PermissionDenied
        return _as_refusal(answer)

    @classmethod
    def class_name(cls) -> str:
        """Return the name of the class as it is in URLs."""
        return cls.__name__.lower()

    @classmethod
    def get_slug(cls: Any) -> str:
        """Return the name that its URLs begin with, as ``get_url_name`` does."""
        name: str = cls.get_url_name()
        return name

    def get_meta(self: Any) -> SimpleNamespace:
        """Return its name, for templates with ``{{ dashboard.get_meta.name }}``."""
        return SimpleNamespace(name=self.heading, verbose_name=self.heading)


# Names of django-dashboards that are refused: by name, what to write instead.

COMPONENT_NAMES: Mapping[str, str] = {
    "Media": "list the static files in scripts",
    "defer_loading_template_name": (
        'give your project a template "dashboards/state.html", which boxes show while they wait'
    ),
    "displayModeBar": 'put "config": {"displayModeBar": …} into the figure',
    "render_type": "leave it out: the class of the component is known",
    "responsive": "leave it out: charts always fit their box",
    "serializable": "leave it out",
    "staticPlot": 'put "config": {"staticPlot": …} into the figure',
    "template_name": "write template",
    "verbose_name": "write title",
}
"""Arguments and class attributes of components."""

META_NAMES: Mapping[str, str] = {
    "abstract": "leave it out, and do not register the class",
    "include_in_graphql": "leave it out",
    "verbose_name": "write name",
}
"""Attributes of the ``Meta`` of dashboards."""

SERIALIZER_NAMES: Mapping[str, str] = {
    "displayModeBar": COMPONENT_NAMES["displayModeBar"],
    "name": "write title",
    "responsive": COMPONENT_NAMES["responsive"],
    "staticPlot": COMPONENT_NAMES["staticPlot"],
    "verbose_name": "write title",
}
"""Attributes of the ``Meta`` of serializers."""

DASHBOARD_NAMES: Mapping[str, str] = {
    "Media": "list the static files in the scripts of a component",
    "get_context": "override the template of the page, Meta.template_name",
    "get_dashboard_permissions": "override get_permissions(self)",
    "has_permissions": "override has_permission(self, request)",
}
"""Attributes of dashboard classes."""

_TOP_MODULES: Mapping[str, str] = {
    "config": "read django.conf.settings.DASHBOARDS",
    "log": 'use logging.getLogger("dashboards")',
    "meta": "declare a class Meta, and read dashboard.name",
    "types": "annotate with Any",
    "utils": "iterate over dashboards.registry.registry",
}

MODULES: Mapping[str, str] = {
    **{f"dashboards.{name}": new for name, new in _TOP_MODULES.items()},
    "dashboards.component.chart.chart": "import from dashboards.component.chart",
    "dashboards.component.chart.serializers": "import from dashboards.component.chart",
    "dashboards.component.gauge.gauge": "import from dashboards.component.gauge",
    "dashboards.component.stat.stat": "import from dashboards.component.stat",
    "dashboards.component.table.mixins": "leave it out: a Table orders and searches by itself",
    "dashboards.component.table.serializers": "import from dashboards.component.table",
    "dashboards.component.table.table": "import from dashboards.component.table",
}
"""Modules that were imported."""

MODULE_NAMES: Mapping[str, Mapping[str, str]] = {
    "dashboards": _TOP_MODULES,
    "dashboards.component.layout": {
        "DEFAULT_LAYOUT_COMPONENT_CLASSES": 'name classes in DASHBOARDS["LAYOUT_CSS_CLASSES"]',
    },
    "dashboards.component.table": {
        "DataTable": "import Table",
        "SerializedTable": "import TableData, which has data, columns, order and title",
    },
    "dashboards.component.text": {
        "Stat": "import it from dashboards.component",
        "StatData": "import it from dashboards.component",
    },
    "dashboards.urls": {
        "COMPONENT_PATTERN": 'write a path of your own, such as "slow/<str:key>/"',
        "COMPONENT_OBJECT_PATTERN": 'write a path of your own, such as "slow/<int:pk>/<str:key>/"',
        "DASHBOARD_PATTERN": "write a path of your own",
        "FORM_COMPONENT_OBJECT_PATTERN": "a Form is sent to its own address, or to its submit_url",
        "FORM_COMPONENT_PATTERN": "a Form is sent to its own address, or to its submit_url",
        "MODEL_DASHBOARD_PATTERN": "write a path of your own",
    },
    "dashboards.views": {
        "DashboardObjectMixin": "derive from PageView",
        "DashboardView": "import PageView",
        "FormComponentView": "import ComponentView, which takes what is posted to a Form",
    },
}
"""Names that were imported, by module."""

SETTINGS: Mapping[str, str] = {
    "DASHBOARDS_DEFAULT_PERMISSION_CLASSES": 'DASHBOARDS = {"PERMISSION_CLASSES": […]}',
    "DASHBOARDS_DEFAULT_GRID_CSS": 'DASHBOARDS = {"GRID_CSS_CLASSES": "span-6"}',
    "DASHBOARDS_COMPONENT_CLASSES": 'DASHBOARDS = {"COMPONENT_CSS_CLASSES": {…}}',
    "DASHBOARDS_LAYOUT_COMPONENT_CLASSES": 'DASHBOARDS = {"LAYOUT_CSS_CLASSES": {…}}',
    "DASHBOARDS_INCLUDE_DASHBOARD_VIEWS": (
        'path("…", PageView.as_view(dashboard_class=…)) of dashboards.views for a page elsewhere, '
        "and refuse the page of dashboards.urls in has_permission"
    ),
}
"""Settings, and what to write instead."""

TEMPLATES: Mapping[str, str] = {
    "dashboard_partial.html": "embedded.html",
    "components/partial.html": "",
    "components/loading.html": "state.html",
    "components/component.html": "component.html",
    "components/chart/chart.html": "components/chart.html",
    "components/chart/plotly.html": "components/chart.html",
    "components/form/form.html": "components/form.html",
    "components/gauge/gauge.html": "components/gauge.html",
    "components/map/map.html": "components/chart.html",
    "components/stat/stat.html": "components/stat.html",
    "components/table/basic.html": "components/table.html",
    "components/table/index.html": "components/table.html",
    "components/text/html.html": "components/text.html",
    "components/text/stat.html": "components/stat.html",
    "components/text/text.html": "components/text.html",
    "includes/static/js.html": "scripts.html",
    "includes/static/style.html": "style.html",
    "layout/components/card.html": "layout/card.html",
    "layout/components/div.html": "layout/div.html",
    "layout/components/tabs/container.html": "layout/tabs.html",
    "layout/components/tabs/content.html": "layout/tab.html",
    "layout/components/tabs/tab.html": "layout/tabs.html",
}
"""Templates below ``dashboards/``, and the present name; empty if nothing corresponds to it."""


def refuse_names(where: str, names: Iterable[str], old: Mapping[str, str]) -> None:
    """Refuse names of django-dashboards.

    Args:
        where: the place of the names, for the error.
        names: the names that are written there.
        old: what to write instead, by old name.

    Raises:
        DeclarationError: one of the names is old.
    """
    for name in names:
        if name in old:
            msg = f"{where}: {name} is a name of django-dashboards: {old[name]}."
            raise DeclarationError(msg)


def refuse_old_dashboard(where: str, attributes: Mapping[str, Any]) -> None:
    """Refuse attributes of dashboard classes as django-dashboards has them.

    Raises:
        DeclarationError: an attribute has an old name, or is a method of the instance that is now
            one of the class.
    """
    refuse_names(where, attributes, DASHBOARD_NAMES)
    for name, new in (("get_queryset", "cls, request"), ("get_object", "cls, request, **kwargs")):
        if isinstance(attributes.get(name), FunctionType):
            msg = f"{where}.{name} must be a class method: write @classmethod, and {name}({new})."
            raise DeclarationError(msg)


_ICON_ELEMENT = re.compile(r"\s*<(i|img|span|svg)\b")


def refuse_old_component(where: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of components as django-dashboards has them.

    Raises:
        DeclarationError: an argument has an old name, or an icon is HTML.
    """
    refuse_names(where, arguments, COMPONENT_NAMES)
    icon = arguments.get("icon")
    if isinstance(icon, str) and _ICON_ELEMENT.match(icon):
        msg = f'{where}: icon takes CSS classes, such as "fa fa-user", and no HTML, got {icon!r}.'
        raise DeclarationError(msg)


def explain_names(names: Collection[str], old: Mapping[str, str]) -> str:
    """Return sentences that say what to write for old names; empty if none is old."""
    known = [name for name in names if name in old]
    return "".join(f" {name} is a name of django-dashboards: {old[name]}." for name in known)


def refuse_imports(module: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``, which says what to import in place of an old name."""
    old = MODULE_NAMES[module]

    def get(name: str) -> Any:
        if name in old:
            # An AttributeError would be replaced by "cannot import name", without the new word.
            msg = f"{module}.{name} is a name of django-dashboards: {old[name]}."
            raise ImportError(msg, name=name)
        msg = f"module {module!r} has no attribute {name!r}"
        raise AttributeError(msg)

    return get


def refuse_module(name: str) -> None:
    """Say what to import in place of an old module.

    Raises:
        ModuleNotFoundError: the module is one of django-dashboards.
    """
    if name in MODULES:
        # Not another ImportError: who looks for a module in each app takes this one for missing.
        msg = f"{name} is a module of django-dashboards: {MODULES[name]}."
        raise ModuleNotFoundError(msg, name=name)
