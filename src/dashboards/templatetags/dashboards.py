"""``{% load dashboards %}``: a component's box, and the scripts that make a page live."""

from typing import Any

from django import template
from django.template.context import Context

from dashboards.component.bound import BoundComponent, entity_tag
from dashboards.dashboard import Dashboard

register = template.Library()


@register.inclusion_tag("dashboards/component.html")
def component_box(dashboard: Dashboard, component: BoundComponent) -> dict[str, Any]:
    """Render a component's heading and box, with its value where the page need not wait."""
    content = dashboard.render_content(component.key)
    etag = "" if content is None else entity_tag(content)
    return {"component": component, "content": content, "etag": etag}


@register.inclusion_tag("dashboards/scripts.html", takes_context=True)
def dashboards_scripts(context: Context, *dashboards: Dashboard) -> dict[str, Any]:
    """Load htmx, the live extension and what the components of these dashboards need."""
    paths = [path for dashboard in dashboards for path in dashboard.scripts]
    return {"paths": list(dict.fromkeys(paths)), "csp_nonce": context.get("csp_nonce")}
