"""Render dashboards and components inside your own pages: for template tags and functions."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import get_template, render_to_string
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dashboards import conf
from dashboards.component import Chart
from dashboards.component.broadcast import get_page_prefixes
from dashboards.component.chart.bundles import PLOTLY, find_bundles
from dashboards.component.chart.component import WORLD
from dashboards.component.fragments import render_fragment
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
    urls = _find_urls(static(names[0]), names)
    context = {
        "scripts": _render_tags(urls, nonce),
        "box_menu": _render_box_menu(urls[0]),
        "csp_nonce": nonce,
        "prefixes": json.dumps(get_page_prefixes()),
        "release": get_release_id(),
        "reload_spread": conf.get("RELOAD_SPREAD_SECONDS"),
    }
    if _CHART_SCRIPT in paths:
        context |= {
            "plotly_bundles": json.dumps(
                {name: _find_static(path) for name, path in find_bundles().items()}
            ),
            "plotly_url": _find_static(PLOTLY),
            "world_url": _find_static(WORLD),
        }
    return _render("dashboards/scripts.html", context)


@lru_cache(maxsize=100)
def _find_urls(known_url: str, paths: Sequence[str]) -> Sequence[str]:  # noqa: ARG001 - for the cache
    """Return the URLs of static files: a page would spend a tenth of its time on finding them.

    Args:
        known_url: the URL of one of them: it changes if those of the others do.
        paths: their paths.
    """
    return [static(path) for path in paths]


def _render_box_menu(known_url: str) -> SafeString:
    """Render the words of the menu, and the addresses of its scripts, once for each language.

    Args:
        known_url: the URL of one static file: it changes if those of the others do.
    """
    template = get_template("dashboards/box_menu.html")
    has_menus = conf.get("BOX_MENUS")
    key = (get_language(), known_url, has_menus)
    context = {"scripts": _BOX_SCRIPTS, "has_menus": has_menus}
    return render_fragment(template, key, lambda: context, {})


def _render_tags(urls: Iterable[str], nonce: Any) -> SafeString:
    """Render a tag for each script: a loop of the template would take three times as long."""
    attribute = format_html(' nonce="{}"', nonce) if nonce else ""
    tags = [f'<script src="{escape(url)}" defer{attribute}></script>\n' for url in urls]
    return mark_safe("".join(tags))  # noqa: S308 - escaped


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
