#!/usr/bin/env python
"""Count the calls that a push and a page make within the package.

``.venv/bin/python scripts/trace_calls.py`` prints three numbers for a push to a dashboard with one
``Stat`` and with twenty, and for a page with one and with twenty: how many Python functions of
``dashboards`` are called, in how many modules, and how often execution moves from one of its
modules to another, by a call or by a return. ``--list`` also prints the functions by the number of
their calls. Each is run once before it is counted: what the process caches is not counted.

Each entry into a Python frame of the package's files is a call: of a function, method, property or
lambda, and of a generator each time that it goes on, so that a ``with`` of a ``contextmanager``
makes two. A comprehension is part of its function. Functions written in C, and those of Django and
the standard library, are not counted; neither are moves into them and back.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).parent.parent
COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>"}
"""Frames until Python 3.11, part of the function that contains them since."""

PACKAGE = str(ROOT / "src" / "dashboards") + os.sep

sys.path[:0] = [str(ROOT / "src")]
settings.configure(
    SECRET_KEY="of no use",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=[
        *("django.contrib.contenttypes", "django.contrib.auth", "django.contrib.staticfiles"),
        *("django_htmx", "dashboards"),
    ],
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
    ],
    STATIC_URL="/static/",
    DASHBOARDS={"STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}},
)
django.setup()

# These need the app registry.
from django.test import RequestFactory  # noqa: E402
from django.urls import include, path, resolve, reverse  # noqa: E402

from dashboards.component import Stat  # noqa: E402
from dashboards.dashboard import Dashboard  # noqa: E402
from dashboards.live import push  # noqa: E402
from dashboards.permissions import AllowAny  # noqa: E402
from dashboards.registry import registry  # noqa: E402


class Meta:
    """The options of each dashboard."""

    app_label = "dashboards"
    permission_classes = (AllowAny,)


def make_dashboard(name: str, stats: int, **options: Any) -> type[Dashboard]:
    """Register a dashboard with so many stats and return it."""
    components = {f"stat_{number}": Stat(**options) for number in range(stats)}
    made: type[Dashboard] = type(name, (Dashboard,), {"Meta": Meta, **components})
    registry.register(made)
    return made


def get_value(**_: Any) -> dict[str, Any]:
    """Return the value of a stat."""
    return {"text": 12_345, "sub_text": "of twenty"}


Pushed = make_dashboard("Pushed", 1, live=True)
PushedTwenty = make_dashboard("PushedTwenty", 20, live=True)
make_dashboard("One", 1, value=get_value)
make_dashboard("Twenty", 20, value=get_value)
urlpatterns = [path("", include("dashboards.urls"))]


def get_page(name: str) -> None:
    """Request a dashboard's page from its view."""
    url = reverse(f"dashboards:dashboards_{name}")
    match = resolve(url)
    response: Any = match.func(RequestFactory().get(url), *match.args, **match.kwargs)
    assert response.status_code == HTTPStatus.OK


class Trace:
    """The calls of the package's functions while ``run`` runs."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.moves = 0
        self._stack: list[str] = []
        run()
        sys.setprofile(self._profile)
        try:
            run()
        finally:
            sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event not in ("call", "return") or not file.startswith(PACKAGE):
            return
        if frame.f_code.co_name in COMPREHENSIONS:
            return
        module = file.removeprefix(PACKAGE)
        if event == "call":
            self.calls[module, frame.f_code.co_qualname] += 1
            self.moves += bool(self._stack) and self._stack[-1] != module
            self._stack.append(module)
        elif self._stack:
            self._stack.pop()
            self.moves += bool(self._stack) and self._stack[-1] != module

    def __str__(self) -> str:
        modules = {module for module, _ in self.calls}
        return f"{self.calls.total():,} calls, {len(modules)} modules, {self.moves:,} moves"


def main() -> None:
    """Print the traces."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="print the functions, too")
    arguments = parser.parse_args()
    traces = {
        "push of one Stat": Trace(lambda: push(Pushed, "stat_0", 7)),
        "push of one of twenty Stats": Trace(lambda: push(PushedTwenty, "stat_0", 7)),
        "page with one Stat": Trace(lambda: get_page("one")),
        "page with twenty Stats": Trace(lambda: get_page("twenty")),
    }
    for name, trace in traces.items():
        sys.stdout.write(f"{name}: {trace}\n")
        if arguments.list:
            for (module, function), number in trace.calls.most_common():
                sys.stdout.write(f"  {number:5} {module} {function}\n")


if __name__ == "__main__":
    main()
