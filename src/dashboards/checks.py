"""System checks: a misconfiguration is told with an id and a hint before it is an empty page."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from inspect import iscoroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from dashboards import conf, world
from dashboards.component import CTA, Chart, Component, Map, Table, Text
from dashboards.component.chart.component import WORLD
from dashboards.component.text import LIBRARIES
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.eventstream import DashboardChannelManager
from dashboards.exceptions import DeclarationError
from dashboards.live.grip import proxies
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import menu_registry
from dashboards.permissions import BasePermission, load
from dashboards.registry import registry

C = TypeVar("C", bound=Component)

_CONNECTION_LIMITS = {"postgresql": "SHOW max_connections", "mysql": "SELECT @@max_connections"}

# The page takes a stream for dead that was silent for 20 seconds (live.js).
_MAX_HEARTBEAT_SECONDS = 15


@register("dashboards")
def check_apps(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """django_htmx must be installed: it serves htmx."""
    if apps.is_installed("django_htmx"):
        return ()
    return [
        Error(
            "django_htmx is not in INSTALLED_APPS, so pages cannot load htmx.",
            hint='Add "django_htmx" to INSTALLED_APPS.',
            id="dashboards.E001",
        )
    ]


@register("dashboards")
def check_settings(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """``DASHBOARDS`` may hold only known names, with usable values."""
    given = conf.given()
    if not isinstance(given, dict):
        return [
            Error(
                f"The setting DASHBOARDS must be a dict, got {given!r}.",
                hint=f"Its keys may be {', '.join(conf.DEFAULTS)}.",
                id="dashboards.E002",
            )
        ]
    messages: list[CheckMessage] = [
        Error(
            f"DASHBOARDS has no setting {name!r}.",
            hint=f"Allowed are {', '.join(conf.DEFAULTS)}.",
            id="dashboards.E002",
        )
        for name in sorted(set(given) - set(conf.DEFAULTS))
    ]
    bounds = {
        "HEARTBEAT_SECONDS": (1, _MAX_HEARTBEAT_SECONDS),
        "STREAM_MAX_AGE_SECONDS": (1, 86_400),
        "MAX_STREAMS": (0, 10_000_000),
        "MAX_COMPUTE_THREADS": (1, 1000),
        "PAGE_WAIT_SECONDS": (0, 60),
        "COMPUTE_TIMEOUT_SECONDS": (1, 3600),
        "GRIP_POLL_SECONDS": (1, 3600),
        "POLL_MILLISECONDS": (100, 60_000),
        "MAX_FRAME_BYTES": (1_000, 1_000_000_000),
        "FORGET_AFTER_SECONDS": (0, 31_536_000),
        "RELOAD_SPREAD_SECONDS": (0, 3600),
        "MAX_QUERY_LENGTH": (200, 100_000),
        "MAX_MARKUP_LENGTH": (1_000, 1_000_000),
    }
    kinds = {
        "CLIENT_ADDRESS_HEADER": str,
        "GRID_CSS_CLASSES": str,
        "COMPONENT_CSS_CLASSES": dict,
        "LAYOUT_CSS_CLASSES": dict,
        "SHOW_ERRORS_TO_STAFF": bool,
    }
    if conf.get("RAISE_VALUE_ERRORS") not in (True, False, None):
        messages.append(
            Error(
                "DASHBOARDS['RAISE_VALUE_ERRORS'] must be True, False or None, got "
                f"{conf.get('RAISE_VALUE_ERRORS')!r}.",
                hint="Leave it out for the default, None: errors are raised while tests run.",
                id="dashboards.E002",
            )
        )
    if not isinstance(conf.get("RELEASE"), str | None):
        messages.append(
            Error(
                f"DASHBOARDS['RELEASE'] must be a text or None, got {conf.get('RELEASE')!r}.",
                hint="Leave it out for the default, None: a hash of the files of pages.",
                id="dashboards.E002",
            )
        )
    messages += [
        Error(
            f"DASHBOARDS[{name!r}] must be a {kind.__name__}, got {conf.get(name)!r}.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[name]!r}.",
            id="dashboards.E002",
        )
        for name, kind in kinds.items()
        if not isinstance(conf.get(name), kind)
    ]
    for name, (low, high) in bounds.items():
        value = conf.get(name)
        if not isinstance(value, int | float) or not low <= value <= high:
            messages.append(
                Error(
                    f"DASHBOARDS[{name!r}] must be a number from {low} to {high}, got {value!r}.",
                    hint=f"Leave it out for the default, {conf.DEFAULTS[name]}.",
                    id="dashboards.E002",
                )
            )
    return messages


@register(Tags.database)
def check_compute_threads(
    databases: Sequence[str] | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> Sequence[CheckMessage]:
    """The threads that compute live values must leave connections to the site's pages."""
    messages: list[CheckMessage] = []
    threads = conf.get("MAX_COMPUTE_THREADS")
    for alias in databases or ():
        query = _CONNECTION_LIMITS.get(connections[alias].vendor)
        if query is None:
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute(query)
            most = int(cursor.fetchone()[0])
        if threads > most // 4:
            messages.append(
                Warning(
                    f"DASHBOARDS['MAX_COMPUTE_THREADS'] is {threads}: live values may take as many "
                    f"of the {most} connections of the database {alias!r}, in each process.",
                    hint=f"Set it to {most // 4} at most, or raise the database's limit.",
                    id="dashboards.W046",
                )
            )
    return messages


@register(Tags.database)
def check_tables(
    databases: Sequence[str] | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> Sequence[CheckMessage]:
    """The tables of a store must be in the database that it uses."""
    messages: list[CheckMessage] = []
    if sys.argv[1:2] == ["migrate"]:
        return messages  # That is what makes them.
    stores = conf.get("STORES")
    for alias in stores if isinstance(stores, dict) else ():
        try:
            store = get_store(alias)
        except ImproperlyConfigured:
            continue  # Reported by check_store.
        if getattr(store, "using", None) in (databases or ()):
            messages += store.check_tables()
    return messages


@register("dashboards", deploy=True)
def check_value_errors(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """What a value raises should not end requests of a site that is served."""
    if conf.get("RAISE_VALUE_ERRORS") is not True:
        return ()
    return [
        Warning(
            "DASHBOARDS['RAISE_VALUE_ERRORS'] is True: one value that raises makes its whole page "
            "a server error.",
            hint="Leave it out, so that errors are raised only while tests run.",
            id="dashboards.W050",
        )
    ]


@register("dashboards")
def check_client_address(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """``CLIENT_ADDRESS_HEADER`` must be a header's name, as it stands in a request."""
    name = conf.get("CLIENT_ADDRESS_HEADER")
    if not isinstance(name, str) or not name:
        return ()  # Told above, or left out.
    if re.fullmatch(r"[A-Za-z0-9-]+", name) and not name.upper().startswith("HTTP-"):
        return ()
    return [
        Error(
            f"DASHBOARDS['CLIENT_ADDRESS_HEADER'] is {name!r}, which is no header's name.",
            hint='Write it as in a request: "X-Forwarded-For", not "HTTP_X_FORWARDED_FOR".',
            id="dashboards.E038",
        )
    ]


@register("dashboards")
def check_store(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Every store must be usable as configured."""
    if not isinstance(conf.given(), dict):
        return ()  # Said above.
    stores = conf.get("STORES")
    messages: list[CheckMessage] = []
    for alias in dict.fromkeys(("default", *(stores if isinstance(stores, dict) else ()))):
        try:
            found = get_store(alias).check()
        except ImproperlyConfigured as error:
            found = [
                Error(
                    str(error),
                    hint=f"The default is {conf.DEFAULTS['STORES']!r}.",
                    id="dashboards.E003",
                )
            ]
        messages += [each for each in found if each not in messages]
    return messages


@register("dashboards", deploy=True)
def check_memory(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """What one process keeps in memory, no other process shows."""
    try:
        store = get_store()
    except ImproperlyConfigured:
        return ()  # Said above.
    if not isinstance(store, MemoryStore):
        return ()
    return [
        Warning(
            "Live state is kept by MemoryStore, in the memory of one process: pages miss what "
            "another one (a worker, a task, a management command) pushes, and a logout there.",
            hint=(
                "Use DatabaseStore, the default, or RedisStore. Where one process is all there is, "
                "add this id to SILENCED_SYSTEM_CHECKS."
            ),
            id="dashboards.W041",
        )
    ]


@register("dashboards")
def check_urls(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Registered dashboards must have an address."""
    for dashboard in registry:
        example = dashboard.get_example_kwargs()
        try:
            reverse(f"dashboards:{dashboard.get_page_url_name()}", kwargs=example)
        except NoReverseMatch:
            return [
                Warning(
                    f"{dashboard.__name__} is registered, but no address leads to it.",
                    hint='Add path("dashboards/", include("dashboards.urls")) to your URLs.',
                    id="dashboards.W007",
                )
            ]
    return ()


@register("dashboards")
def check_plotly(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A chart needs plotly."""
    if find_spec("plotly"):
        return ()
    return [
        Error(
            f"{dashboard.__name__}.{key} is a {type(component).__name__}, but plotly is not "
            "installed.",
            hint='pip install "django-live-dashboards[plotly]"',
            id="dashboards.E008",
        )
        for dashboard, key, component in _declared(Chart)
    ]


@register("dashboards")
def check_maps(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A map wants the shapes of countries, which a browser shall ask of this site only."""
    if world.source() or finders.find(WORLD):
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
        for dashboard, key, _ in _declared(Map)
    ]


@register("dashboards")
def check_tables2(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A table needs django-tables2."""
    if find_spec("django_tables2"):
        return ()
    return [
        Error(
            f"{dashboard.__name__}.{key} is a {type(component).__name__}, but django-tables2 is "
            "not installed.",
            hint='pip install "django-live-dashboards[tables]"',
            id="dashboards.E012",
        )
        for dashboard, key, component in _declared(Table)
    ]


@register("dashboards")
def check_text(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A text that is HTML or Markdown needs what reads it."""
    missing = {markup for markup, library in LIBRARIES.items() if not find_spec(library)}
    return [
        Error(
            f"{dashboard.__name__}.{key} is a Text with markup={component.markup!r}, but "
            f"{LIBRARIES[component.markup]} is not installed.",
            hint='pip install "django-live-dashboards[text]"',
            id="dashboards.E013",
        )
        for dashboard, key, component in _declared(Text)
        if component.markup in missing
    ]


@register("dashboards")
def check_ctas(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A call to action must lead somewhere."""
    messages: list[CheckMessage] = []
    for dashboard, key, component in _declared(Component):
        if component.cta is None:
            continue
        if reason := _leads_nowhere(component.cta, dashboard):
            messages.append(
                Error(
                    f"The cta of {dashboard.__name__}.{key} leads nowhere: {reason}.",
                    hint=(
                        "Give CTA an address, the name of a view, a dashboard class, or, as "
                        "dashboard=…, the dotted path of one."
                    ),
                    id="dashboards.E016",
                )
            )
    return messages


def _leads_nowhere(cta: CTA, dashboard: type[Dashboard]) -> str:
    """Return why a call to action leads nowhere; empty where nothing is known against it."""
    try:
        target = cta.get_target()
    except ImportError as error:
        return str(error)
    if isinstance(target, type) and issubclass(target, ModelDashboard):
        model = target.get_model()
        its = dashboard.get_model() if issubclass(dashboard, ModelDashboard) else None
        # What a get_object of one's own finds is not known here.
        is_known = its is not None or not dashboard.overrides("get_object", beyond=Dashboard)
        if is_known and (its is None or not issubclass(its, model)):
            about = f"a {its.__name__}" if its else "no object"
            return f"{target.__name__} is about a {model.__name__}, this one about {about}"
    elif cta.dashboard is not None and not hasattr(target, "get_absolute_url"):
        return f"{cta.dashboard} is no dashboard"
    elif isinstance(target, str) and target.startswith("dashboards:"):
        try:
            reverse(target)
        except NoReverseMatch:
            return f"there is no view {target}"
    return ""


def _declared(kind: type[C]) -> Iterator[tuple[type[Dashboard], str, C]]:
    """Go through the components of one kind that registered dashboards declare."""
    for dashboard in registry:
        for key, component in dashboard.declared.items():
            if isinstance(component, kind):
                yield dashboard, key, component


@register("dashboards")
def check_grip(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A GRIP proxy that is configured must be one that can be worked with."""
    if not proxies.is_configured():
        return ()
    if not proxies.INSTALLED:
        return [
            Error(
                "A GRIP proxy is configured, but django-grip is not installed.",
                hint='pip install "django-live-dashboards[grip]"',
                id="dashboards.E021",
            )
        ]
    messages: list[CheckMessage] = []
    if not any(each.endswith("GripMiddleware") for each in settings.MIDDLEWARE):
        messages.append(
            Warning(
                "A GRIP proxy is configured, but GripMiddleware is not in MIDDLEWARE: the proxy "
                "holds no streams.",
                hint='Put "django_grip.GripMiddleware" first into MIDDLEWARE.',
                id="dashboards.W020",
            )
        )
    if getattr(settings, "GRIP_URL", None) and getattr(settings, "GRIP_PROXIES", None):
        messages.append(
            Warning(
                "Both GRIP_URL and GRIP_PROXIES are set: django-grip adds the one to the other "
                "again with every request.",
                hint="Write the proxy of GRIP_URL as an entry of GRIP_PROXIES.",
                id="dashboards.W025",
            )
        )
    for entry in proxies.configured():
        messages += _check_proxy(entry)
    return messages


def _check_proxy(entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    name = entry.get("control_uri") or entry.get("control_zmq_uri")
    if "key" not in entry and "verify_key" in entry:
        yield Error(
            f"The GRIP proxy {name} has a key to verify with and no `key`: django-grip answers "
            "500 to every request that it passes on.",
            hint=(
                "Pushpin has one key for both: give its sig_key as `key`, by "
                "GRIP_URL = 'http://localhost:5561?key=…' or in GRIP_PROXIES, and leave out "
                "GRIP_VERIFY_KEY."
            ),
            id="dashboards.E023",
        )
    elif "key" not in entry and not settings.DEBUG:
        yield Warning(
            f"The GRIP proxy {name} has no key, so anybody can pass for it: its requests are not "
            "verified.",
            hint=(
                "Give Pushpin's sig_key as `key`: GRIP_URL = 'http://localhost:5561?key=…'. "
                "Fastly's public key is GRIP_VERIFY_KEY."
            ),
            id="dashboards.W022",
        )
    if "control_zmq_uri" in entry and not proxies.ZMQ_INSTALLED:
        instead = "by HTTP, more slowly" if "control_uri" in entry else "not at all"
        yield Warning(
            f"control_zmq_uri of the GRIP proxy {name} needs the packages pyzmq and tnetstring3; "
            f"without them it is published {instead}.",
            hint='pip install "django-live-dashboards[grip]"',
            id="dashboards.W024",
        )


@register("dashboards")
def check_permissions(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Permission classes must be classes that can be found."""
    messages: list[CheckMessage] = []
    for dashboard in registry:
        try:
            its = dashboard()
        except Exception:  # noqa: BLE001 - an __init__ of one's own may need a request
            its = dashboard.without_components()
        asked: dict[str, Callable[[], object]] = {dashboard.__name__: its.get_permissions}
        for key, component in dashboard.declared.items():
            asked[f"{dashboard.__name__}.{key}"] = partial(load, component.permission_classes)
        messages += [
            Error(
                f"The permission classes of {name} cannot be used: {reason}.",
                hint=(
                    "Give permission_classes, or DASHBOARDS['PERMISSION_CLASSES'], a list of "
                    "subclasses of BasePermission, or of dotted paths to them."
                ),
                id="dashboards.E009",
            )
            for name, ask in asked.items()
            if (reason := _get_mistake(ask))
        ]
    return messages


def _get_mistake(get_permissions: Callable[[], object]) -> str:
    """Return why permissions cannot be used; empty if they can."""
    try:
        permissions = get_permissions()
    except (ImportError, TypeError, DeclarationError) as error:
        return str(error).removesuffix(".")
    if iscoroutine(permissions):
        permissions.close()  # It is awaited when a request asks.
        return ""
    given: list[object] = list(permissions) if isinstance(permissions, Iterable) else [permissions]
    wrong = [each for each in given if not isinstance(each, BasePermission)]
    return f"{wrong[0]!r} is no BasePermission" if wrong else ""


@register("dashboards")
def check_menus(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A menu of an app's dashboards must name an app, or it is never there."""
    used = dict.fromkeys(dashboard.get_app_label() for dashboard in registry)
    return [
        Warning(
            f"{menu.__module__}.{menu.__qualname__}.app_label is {menu.app_label!r}, and there is "
            "no such app: the menu is never shown.",
            hint=f"Dashboards are registered for {', '.join(map(repr, used)) or 'no app yet'}.",
            id="dashboards.W015",
        )
        for menu in menu_registry
        if issubclass(menu, DashboardMenu)
        and not (menu.app_label in apps.app_configs or menu.app_label in used)
    ]


@register("dashboards")
def check_event_origins(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A browser compares the allowed origin letter by letter: scheme, host and port, no more."""
    if not apps.is_installed("django_eventstream"):
        return ()
    wrong = [
        (name, origin)
        for name in ("EVENTSTREAM_ALLOW_ORIGIN", "EVENTSTREAM_ALLOW_ORIGINS")
        for origin in _as_list(getattr(settings, name, None) or ())
        if origin not in ("*", _origin_of(origin))
    ]
    return [
        Warning(
            f"{name} holds {origin!r}, which is the origin of no page.",
            hint=(
                'Write scheme, host and port as the browser shows them, with no "/" at the end: '
                '"http://127.0.0.1:8000".'
            ),
            id="dashboards.W030",
        )
        for name, origin in wrong
    ]


def _as_list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _origin_of(text: Any) -> str:
    """Return the origin that stands at the beginning of an address; empty for none."""
    try:
        parts = urlsplit(text)
    except (AttributeError, TypeError, ValueError):
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


@register("dashboards")
def check_event_channels(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Channels that dashboards name must be under their permissions."""
    named = [dashboard for dashboard in registry if dashboard._meta.event_channels]  # noqa: SLF001 - ours
    if not named or not apps.is_installed("django_eventstream"):
        return ()
    path = getattr(settings, "EVENTSTREAM_CHANNELMANAGER_CLASS", "")
    try:
        manager = import_string(path)
    except ImportError:
        manager = None
    if isinstance(manager, type) and issubclass(manager, DashboardChannelManager):
        return ()
    return [
        Warning(
            f"{dashboard.__name__}.Meta.event_channels names "
            f"{', '.join(map(repr, dashboard._meta.event_channels))}, but whoever may not open "  # noqa: SLF001 - ours
            f"{dashboard.__name__} may read them all the same.",
            hint=(
                "Set EVENTSTREAM_CHANNELMANAGER_CLASS = "
                '"dashboards.eventstream.DashboardChannelManager".'
            ),
            id="dashboards.W031",
        )
        for dashboard in named
    ]
