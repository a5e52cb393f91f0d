"""Values that cannot be computed as they are declared: refused at declaration or registration."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group

from dashboards.component import Component, Form, Stat, Table
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.forms import DashboardForm
from dashboards.live import Every, OnChange
from dashboards.permissions import IsAuthenticated
from dashboards.registry import Registry
from tests.unit.dashboard.support import declare


def takes_start(start: int) -> int:
    return start


def takes_user(user: Any) -> str:
    return str(user)


def takes_request(request: Any) -> str:
    return str(request)


@pytest.mark.parametrize(
    ("component", "namespace", "name"),
    [
        (Stat(value=takes_start), {}, "value=takes_start"),
        (Stat(value=lambda strat: strat), {}, "value=<lambda>"),
        (Stat(value=partial(takes_start)), {}, "value=partial"),
        (Stat(value=1, defer=takes_start), {}, "defer=takes_start"),
        (Stat(), {"get_total_value": lambda self, start: start}, "get_total_value"),
        (Stat(), {"get_total_value": staticmethod(takes_start)}, "get_total_value"),
        (Stat(), {"get_total_defer": lambda self, *, start: start}, "get_total_defer"),
    ],
    ids=["value", "lambda", "partial", "defer", "method", "static method", "defer method"],
)
def test_value_with_an_unknown_parameter_is_refused_with_the_known_ones(
    component: Stat, namespace: dict[str, Any], name: str
):
    # A value with a misspelt argument raised TypeError on its first page, in production.
    with pytest.raises(DeclarationError) as raised:
        declare(component, **namespace)

    asked = "strat" if "lambda" in name and "get" not in name else "start"
    assert str(raised.value) == (
        f"Sales.total: {name} asks for {asked!r}, which it is never given. A value may ask for "
        "'request', 'object', 'user', 'filters', 'filterset'; give any other parameter a default."
    )


@pytest.mark.parametrize(
    "value",
    [
        lambda: 1,
        lambda request, object, user, filters, filterset: 1,  # noqa: A006 - users know it by this name
        lambda start=3: start,
        lambda **kwargs: 1,
        lambda *args: 1,
        partial(takes_start, 3),
        takes_user,
        dict,
    ],
    ids=["none", "known", "default", "kwargs", "args", "partial", "user", "built-in"],
)
def test_value_with_known_or_optional_parameters_is_accepted(value: Callable[..., Any]):
    assert declare(Stat(value=value)).declared["total"].value is value


@pytest.mark.parametrize("live", [Every(seconds=2), OnChange("auth.Group")])
@pytest.mark.parametrize(("value", "asked"), [(takes_user, "user"), (takes_request, "request")])
def test_broadcast_value_with_user_or_request_is_refused(
    live: Every | OnChange, value: Callable[..., Any], asked: str
):
    # It got None in place of the viewer, and everybody saw the result.
    with pytest.raises(DeclarationError) as raised:
        declare(Stat(value=value, live=live))

    trigger = type(live).__name__
    assert str(raised.value) == (
        f"Sales.total: value={value.__name__} asks for {asked!r}, but with live={trigger}(…) it is "
        "computed once for all viewers, without a request. "
        f'Declare live={trigger}(…, delivery="per_viewer"), so that each page loads its own value, '
        "or give the parameter a default."
    )


@pytest.mark.parametrize(
    "component",
    [
        Stat(value=takes_user, live=Every(seconds=2, delivery="per_viewer")),
        Stat(value=takes_user, live=Every(seconds=2), permission_classes=[IsAuthenticated]),
        Stat(value=takes_user, live=True),
        Stat(value=lambda user=None: user, live=Every(seconds=2)),
    ],
    ids=["refreshed", "restricted", "pushed", "default"],
)
def test_per_viewer_value_with_user_is_accepted(component: Stat):
    assert declare(component)


def test_value_with_user_on_a_dashboard_for_one_user_is_accepted():
    meta = type("Meta", (), {"app_label": "site", "audience": "user"})
    component = Stat(value=takes_user, live=Every(seconds=2))

    board: type[Dashboard] = type("Mine", (Dashboard,), {"Meta": meta, "total": component})

    assert board.declared == {"total": component}


@pytest.mark.parametrize("live", [Every(seconds=2), OnChange("auth.Group")])
@pytest.mark.parametrize(
    ("value", "reason"), [(5, "its value is a constant (int)"), (None, "it has no value")]
)
def test_computed_constant_is_refused_at_registration(
    live: Every | OnChange, value: Any, reason: str
):
    # The page showed "Live", and the figure never changed.
    dashboard = declare(Stat(value=value, live=live))

    with pytest.raises(DeclarationError) as raised:
        Registry().register(dashboard)

    assert str(raised.value) == (
        f"Sales.total: live={type(live).__name__}(…) computes the value again and again, but "
        f"{reason}. Give value a callable, or the dashboard a method get_total_value; use "
        "live=True where your own code pushes values."
    )


@pytest.mark.parametrize(
    ("component", "namespace"),
    [
        (Stat(value=lambda: 1, live=Every(seconds=2)), {}),
        (Stat(live=Every(seconds=2)), {"get_total_value": lambda self: 1}),
        (Stat(value=1, defer=lambda: 2, live=Every(seconds=2)), {}),
        (Table(value=Group.objects.all(), live=OnChange("auth.Group")), {}),
        (Table(value=Group.objects, live=OnChange("auth.Group")), {}),
        (Form(form=DashboardForm, live=OnChange("auth.Group")), {}),
        (Stat(value=5, live=True), {}),
        (Stat(value=5), {}),
    ],
    ids=["callable", "method", "defer", "queryset", "manager", "form", "pushed", "not-live"],
)
def test_computable_value_is_registered(component: Component, namespace: dict[str, Any]):
    assert list(registered(declare(component, **namespace)))


def test_base_without_a_computed_value_is_declared():
    base = declare(Stat(live=Every(seconds=2)))
    derived = type("Derived", (base,), {"get_total_value": lambda self: 1})

    assert list(registered(derived)) == [derived]


def registered(dashboard: type[Dashboard]) -> Registry:
    registry = Registry()
    registry.register(dashboard)
    return registry


@pytest.mark.parametrize("live", ["yes", Every, 5], ids=["text", "class", "number"])
def test_live_of_another_type_is_refused(live: Any):
    dashboard = declare(Stat(live=live))

    with pytest.raises(DeclarationError) as raised:
        Registry().register(dashboard)

    assert str(raised.value) == (
        f"Sales.total: live must be True, False, Every(seconds=…) or OnChange(Model), got {live!r}."
    )
