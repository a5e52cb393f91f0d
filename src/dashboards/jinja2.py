"""The template tags as functions of Jinja2.

Use the environment or add the extension::

    "OPTIONS": {"environment": "dashboards.jinja2.environment"}
    "OPTIONS": {"extensions": ["dashboards.jinja2.DashboardsExtension"]}

and write ``{{ render_dashboard(dashboard) }}``, ``{{ render_component(dashboard, "key") }}``, and
``{{ dashboards_head(dashboard) }}`` in the page's head. ``dashboard_menus()`` returns an object
with the ``sections`` of the menu, and the name of the ``active`` one.
"""

from typing import Any

from django.utils.safestring import SafeString
from jinja2 import Environment, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context

from dashboards import embedding
from dashboards.dashboard import Dashboard
from dashboards.menus.registry import Sections, get_sections


class DashboardsExtension(Extension):
    """Adds the functions to an environment."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            render_dashboard=render_dashboard,
            render_component=render_component,
            dashboards_head=dashboards_head,
            dashboards_scripts=dashboards_scripts,
            dashboard_menus=dashboard_menus,
        )


def environment(**options: Any) -> Environment:
    """Return an environment with the functions, for a project without an environment of its own."""
    return Environment(**options, extensions=[DashboardsExtension])  # noqa: S701 - Django says autoescape=True


@pass_context
def render_dashboard(context: Context, dashboard: Dashboard) -> SafeString:
    """Render a dashboard inside your own page."""
    return embedding.render_dashboard(dashboard, context.get("request"))


@pass_context
def render_component(context: Context, dashboard: Dashboard, key: str) -> SafeString:
    """Render one component inside your own page."""
    return embedding.render_component(dashboard, key, context.get("request"))


@pass_context
def dashboards_head(context: Context, *dashboards: Dashboard) -> SafeString:
    """Render the tags that load the style sheet and the scripts."""
    return embedding.render_head(dashboards, nonce=context.get("csp_nonce"))


@pass_context
def dashboards_scripts(context: Context, *dashboards: Dashboard) -> SafeString:
    """Render the tags that load the scripts."""
    return embedding.render_scripts(dashboards, nonce=context.get("csp_nonce"))


@pass_context
def dashboard_menus(context: Context) -> Sections:
    """Return the sections of the menu that this page shows."""
    instance = getattr(context.get("dashboard"), "object", None)
    return get_sections(context.get("request"), instance)
