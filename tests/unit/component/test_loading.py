"""Getting the value of a bound component: when, from which callable, with which arguments."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import RequestFactory

from dashboards.component import Gauge, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from tests.addresses import addresses
from tests.unit.component.support import Loading, box, dashboard_of


def test_error_of_a_callable_is_raised_unchanged():
    def read() -> int:
        msg = "no sensor"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="no sensor") as raised:
        dashboard_of(speed=Gauge(value=read))["speed"].get_value()

    assert not isinstance(raised.value, ComponentValueError)


def test_callable_gets_request_object_and_filters():
    def describe(request: Any, object: Any, filters: Mapping[str, Any]) -> str:  # noqa: A002
        return f"{request.path} {object} {dict(filters)}"

    class Own(Dashboard):
        it = Text(value=describe)

    request = RequestFactory().get("/here/", {"q": "1"})

    assert Own(request, object=7)["it"].get_value() == "/here/ 7 {'q': '1'}"
    assert Own(request, object=7)["it"].get_value() == "/here/ 7 {'q': '1'}"


def test_method_of_the_dashboard_overrides_the_declared_value():
    class Own(Dashboard):
        it = Stat(value="declared")
        other = Stat(value="declared")

        async def get_it_value(self, **kwargs: Any) -> str:
            return f"of the method, given {', '.join(sorted(kwargs))}"

    assert (
        Own()["it"].get_value().text
        == "of the method, given filters, filterset, object, request, user"
    )
    assert Own()["other"].get_value().text == "declared"


urlpatterns = addresses(Loading)


served = pytest.mark.urls(__name__)


@served
@pytest.mark.parametrize("key", ["deferred", "called", "by_method", "async_called"])
def test_deferred_component_is_rendered_without_its_value(key: str):
    html = box(Loading(RequestFactory().get("/")), key)

    assert "Loading…" in html.text
    assert "later" not in html.text
    assert "never" not in html.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("deferred", "later"),
        ("called", "called for /page/"),
        ("by_method", "by method, about 7"),
        ("async_called", "later"),
    ],
)
def test_deferred_component_gets_its_value(key: str, value: str):
    dashboard = Loading(RequestFactory().get("/page/"), object=7)

    assert dashboard[key].get_value() == value


def test_defer_method_set_to_none_loads_at_once():
    class Sometimes(Dashboard):
        it = Text(value="now", defer=True)
        get_it_defer: Any = None

    assert Sometimes()["it"].is_deferred is False
    assert Sometimes()["it"].get_value() == "now"
