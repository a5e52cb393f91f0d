"""Reads the body of a dashboard class: its components by key, and its ``Meta``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dashboards.component.base import Component
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard.attributes import check_attributes
from dashboards.dashboard.components import (
    check_circles,
    check_key,
    check_parts,
    check_series,
    fix_permissions,
)
from dashboards.dashboard.options import Options, read_meta
from dashboards.dashboard.signatures import check_callables
from dashboards.dashboard.time_range import has_shared_time
from dashboards.exceptions import DeclarationError


class DashboardMetaclass(type):
    """Collects the components of a class and its bases. The collected mapping is read-only."""

    _options: type[Options]
    _meta: Options
    declared: Mapping[str, Component]
    is_dynamic: bool
    shares_time: bool
    """True if a declared component can show the range of time of its dashboard."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> "DashboardMetaclass":
        """Create the class, with its components moved from attributes into ``declared``."""
        own = {
            attribute: component
            for attribute, component in namespace.items()
            if isinstance(component, Component)
        }
        _refuse_classes(name, namespace)
        rest = {attribute: value for attribute, value in namespace.items() if attribute not in own}
        # These belong to this very class: a subclass has its own.
        its = {"_own": own, "_label": "", "is_registered": False}
        cls = super().__new__(mcs, name, bases, {**rest, **its})
        attributes: dict[str, Component] = {}
        for base in reversed(cls.__mro__):
            # As in Django's forms: a name set to None takes an inherited component away.
            for attribute in [each for each, value in vars(base).items() if value is None]:
                attributes.pop(attribute, None)
            attributes.update(vars(base).get("_own", {}))
        for attribute, component in attributes.items():
            getter = getattr(cls, f"get_{component.key or attribute}_value", None)
            fix_permissions(f"{name}.{attribute}", component)
            check_attributes(f"{name}.{attribute}", component)
            check_parts(f"{name}.{attribute}", component)
            check_series(f"{name}.{attribute}", component, getter)
        root = next(each for each in reversed(cls.__mro__) if isinstance(each, DashboardMetaclass))
        cls.is_dynamic = cls.overrides("__init__", beyond=root)
        if not cls.is_dynamic:
            _refuse_collections(name, namespace)
        cls.declared = MappingProxyType(_by_key(name, attributes))
        cls.shares_time = has_shared_time(cls.declared.values())
        _check_dependents(name, cls.declared)
        _check_layout(name, cls)
        inherited = next(
            (vars(base)["_meta"] for base in bases if isinstance(base, mcs)), Options()
        )
        cls._meta = read_meta(name, namespace.get("Meta"), cls._options, inherited)
        for key, component in cls.declared.items():
            check_callables(f"{name}.{key}", key, component, cls)
        return cls

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Create an instance. ``request`` and ``object`` always reach ``__init__`` by name.

        Users write ``__init__(self, request, **kwargs)`` as well as ``__init__(self, **kwargs)``,
        and an instance that computes values for all viewers is created without a request. With both
        arguments given by name, and ``request=None`` where there is none, every such ``__init__``
        works. This is the only place where the arguments of a class are changed.
        """
        kwargs.update(zip(("request", "object"), args, strict=False))
        return super().__call__(*args[2:], **{"request": None, **kwargs})

    def overrides(cls, *names: str, beyond: "DashboardMetaclass") -> bool:
        """Return True if a class that derives from ``beyond`` defines one of these names again."""
        kinds = cls.__mro__[: cls.__mro__.index(beyond)]
        return any(name in vars(kind) for kind in kinds for name in names)


def _refuse_classes(name: str, namespace: Mapping[str, Any]) -> None:
    """Refuse a class of components that is assigned to an attribute: an instance is meant.

    A class whose body stands in that of the dashboard is no mistake.
    """
    for attribute, value in namespace.items():
        if (
            isinstance(value, type)
            and issubclass(value, Component)
            and not value.__qualname__.startswith(f"{namespace['__qualname__']}.")
        ):
            msg = (
                f"{name}.{attribute} is the class {value.__name__}, not a component: write "
                f"{attribute} = {value.__name__}(…)."
            )
            raise DeclarationError(msg)


def _refuse_collections(name: str, namespace: Mapping[str, Any]) -> None:
    """Refuse lists and tuples of components, of which none would be shown.

    Only an ``__init__`` of the class can add them to its instances: a class that has one may keep
    them as it likes.
    """
    for attribute, value in namespace.items():
        members = value.values() if isinstance(value, dict) else value
        if not isinstance(value, list | tuple | dict):
            continue
        if any(isinstance(each, Component) for each in members):
            msg = (
                f"{name}.{attribute} is a {type(value).__name__} of components, which would not be "
                "shown: assign each component to an attribute of its own."
            )
            if isinstance(value, tuple) and len(value) == 1:
                msg = f"{msg} Is there a comma behind it?"
            raise DeclarationError(msg)


def _by_key(name: str, attributes: Mapping[str, Component]) -> dict[str, Component]:
    declared: dict[str, Component] = {}
    for attribute, component in attributes.items():
        key = component.key or attribute
        check_key(f"{name}.{attribute}", key)
        if key in declared:
            msg = f"{name}.{attribute}: the key {key!r} is used twice in {name}."
            raise DeclarationError(msg)
        declared[key] = component
    return declared


def _check_layout(name: str, cls: DashboardMetaclass) -> None:
    layout = getattr(getattr(cls, "Layout", None), "components", None)
    if layout is None:
        return
    if not isinstance(layout, ComponentLayout):
        msg = f"{name}.Layout.components must be a ComponentLayout, got {layout!r}."
        raise DeclarationError(msg)
    keys = list(layout.get_keys())
    for key in keys:
        if key not in cls.declared and not cls.is_dynamic:
            there = ", ".join(cls.declared) or "none"
            msg = f"{name}.Layout names {key!r}; there are {there}."
            raise DeclarationError(msg)
        if keys.count(key) > 1:
            msg = f"{name}.Layout names {key!r} twice: a component has one place."
            raise DeclarationError(msg)


def _check_dependents(name: str, declared: Mapping[str, Component]) -> None:
    graph = {key: set(component.dependents) for key, component in declared.items()}
    for key, dependents in graph.items():
        for unknown in sorted(dependents - set(declared)):
            msg = f"{name}.{key}: dependents names {unknown!r}; there are {', '.join(declared)}."
            raise DeclarationError(msg)
    check_circles(name, graph)
