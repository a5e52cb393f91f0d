"""Render dashboards and components inside your own pages: for template tags and functions."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import get_template, render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from dashboards import conf
from dashboards.component import Chart
from dashboards.component.broadcast import get_page_prefixes
from dashboards.component.chart.bundles import PLOTLY, find_bundles
from dashboards.component.chart.component import WORLD
from dashboards.component.fragments import placeholder, render_fragment
from dashboards.dashboard import Dashboard
from dashboards.permissions import grants
from dashboards.registry import registry
from dashboards.releases import get_release_id
from dashboards.storable_text import clean_text


def render_dashboard(dashboard: Dashboard, request: HttpRequest | None = None) -> SafeString:
    """Render a dashboard without a page around it: filters, components and the live connection.

    The result is empty if the request may not open the dashboard. The response is that of your own
    view: if not every visitor may see the dashboard, decorate the view with
    ``cache_control(private=True, no_store=True)``, as the package's own pages do.

    Args:
        dashboard: an instance. If it has no request, it is bound to this one.
        request: the request that the page is served to.
    """
    bound = bind(dashboard, request)
    if bound is None:
        return SafeString()
    context = {"dashboard": bound, "stream_url": open_stream(bound)}
    return _render_around("dashboards/embedded.html", context, bound)


def render_component(
    dashboard: Dashboard, key: str, request: HttpRequest | None = None
) -> SafeString:
    """Render one component of a dashboard. Several of one instance share its stream.

    The result is empty if the request may not see the component.

    Args:
        dashboard: an instance. If it has no request, it is bound to this one.
        key: the component's key.
        request: the request that the page is served to.

    Raises:
        UnknownComponentError: the class does not declare this component.
    """
    bound = bind(dashboard, request)
    if bound is None:
        return SafeString()
    if key not in bound.components and (key in bound.declared or type(bound).is_dynamic):
        return SafeString()  # Not for this request.
    component = bound[key]
    stream_url = open_stream(bound) if component.live else ""
    context = {"dashboard": bound, "component": component, "stream_url": stream_url}
    return _render_around("dashboards/embedded_component.html", context, bound)


def bind(dashboard: Dashboard, request: HttpRequest | None) -> Dashboard | None:
    """Return the dashboard bound to a request, or None if the request may not open it."""
    given: object = dashboard
    if not isinstance(given, Dashboard):
        msg = f"Only an instance of a dashboard can be rendered, got {given!r}."
        raise TypeError(msg)
    if request is None:
        request = dashboard.request
    if request is None:
        msg = (
            f"{type(dashboard).__name__} is rendered without a request: give it one, or add "
            "django.template.context_processors.request to your context processors."
        )
        raise TypeError(msg)
    if dashboard.request is None:
        dashboard = dashboard.bind(request)
    return dashboard if grants(dashboard.has_permission, request) else None


def open_stream(dashboard: Dashboard) -> str:
    """Return the URL of the stream; an empty string if nothing is live.

    Call it before values are rendered: the URL contains the position that was read by then.
    """
    if not dashboard.is_live:
        return ""
    dashboard.compute_due(deferred=False)
    return dashboard.get_stream_url()


# The scripts of every page. Each uses only those before it; page.js comes first, from the template.
_PAGE_SCRIPTS = tuple(
    f"dashboards/js/{name}.js"
    for name in (
        *("trust", "fields", "releases", "states", "preserve"),
        *("events", "slots", "streams", "views", "updates", "live", "speech", "boxes"),
    )
)

# The scripts that boxes.js loads when the first menu of a box is opened.
_BOX_SCRIPTS = tuple(
    f"dashboards/js/box/{name}.js"
    for name in ("words", "rows", "table", "view", "files", "zoom", "enlarge", "menu")
)

_NONCE = placeholder("nonce")

_CHART_SCRIPT = Chart.scripts[-1]
"""The template adds the addresses of plotly.js to pages with this script."""

# The scripts that any dashboard may need, for a page that does not name its dashboards. Without
# plotly.js, which the first chart loads itself.
_COMMON_SCRIPTS = (
    *Chart.scripts,
    *(f"dashboards/js/{name}.js" for name in ("tabs", "deferred", "forms")),
)


def render_scripts(dashboards: Sequence[Dashboard], nonce: Any = None) -> SafeString:
    """Render the scripts of these dashboards; without any, those of all registered ones."""
    if dashboards:
        paths = [path for each in dashboards for path in each.scripts]
    else:
        components = (each for dashboard in registry for each in dashboard.declared.values())
        paths = [*_COMMON_SCRIPTS, *(path for each in components for path in each.scripts)]
    names = tuple(dict.fromkeys((*_PAGE_SCRIPTS, *paths)))
    settings, release, prefixes = conf.current(), get_release_id(), get_page_prefixes()
    jitter, has_menus = settings["RELOAD_SPREAD_SECONDS"], settings["BOX_MENUS"]

    def make_context() -> dict[str, Any]:
        menu = {"scripts": _BOX_SCRIPTS, "has_menus": has_menus}
        context = {
            "scripts": _render_tags(names, nonce),
            "box_menu": _render("dashboards/box_menu.html", menu),
            "csp_nonce": _NONCE if nonce else None,
            "prefixes": json.dumps(prefixes),
            "release": release,
            "reload_spread": jitter,
        }
        if _CHART_SCRIPT in paths:
            bundles = {name: _find_static(path) for name, path in find_bundles().items()}
            context |= {
                "plotly_bundles": json.dumps(bundles),
                "plotly_url": _find_static(PLOTLY),
                "world_url": _find_static(WORLD),
            }
        return context

    # Rendered once: it would be a sixth of the time of a page. The URL of one static file changes
    # if those of the others do.
    key = (
        *(names, static(names[0]), get_language(), get_current_timezone_name()),
        *(bool(nonce), *prefixes.items(), jitter, release, has_menus),
    )
    template = get_template("dashboards/scripts.html")
    return render_fragment(template, key, make_context, {_NONCE: clean_text(str(nonce or ""))})


def _render_tags(names: Iterable[str], nonce: Any) -> SafeString:
    """Render a tag for each script, with a placeholder if there is a nonce."""
    attribute = format_html(' nonce="{}"', _NONCE) if nonce else ""
    return format_html_join(
        "", '<script src="{}" defer{}></script>\n', ((static(name), attribute) for name in names)
    )


def _find_static(path: str) -> str:
    """Return the URL of a static file; an empty string if it was not collected."""
    try:
        return static(path)
    except ValueError:
        return ""


def render_head(dashboards: Sequence[Dashboard], nonce: Any = None) -> SafeString:
    """Render the style sheet and the scripts."""
    style = _render("dashboards/style.html", {})
    return mark_safe(style + render_scripts(dashboards, nonce))  # noqa: S308 - both are rendered


def _render(template: str, context: dict[str, Any]) -> SafeString:
    return mark_safe(clean_text(render_to_string(template, context)))  # noqa: S308 - it escapes


def _render_around(template: str, context: dict[str, Any], dashboard: Dashboard) -> SafeString:
    html = clean_text(dashboard.templates.render_around(template, context))
    return mark_safe(html)  # noqa: S308 - rendered by a template, which escapes
