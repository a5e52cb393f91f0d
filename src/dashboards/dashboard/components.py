"""The components of one instance, by key: those of its class and those that it added."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from keyword import iskeyword
from operator import attrgetter
from typing import Any

from dashboards.calling import names_of
from dashboards.component.base import Component
from dashboards.component.bound import BoundComponent
from dashboards.component.owner import Owner
from dashboards.dashboard.attributes import check_attributes
from dashboards.exceptions import DeclarationError, UnknownComponentError
from dashboards.live.compute.triggers import Every, OnChange
from dashboards.permission_classes import as_classes

_MAX_KEY_LENGTH = 100

READ_BY_TEMPLATES = frozenset(
    {
        *("components", "dom_id", "get_meta", "heading", "is_filtered", "is_live"),
        *("render_components", "render_filters", "time_range", "time_ranges"),
    }
)
"""The attributes of a dashboard that templates read. In a template ``dashboard.heading`` is the
component of that key, if there is one, and only then the attribute: so no component has it."""


@dataclass(eq=False, repr=False)
class Components(MutableMapping[str, BoundComponent | Component]):
    """The components that an instance shows, bound to it.

    ``self.components["key"] = Text(…)``, after ``super().__init__()``, adds one to this instance
    only. Reading a key returns a bound component. Components that the request may not see are
    missing. In a template ``{{ dashboard.components.key }}`` is the component's box.
    """

    _owner: Owner
    """The instance."""
    _declared: Mapping[str, Component]
    """The components of its class."""
    # Each is bound when it is used: a push needs one of them, a page all.
    _bound: dict[str, BoundComponent] = field(default_factory=dict, init=False)
    _dependencies: dict[str, list[BoundComponent]] | None = field(default=None, init=False)
    _allowed: Mapping[str, BoundComponent] | None = field(default=None, init=False)

    @property
    def _class_name(self) -> str:
        """The name of the class, for errors."""
        return type(self._owner).__name__

    def __getitem__(self, key: str) -> BoundComponent:
        bound = self._bound.get(key) or (self._bind(key) if key in self._declared else None)
        if bound is None or (bound.is_restricted and not bound.is_allowed):
            raise self._make_error(key)
        return bound

    def _make_error(self, key: str) -> UnknownComponentError:
        name = type(self._owner).__name__

        def describe() -> str:
            there = ", ".join(self) or "none"
            return f"{name} has no component {key!r}; there are {there}."

        error = UnknownComponentError(f"{name} has no component {key!r}.")
        error.describe = describe
        return error

    def __contains__(self, key: object) -> bool:
        return self.find(str(key)) is not None

    def find(self, key: str) -> BoundComponent | None:
        """Return a component; ``None`` if there is none, or the request may not see it.

        ``[key]`` raises an error that lists all keys: a batch may name thousands that are unknown.
        """
        bound = self._bound.get(key) or (self._bind(key) if key in self._declared else None)
        return None if bound is None or (bound.is_restricted and not bound.is_allowed) else bound

    def _bind(self, key: str) -> BoundComponent:
        bound = self._bound[key] = BoundComponent(self._owner, self._declared[key], key)
        return bound

    def __setitem__(self, key: str, component: BoundComponent | Component) -> None:
        if not isinstance(component, Component):
            msg = f"{self._class_name}.components[{key!r}] must be a component, got {component!r}."
            raise DeclarationError(msg)
        label = f"{self._class_name}.{key}"
        check_key(label, key)
        fix_permissions(label, component)
        check_attributes(label, component)
        check_parts(label, component)
        check_series(label, component)
        declared = {**self._declared, key: component}
        # Its dependents may be added later, or not at all.
        check_circles(self._class_name, {its: each.dependents for its, each in declared.items()})
        self._change(key, declared)

    def __delitem__(self, key: str) -> None:
        removed = self[key].key
        self._change(removed, {its: each for its, each in self._declared.items() if its != removed})

    def _change(self, key: str, declared: Mapping[str, Component]) -> None:
        self._declared = declared
        self._bound.pop(key, None)
        self._dependencies = self._allowed = None

    def get_dependencies(self, key: str) -> list[BoundComponent]:
        """Return the components that name this one among their ``dependents``.

        These include hidden ones: a component that depends on a form gets its values anyway.
        """
        if self._dependencies is None:
            self._dependencies = defaultdict(list)
            for each in self.get_all():
                for dependent in each.declaration.dependents:
                    self._dependencies[dependent].append(each)
        return self._dependencies.get(key, [])

    def has_restricted(self) -> bool:
        """Return True if any has permissions of its own, shown or not."""
        return any(map(attrgetter("permission_classes"), self._declared.values()))

    def get_all(self) -> Sequence[BoundComponent]:
        """Return all components, also those that the request may not see."""
        for key, component in self._declared.items():
            if key not in self._bound:
                self._bound[key] = BoundComponent(self._owner, component, key)
        return [self._bound[key] for key in self._declared]

    def get_allowed(self) -> Collection[BoundComponent]:
        """Return the components that the request may see. Their permissions are checked once."""
        if self._allowed is None:
            self._allowed = {
                each.key: each
                for each in self.get_all()
                if not each.is_restricted or each.is_allowed
            }
        return self._allowed.values()

    def __iter__(self) -> Iterator[str]:
        return iter([each.key for each in self.get_allowed()])

    def __len__(self) -> int:
        return len(self.get_allowed())


def check_key(label: str, key: str) -> None:
    """Refuse a key that no component can have.

    Raises:
        DeclarationError: it is no identifier, it is too long, or templates read an attribute of
            the dashboard by this name.
    """
    given: object = key
    if not (isinstance(given, str) and key.isidentifier()) or iskeyword(key):
        msg = f"{label}: the key must be a Python identifier, got {key!r}."
        raise DeclarationError(msg)
    if len(key) > _MAX_KEY_LENGTH:
        msg = f"{label}: the key may have {_MAX_KEY_LENGTH} characters at most."
        raise DeclarationError(msg)
    if key in READ_BY_TEMPLATES:
        msg = (
            f"{label}: no component may have the key {key!r}, because templates read "
            f"dashboard.{key}: give it another key; its title may be any text."
        )
        raise DeclarationError(msg)


def fix_permissions(label: str, component: Component) -> None:
    """Turn the permission classes of a declared component into a tuple.

    Raises:
        DeclarationError: they are not a list or tuple of permission classes.
    """
    given = component.permission_classes
    component.permission_classes = as_classes(f"{label}: permission_classes", given)


def check_parts(label: str, component: Component) -> None:
    """Refuse CSS classes for a part that the component does not have.

    Raises:
        DeclarationError: ``css_classes`` is neither text nor a dict with known parts as keys.
    """
    given: object = component.css_classes
    if isinstance(given, str):
        return
    if not isinstance(given, Mapping):
        msg = f"{label}: css_classes must be a text or a dict by part, got {given!r}."
        raise DeclarationError(msg)
    if unknown := [part for part in given if part not in component.part_names]:
        msg = (
            f"{label}: css_classes has no part {', '.join(map(repr, unknown))}; a "
            f"{type(component).__name__} has {', '.join(component.part_names)}."
        )
        raise DeclarationError(msg)


def check_series(label: str, component: Component, getter: Any = None) -> None:
    """Refuse a series whose values are not the same for all viewers.

    Args:
        label: its name, for the error.
        component: the component.
        getter: the method that returns its values, if there is one.

    Raises:
        DeclarationError: it has permissions, its values depend on filters, or each page loads them.
    """
    live = component.live
    if component.series and component.permission_classes:
        msg = (
            f"{label}: to a series points are appended for all viewers alike, so it can have no "
            "permission_classes: put it on a dashboard of its own."
        )
        raise DeclarationError(msg)
    value = getter or component.value
    names = names_of(value) if component.series and callable(value) else None
    if names and not names.isdisjoint({"filters", "filterset"}):
        msg = (
            f"{label}: to a series points are appended for all viewers alike, so its values "
            "cannot ask for filters: leave out max_points, and each page draws its own figure."
        )
        raise DeclarationError(msg)
    if component.series and isinstance(live, Every | OnChange) and live.delivery != "broadcast":
        msg = (
            f"{label}: to a series points are appended for all viewers alike, so "
            f"{type(live).__name__} must have delivery='broadcast', the default, "
            f"got {live.delivery!r}."
        )
        raise DeclarationError(msg)


def check_circles(name: str, dependents: Mapping[str, Iterable[str]]) -> None:
    """Refuse dependents that would load each other endlessly.

    Raises:
        DeclarationError: they form a circle.
    """
    graph = {key: set(each) for key, each in dependents.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        msg = f"{name}: dependents go in a circle: {' → '.join(error.args[1])}."
        raise DeclarationError(msg) from error
