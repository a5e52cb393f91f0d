"""Views of the shop: pages that contain dashboards, and views that forms are sent to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.html import format_html

from demo.pieces.dashboards.counter import Counter
from demo.pieces.dashboards.figures import Figures
from demo.pieces.dashboards.forms import Track
from demo.pieces.models import Order
from demo.pieces.source import read_class, read_definition, read_file


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
