"""Views of the shop: pages that contain dashboards, and views that forms are sent to."""

import inspect
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.html import format_html

from dashboards.registry import registry
from demo.pieces.dashboards.counter import Counter
from demo.pieces.dashboards.figures import Figures
from demo.pieces.dashboards.forms import Track
from demo.pieces.models import Order
from demo.pieces.source import DEMO, read_class, read_definition, read_file

# Shown after the module of the dashboard.
FILES = {
    "shop_operations": ("shop/values.py", "shop/forms.py", "shop/models.py", "shop/simulation.py"),
    "machine_machine": ("machine/charts.py", "machine/tables.py"),
}


def embedded(request: HttpRequest) -> HttpResponse:
    context = {
        "figures": Figures(),
        "counter": Counter(),
        "codes": [
            read_file("pieces/templates/pieces/embedded.html"),
            read_definition("pieces/views.py", "embedded"),
            read_class(Counter, frozenset([*Counter.declared, "Meta"])),
            read_file("pieces/menus.py"),
        ],
    }
    return render(request, "pieces/embedded.html", context)


def embedded_jinja(request: HttpRequest) -> HttpResponse:
    context = {
        "figures": Figures(),
        "counter": Counter(),
        "static": static,
        "codes": [
            read_file("pieces/jinja2/pieces/jinja.html"),
            read_definition("settings.py", "TEMPLATES"),
        ],
    }
    return render(request, "pieces/jinja.html", context, using="jinja2")


def code(request: HttpRequest, name: str) -> HttpResponse:
    """Show the source of a dashboard's page."""
    dashboard = {each.get_url_name(): each for each in registry}.get(name)
    source = Path(inspect.getfile(dashboard)) if dashboard else None
    # The ready-made dashboard of the package is none of the demo's.
    if source is None or not source.is_relative_to(DEMO):
        msg = f"There is no dashboard {name}."
        raise Http404(msg)
    own = str(source.relative_to(DEMO))
    codes = [read_file(each) for each in (own, *FILES.get(name, ()))]
    return render(request, "pieces/window.html", {"heading": "The source", "codes": codes})


def track(request: HttpRequest) -> HttpResponse:
    form = Track(request.GET)
    number = form.cleaned_data["number"] if form.is_valid() else 0
    order = Order.objects.filter(pk=number).first()
    told = f"is {order.get_state_display().lower()}" if order else "is none of ours"
    again = '<a href="/pieces/forms/">Ask again</a>'
    return HttpResponse(format_html(f"<p>That order {{}}. {again}</p>", told))


def become(request: HttpRequest, role: str) -> HttpResponse:  # noqa: ARG001 - URLconfs pass it
    response = redirect("dashboards:pieces_requests")
    response.set_cookie("role", role, httponly=True, samesite="Lax")
    return response
