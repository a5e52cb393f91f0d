"""A component bound to a dashboard instance: the fields of its declaration, and its parameters."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import RequestFactory

from dashboards.component import Component
from dashboards.component.base import Bound
from dashboards.dashboard import Dashboard
from tests.unit.dashboard.support import Badge, Base


class Badges(Dashboard):
    plain = Badge(value="as declared")
    quick = Badge(value={"text": "quicker"}, poll_rate=2)
    still = Badge(value="still", poll_rate=None, thresholds=[7])

    class Meta:
        app_label = "site"


def test_dataclass_of_a_user_redefines_fields():
    assert [component.trigger for component in Badges()] == ["every 10s", "every 2s", ""]
    assert {component.template for component in Badges()} == {"site/badge.html"}


def test_dataclass_of_a_user_has_fields_for_each_instance():
    assert [component.thresholds for component in Badges()] == [[1, 2], [1, 2], [7]]
    assert Badges.declared["plain"].thresholds is not Badges.declared["quick"].thresholds  # type: ignore[attr-defined]


def test_static_method_is_called_from_the_template():
    component = Badges()["quick"]

    html = component.render(component.get_value())

    assert '<b class="badge">★ &lt;new&gt;</b>' in html
    assert "<span>quicker</span>" in html


def test_unknown_attribute_raises_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = Badges()["plain"].nonsense


def test_params_are_those_of_the_component():
    request = RequestFactory().get(
        "/", {"first-page": ["2", "3"], "second-page": "9", "first": "x", "page": "1", "first-": ""}
    )

    params = Base(request)["first"].params

    assert dict(params.lists()) == {"page": ["2", "3"], "": [""]}
    assert params["page"] == "3"
    assert Base()["first"].params == {}


def test_prepare_value_reads_the_parameters():
    @dataclass
    class Paged(Component):
        def prepare_value(self, value: Any, bound: Bound | None = None) -> str:
            assert bound is not None
            return f"{value}, page {bound.params.get('page', '1')}"

    class Pages(Base):
        rows = Paged(value="rows")

    request = RequestFactory().get("/", {"rows-page": "7"})

    assert Pages(request)["rows"].get_value() == "rows, page 7"
    assert Pages()["rows"].prepare("pushed") == "pushed, page 1"


def test_bound_component_is_copied():
    component = Badges()["plain"]

    twin = copy.copy(component)

    assert twin is not component
    assert twin.get_value() == component.get_value()
