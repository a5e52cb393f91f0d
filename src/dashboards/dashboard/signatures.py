"""Checks, at registration, that a value can be computed as its component is declared."""

import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any

from django.db.models import Manager, QuerySet

from dashboards.component.age import is_age
from dashboards.component.base import Component
from dashboards.dashboard.options import Options
from dashboards.exceptions import DeclarationError
from dashboards.live.compute.triggers import Every, OnChange

_ARGUMENTS = ("request", "object", "user", "filters", "filterset")
"""The arguments that a callable value may have."""


def check_callables(label: str, key: str, component: Component, cls: type) -> None:
    """Refuse a callable with a required parameter that it never gets.

    Args:
        label: the component's name, for the error.
        key: the component's key.
        component: the component.
        cls: the dashboard class, which may have ``get_<key>_value`` and ``get_<key>_defer``.

    Raises:
        DeclarationError: a parameter without a default is none of the known ones, or is
            ``request`` or ``user`` where the value is computed once for all viewers.
    """
    # The class attribute, because Meta has been validated there.
    meta: Options = cls._meta  # type: ignore[attr-defined]
    live = component.live
    for name, function in _get_callables(key, component, cls):
        required = _get_required(function)
        if unknown := [each for each in required if each not in _ARGUMENTS]:
            msg = (
                f"{label}: {name} asks for {', '.join(map(repr, unknown))}, which it is never "
                f"given. A value may ask for {', '.join(map(repr, _ARGUMENTS))}; give any other "
                "parameter a default."
            )
            raise DeclarationError(msg)
        if not _is_computed_for_all(component):
            continue
        missing = {"request"} if meta.audience == "user" else {"request", "user"}
        if asked := [each for each in required if each in missing]:
            trigger = type(live).__name__
            msg = (
                f"{label}: {name} asks for {', '.join(map(repr, asked))}, but with "
                f"live={trigger}(…) it is computed once for all viewers, without a request. "
                f'Declare live={trigger}(…, delivery="per_viewer"), so that each page loads its '
                "own value, or give the parameter a default."
            )
            raise DeclarationError(msg)


def check_live_values(cls: type, declared: dict[str, Component]) -> None:
    """Refuse values of ``live`` that compute or show nothing.

    Args:
        cls: a dashboard class that is being registered.
        declared: its components by key.

    Raises:
        DeclarationError: ``live`` or ``stale_after`` is of another type; or ``live`` is ``Every``
            or ``OnChange``, and nothing can be called.
    """
    for key, component in declared.items():
        live: object = component.live
        if not isinstance(live, bool | Every | OnChange):
            msg = (
                f"{cls.__name__}.{key}: live must be True, False, Every(seconds=…) or "
                f"OnChange(Model), got {live!r}."
            )
            raise DeclarationError(msg)
        if not is_age(component.stale_after):
            msg = (
                f"{cls.__name__}.{key}: stale_after must be None, or a finite number of seconds "
                f"or a timedelta above 0, got {component.stale_after!r}."
            )
            raise DeclarationError(msg)
        if isinstance(live, bool) or component.is_personal:
            continue
        value = component.value
        # A queryset is evaluated each time that the component is rendered.
        is_read_anew = isinstance(value, QuerySet | Manager)
        if is_read_anew or any(_get_callables(key, component, cls)):
            continue
        kind = type(value).__name__
        given = "it has no value" if value is None else f"its value is a constant ({kind})"
        msg = (
            f"{cls.__name__}.{key}: live={type(live).__name__}(…) computes the value "
            f"again and again, but {given}. Give value a callable, or the dashboard a method "
            f"get_{key}_value; use live=True where your own code pushes values."
        )
        raise DeclarationError(msg)


def _is_computed_for_all(component: Component) -> bool:
    live = component.live
    is_shared = isinstance(live, Every | OnChange) and live.delivery == "broadcast"
    return is_shared and not component.is_personal and not component.permission_classes


def _get_callables(
    key: str, component: Component, cls: type
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the callables that return a component's value, each with its name for an error."""
    for part in ("value", "defer"):
        method = f"get_{key}_{part}"
        if (getter := getattr(cls, method, None)) is not None:
            if isinstance(inspect.getattr_static(cls, method), staticmethod | classmethod):
                yield method, getter
            else:
                yield method, _without_self(getter)
        elif callable(given := getattr(component, part)):
            # Not its repr(), which may query the database.
            yield f"{part}={getattr(given, '__qualname__', type(given).__name__)}", given


def _without_self(method: Callable[..., Any]) -> Callable[..., Any]:
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return method
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].kind not in {
        Parameter.POSITIONAL_ONLY,
        Parameter.POSITIONAL_OR_KEYWORD,
    }:
        return method

    def bound(*args: Any, **kwargs: Any) -> Any:
        return method(None, *args, **kwargs)

    bound.__signature__ = signature.replace(parameters=parameters[1:])  # type: ignore[attr-defined]
    return bound


def _get_required(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that a call must give."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []  # A built-in such as time.time: it is called without arguments.
    optional = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
    return [
        each.name for each in parameters if each.kind not in optional and each.default is each.empty
    ]
