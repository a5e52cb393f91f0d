"""Dashboards in templates of Jinja2."""

from typing import Any

import pytest

pytest.importorskip("jinja2")

from django.template.backends.jinja2 import Jinja2

from tests.site.dashboards import Live, Mixed
from tests.unit.guards import request_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "options",
    [
        {"environment": "dashboards.jinja2.environment"},
        {"extensions": ["dashboards.jinja2.DashboardsExtension"]},
    ],
    ids=["environment", "extension"],
)
def test_functions_in_jinja2_templates(options: dict[str, Any]):
    engine = Jinja2({"NAME": "jinja2", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})
    template = engine.from_string(
        "<head>{{ dashboards_head(live) }}{{ dashboards_scripts() }}</head>"
        "{{ render_dashboard(live) }}{{ render_component(mixed, 'after') }}"
        "{{ render_component(mixed, 'secret') }}{{ live['note'] }}{{ '<b>' }}"
    )

    request = request_of(name="Ann")
    html = template.render({"live": Live(request), "mixed": Mixed()}, request)

    assert "Hello Ann" in html
    assert 'class="dashboards-component' in html
    assert "dashboards.css" in html
    assert "site_mixed-after" in html
    assert "secret" not in html
    assert "&lt;b&gt;" in html
