"""``{% load dashboards %}``: dashboards and components in your own pages, and their scripts."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language

from dashboards import conf, embedding
from dashboards.component.bound import BoundComponent
from dashboards.component.fragments import placeholder, render_fragment
from dashboards.component.templates import Templates
from dashboards.dashboard import Dashboard
from dashboards.menus.registry import get_sections

register = template.Library()


@register.simple_tag
def component_box(dashboard: Dashboard, component: BoundComponent) -> SafeString:
    """Render a component's heading and box, with its value unless the page loads it later."""
    return dashboard.render_box(component.key)


@register.simple_tag(takes_context=True)
def render_dashboard(context: Context, dashboard: Dashboard) -> SafeString:
    """Render a dashboard inside your own page."""
    return embedding.render_dashboard(dashboard, context.get("request"))


@register.simple_tag(takes_context=True)
def render_component(context: Context, dashboard: Dashboard, key: str) -> SafeString:
    """Render one component of a dashboard inside your own page."""
    return embedding.render_component(dashboard, key, context.get("request"))


@register.simple_tag(takes_context=True)
def dashboard_menus(context: Context) -> str:
    """Add the menus of this page to the context.

    ``sections`` is a dict of items by the section's name. ``active_section`` is the name of the
    section that contains the page. An item has ``title``, ``url``, ``children``, ``selected``,
    ``open`` and ``is_external``.
    """
    instance = getattr(context.get("dashboard"), "object", None)
    shown = get_sections(context.get("request"), instance)
    context["sections"] = shown.sections
    context["active_section"] = shown.active
    context["has_menu"] = shown.has_choice
    return ""


@register.simple_tag
def dashboards_theme_picker() -> bool:
    """Return True if viewers choose between light and dark: the setting ``THEME_PICKER``."""
    return bool(conf.get("THEME_PICKER"))


@register.simple_tag(takes_context=True)
def include_words(context: Context, name: str, **texts: str) -> str:
    """Include a template in which only words, static files and these texts differ between pages.

    The package's own is rendered once for each language: the words of the tools would be a tenth of
    the time of a page. One of the same name in a project is included as ``{% include %}`` does it.
    """
    dashboard = context.get("dashboard")
    templates = dashboard.templates if dashboard else Templates(context.get("request"))
    found = templates.find(name)
    if not found.is_packaged:
        values: dict[Any, Any] = {**context.flatten(), **texts}
        return mark_safe(templates.render(name, values))  # noqa: S308 - of a template
    places = {name: placeholder(name) for name in texts}
    filled = {places[name]: text for name, text in texts.items()}
    key = (get_language(), templates.asset_url)
    return render_fragment(found.template, key, lambda: places, filled)


@register.simple_tag(takes_context=True)
def dashboards_printed(context: Context) -> str:
    """Include the time of the page, which is shown on paper."""
    now = datetime.now(get_current_timezone() if settings.USE_TZ else None)
    text = formats.date_format(now, "DATETIME_FORMAT")
    return include_words(context, "dashboards/printed.html", at=now.isoformat(), text=text)


@register.simple_tag(takes_context=True)
def dashboards_head(context: Context, *dashboards: Dashboard) -> SafeString:
    """Render the tags that load the style sheet and the scripts, for the head of your own page."""
    return embedding.render_head(dashboards, context.get("csp_nonce"))


@register.simple_tag(takes_context=True)
def dashboards_scripts(context: Context, *dashboards: Dashboard) -> SafeString:
    """Render the tags that load htmx and the scripts of these dashboards."""
    return embedding.render_scripts(dashboards, context.get("csp_nonce"))
