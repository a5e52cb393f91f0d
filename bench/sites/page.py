"""A page of twenty stats, by the package called ``dashboards`` that is installed here.

``python -m bench.sites.page PAGES`` prints the milliseconds of processor time that a page took. The
older django-dashboards has the same names, so that both run these lines; each has an environment
of its own.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings

STATS = 20

settings.configure(
    SECRET_KEY="of no use",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        *("django.contrib.contenttypes", "django.contrib.auth", "django.contrib.staticfiles"),
        *(["django_htmx"] if find_spec("django_htmx") else []),
        "dashboards",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        },
    ],
    STATIC_URL="/static/",
)
django.setup()

# Both need the app registry.
from django.http import HttpResponse  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.urls import include, path, resolve, reverse  # noqa: E402

from dashboards.component import Stat  # noqa: E402
from dashboards.dashboard import Dashboard  # noqa: E402
from dashboards.permissions import AllowAny  # noqa: E402
from dashboards.registry import registry  # noqa: E402


def figure(number: int) -> Callable[..., dict[str, Any]]:
    # Of some thousands: grouping their digits takes time.
    return lambda **_: {"text": 12_345 * (number + 1), "sub_text": "of twenty"}


class Meta:
    app_label = "dashboards"
    permission_classes = (AllowAny,)


Board = type(
    "Board",
    (Dashboard,),
    {
        # The older package requires the label of an installed app.
        "__module__": "dashboards.board",
        "Meta": Meta,
        **{f"stat_{number}": Stat(value=figure(number)) for number in range(STATS)},
    },
)
registry.register(Board)
urlpatterns = [path("", include("dashboards.urls"))]


def get_page() -> HttpResponse:
    """Answer a request by the URLconf, without middleware, which is the same for both."""
    url = reverse("dashboards:dashboards_board")
    match = resolve(url)
    response: Any = match.func(RequestFactory().get(url), *match.args, **match.kwargs)
    page: HttpResponse = response.render() if hasattr(response, "render") else response
    return page


def main(pages: int) -> None:
    page = get_page()
    assert page.status_code == 200
    assert page.content.count(b"of twenty") == STATS, page.content
    began = time.process_time()
    for _ in range(pages):
        get_page()
    print(1000 * (time.process_time() - began) / pages)


if __name__ == "__main__":
    main(int(sys.argv[1]))
