"""The templates of one request: each is found once, and context processors run once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from posixpath import normpath
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from dashboards import embedding
from dashboards.component import Gauge, Stat, Text
from dashboards.component.layout import HR, HTML, Card, ComponentLayout, Tab, TabContainer
from dashboards.component.stat import StatData
from dashboards.component.stat.data import StatChange
from dashboards.dashboard import Dashboard
from dashboards.views import PageView
from tests.site.dashboards import HOSTILE
from tests.unit.component.support import use_templates

pytestmark = pytest.mark.django_db


processed_requests: list[HttpRequest] = []


def count(request: HttpRequest) -> dict[str, Any]:
    """Return the context of a context processor, and count its calls."""
    processed_requests.append(request)
    return {"greeting": f"Hello from {request.path}"}


class Board(Dashboard):
    class Meta:
        app_label = "site"

    one = Gauge(value=1)
    two = Gauge(value=2)
    three = Text(value="3")
    four = Stat(value={"text": 4, "href": "/"})
    plain = Stat(value=5)


def with_templates(settings: Settings, **templates: str) -> None:
    """Replace templates of components, and let the context processor ``count`` run."""
    texts = {
        normpath(f"dashboards/components/{name}.html"): text for name, text in templates.items()
    }
    use_templates(settings, texts, f"{__name__}.count")


def test_context_processors_run_once_for_all_components(settings: Settings):
    with_templates(settings, gauge="{{ greeting }}: {{ component.key }}")
    processed_requests.clear()

    html = Board(RequestFactory().get("/here/")).render_components()

    assert html.count("Hello from /here/") == 2
    assert len(processed_requests) == 1


@pytest.mark.parametrize("is_embedded", [False, True], ids=["page", "embedded"])
def test_context_processors_run_once_for_a_page_and_its_components(
    settings: Settings, is_embedded: bool
):
    """Context processors ran twice a page, for the page's own template and for all components. They
    run once, and a component's template sees as little of the page's values as before."""
    page = '{% firstof "leaked" as mine %}{{ greeting }} {{ dashboard.render_components }}'
    text = "{{ greeting }}: {{ mine }}{{ dashboard }}{{ rendered_value }}"
    with_templates(settings, text=text, **{"../dashboard": page, "../embedded": page})

    class Shown(Dashboard):
        it = Text(value="shown")

        class Meta:
            app_label = "site"

    request = RequestFactory().get("/here/")
    request.user = AnonymousUser()
    processed_requests.clear()
    if is_embedded:
        html = embedding.render_dashboard(Shown(), request)
    else:
        html = PageView.as_view(dashboard_class=Shown)(request).content.decode()  # type: ignore[attr-defined]

    assert html.startswith("Hello from /here/ <")
    assert "Hello from /here/: shown" in html
    assert len(processed_requests) == 1


def test_context_belongs_to_the_request(settings: Settings):
    with_templates(settings, gauge="{{ greeting }} {{ request.path }} {% csrf_token %}")
    first, second = (Board(RequestFactory().get(path)) for path in ("/a/", "/b/"))

    assert "Hello from /a/ /a/" in first["one"].render_box()
    assert "Hello from /b/ /b/" in second["one"].render_box()
    assert "Hello from /a/ /a/" in first["two"].render_box()
    assert "csrfmiddlewaretoken" in first["two"].render_box()


def test_layout_objects_have_the_context(settings: Settings):
    class LaidOut(Board):
        class Layout(Dashboard.Layout):
            components = ComponentLayout(Card(HTML("x")), TabContainer(Tab("a", HR())))

        class Meta:
            app_label = "site"

    templates = dict.fromkeys(
        ("../layout/card", "../layout/hr"), "{{ greeting }} {{ request.path }};"
    )
    with_templates(settings, **templates)

    html = LaidOut(RequestFactory().get("/a/")).render_components()
    assert html.count("Hello from /a/ /a/;") == 2
    assert " ;" in LaidOut().render_components(), "without a request nothing is known of one"


def test_variable_of_a_template_is_missing_in_the_next(settings: Settings):
    text = '{% firstof "leaked" as mine %}{{ mine }}{{ rendered_value }}'
    with_templates(settings, text=text, gauge="<i>{{ mine|default:'nothing' }}</i>")

    class Leaky(Dashboard):
        class Meta:
            app_label = "site"

        first = Text(value="x")
        second = Gauge(value=1)

    html = Leaky(RequestFactory().get("/")).render_components()

    assert "leaked" in html
    assert "<i>nothing</i>" in html


def test_template_after_a_failed_one_is_rendered(settings: Settings):
    with_templates(settings, text="{% include rendered_value %}", gauge="{{ component.key }}")
    board = Board(RequestFactory().get("/"))

    with pytest.raises(Exception, match="3"):
        board["three"].render(board["three"].get_value())
    assert board["one"].render(board["one"].get_value()) == "one"


VALUES = [
    5,
    0,
    1234567.891,
    -3,
    "",
    None,
    "words",
    HOSTILE,
    mark_safe("<b>bold</b>"),
    True,
    False,
    timedelta(minutes=3),
    gettext_lazy("Monday"),
    {"text": 5, "sub_text": "below"},
    {"text": "", "sub_text": "only below"},
    {"text": 5, "sub_text": HOSTILE},
    {"text": 5, "sub_text": mark_safe("<i>safe</i>")},
    {"text": 5, "sub_text": 0},
    {"text": 5, "sub_text": None},
    {"text": "<dashboards-note>", "sub_text": "<dashboards-figure>"},
    StatData(text=mark_safe("<dashboards-note>"), sub_text="below"),
    {"text": 5, "decimals": 2},
    {"text": date(2026, 3, 2), "date_format": "D j M"},
    datetime(2026, 3, 2, 20, tzinfo=UTC),
    {"text": 5, "unit": "ms"},
    {"text": 5, "prefix": "€", "sub_text": "x"},
    {"text": 5, "change": StatChange(by=1)},
    {"text": 5, "change": {"text": "as ever", "period": timedelta(days=7)}},
    {"text": 5, "sparkline": [1, 2]},
    {"text": 5, "icon": "star"},
    {"text": 5, "href": "/"},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("language", ["en", "de"])
def test_shortcut_of_a_stat_equals_its_template(value: Any, language: str):
    with translation.override(language):
        stat = Board(RequestFactory().get("/"))["plain"]
        data = stat.prepare(value)
        context = {"component": stat, "rendered_value": data}
        expected = render_to_string(Stat.template, context).strip()

        # The first rendering keeps a fragment, the second fills it.
        assert [stat.render(data), stat.render(data)] == [expected, expected]


def test_sse_stat_template_is_rendered():
    """``sse_stat.html`` connects to where the component says."""

    @dataclass
    class Sent(Stat):
        template: str = "dashboards/components/sse_stat.html"

        @staticmethod
        def pushpin_url() -> str:
            return "/events/"

    class Page(Dashboard):
        class Meta:
            app_label = "site"

        it = Sent(value=1)

    assert 'sse-connect="/events/"' in Page(RequestFactory().get("/"))["it"].render_box()


def test_stat_template_of_the_project_is_rendered_each_time(settings: Settings):
    with_templates(
        settings, stat="{{ request.path }} {% if rendered_value.text > 4 %}much{% endif %}"
    )

    for path in ("/a/", "/b/"):
        assert f"{path} much" in Board(RequestFactory().get(path))["plain"].render_box()
