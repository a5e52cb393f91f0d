"""Dashboards in a page that is not theirs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from demo.pieces.dashboards.counter import Counter
from demo.pieces.dashboards.figures import Figures
from demo.pieces.source import read_class, read_file


def embedded(request: HttpRequest) -> HttpResponse:
    context = {
        "figures": Figures(),
        "counter": Counter(),
        "codes": [
            read_file("templates/pieces/embedded.html"),
            read_file("views.py"),
            read_class(Counter, frozenset([*Counter.declared, "Meta"])),
            read_file("menus.py"),
        ],
    }
    return render(request, "pieces/embedded.html", context)
