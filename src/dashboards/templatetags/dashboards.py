"""``{% load dashboards %}``: a component's box, and the scripts that make a page live."""

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from dashboards.component.bound import BoundComponent
from dashboards.dashboard import Dashboard

register = template.Library()


@register.simple_tag
def component_box(dashboard: Dashboard, component: BoundComponent) -> SafeString:
    """Render a component's heading and box, with its value where the page need not wait."""
    return dashboard.render_box(component.key)


@register.inclusion_tag("dashboards/scripts.html", takes_context=True)
def dashboards_scripts(context: Context, *dashboards: Dashboard) -> dict[str, Any]:
    """Load htmx, the live extension and what the components of these dashboards need."""
    paths = [path for dashboard in dashboards for path in dashboard.scripts]
    return {"paths": list(dict.fromkeys(paths)), "csp_nonce": context.get("csp_nonce")}
