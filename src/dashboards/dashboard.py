"""Declaring dashboards: the class, its ``Meta``, and the instance bound to one request."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from keyword import iskeyword
from types import MappingProxyType
from typing import Any, ClassVar

from django.apps import apps
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe

from dashboards import conf
from dashboards.component.base import Component
from dashboards.component.bound import BoundComponent
from dashboards.exceptions import DeclarationError, NotLiveError, UnknownComponentError
from dashboards.live.positions import Position
from dashboards.live.stores import get_store
from dashboards.live.triggers import OnChange, Source, lease_of, produce_due, turn_on_change
from dashboards.permissions import BasePermission

logger = logging.getLogger("dashboards")


@dataclass(frozen=True)
class Options:
    """What ``Meta`` may say, with its defaults.

    Args:
        name: the page's title; by default made from the class's name.
        app_label: the app in its address; by default the app that holds the class.
        permission_classes: who may open it; by default ``DASHBOARDS["PERMISSION_CLASSES"]``.
        template_name: the page's template.
    """

    name: str = ""
    app_label: str = ""
    permission_classes: Sequence[type[BasePermission] | str] | None = None
    template_name: str = "dashboards/dashboard.html"


class DashboardType(type):
    """Collects the components of a class and its bases. What it collects is never written to."""

    _meta: Options
    declared: Mapping[str, Component]

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> "DashboardType":
        """Make the class, its components moved from attributes into ``declared``."""
        own = {
            attribute: component
            for attribute, component in namespace.items()
            if isinstance(component, Component)
        }
        rest = {attribute: value for attribute, value in namespace.items() if attribute not in own}
        cls = super().__new__(mcs, name, bases, {**rest, "_own": own})
        attributes: dict[str, Component] = {}
        for base in reversed(cls.__mro__):
            # As in Django's forms: a name set to None takes an inherited component away.
            for attribute in [each for each, value in vars(base).items() if value is None]:
                attributes.pop(attribute, None)
            attributes.update(vars(base).get("_own", {}))
        cls.declared = MappingProxyType(_by_key(name, attributes))
        _check_dependents(name, cls.declared)
        inherited = next(
            (vars(base)["_meta"] for base in bases if isinstance(base, mcs)), Options()
        )
        cls._meta = _read_meta(name, namespace.get("Meta"), inherited)
        return cls


def _by_key(name: str, attributes: Mapping[str, Component]) -> dict[str, Component]:
    declared: dict[str, Component] = {}
    for attribute, component in attributes.items():
        key = component.key or attribute
        if not key.isidentifier() or iskeyword(key):
            msg = f"{name}.{attribute}: the key must be a Python identifier, got {key!r}."
            raise DeclarationError(msg)
        if key in declared:
            msg = f"{name}.{attribute}: the key {key!r} is used twice in {name}."
            raise DeclarationError(msg)
        declared[key] = component
    return declared


def _check_dependents(name: str, declared: Mapping[str, Component]) -> None:
    graph = {key: set(component.dependents) for key, component in declared.items()}
    for key, dependents in graph.items():
        for unknown in sorted(dependents - set(declared)):
            msg = f"{name}.{key}: dependents names {unknown!r}; there are {', '.join(declared)}."
            raise DeclarationError(msg)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        msg = f"{name}: dependents go in a circle: {' → '.join(error.args[1])}."
        raise DeclarationError(msg) from error


def _read_meta(name: str, meta: type | None, inherited: Options) -> Options:
    """Read what ``Meta`` says; all else but the name is inherited, lest a guard be lost."""
    given = (
        {key: getattr(meta, key) for key in dir(meta) if not key.startswith("_")} if meta else {}
    )
    allowed = set(Options.__dataclass_fields__)
    unknown = sorted(set(given) - allowed)
    if unknown:
        msg = (
            f"{name}.Meta has no attribute {', '.join(unknown)}; "
            f"allowed are {', '.join(sorted(allowed))}."
        )
        raise DeclarationError(msg)
    return replace(inherited, **{"name": "", **given})


class Dashboard(metaclass=DashboardType):
    """A page of components. Subclass it, assign components, register it.

    An instance is bound to one request (none where a value is pushed or computed for everybody)
    and holds all that belongs to it. ``get_<key>_value`` and ``get_<key>_defer`` methods give
    components their values.

    Args:
        request: the request that the page, component or stream is served to.
        object: what the dashboard is about, where it is about one thing.
    """

    _meta: ClassVar[Options]
    declared: ClassVar[Mapping[str, Component]]

    def __init__(self, request: HttpRequest | None = None, object: Any = None) -> None:  # noqa: A002
        self.request = request
        self.object = object
        self._bound = {
            key: BoundComponent(self, component, key) for key, component in self.declared.items()
        }

    def __iter__(self) -> Iterator[BoundComponent]:
        return iter(self._bound.values())

    def __getitem__(self, key: str) -> BoundComponent:
        try:
            return self._bound[key]
        except KeyError:
            msg = (
                f"{type(self).__name__} has no component {key!r}; "
                f"there are {', '.join(self._bound) or 'none'}."
            )
            raise UnknownComponentError(msg) from None

    # What it is called.

    @classmethod
    def get_app_label(cls) -> str:
        """Return the label of the app that it belongs to.

        Raises:
            DeclarationError: when it lives in no installed app and ``Meta`` names none.
        """
        if cls._meta.app_label:
            return cls._meta.app_label
        config = apps.get_containing_app_config(cls.__module__)
        if config is None:
            msg = (
                f"{cls.__module__}.{cls.__qualname__} is in no app of INSTALLED_APPS: "
                "give its Meta an app_label."
            )
            raise DeclarationError(msg)
        return config.label

    @classmethod
    def get_url_name(cls) -> str:
        """Return the name of its page's address in the namespace ``dashboards``."""
        return f"{cls.get_app_label()}_{cls.__name__.lower()}"

    @property
    def name(self) -> str:
        """The page's title."""
        if self._meta.name:
            return self._meta.name
        words = "".join(f" {c}" if c.isupper() else c for c in type(self).__name__)
        return words.strip().removesuffix(" Dashboard").capitalize()

    @property
    def dom_id(self) -> str:
        """The id of its element in the page."""
        return self.get_url_name()

    # Where it is found.

    def get_absolute_url(self) -> str:
        """Return the page's address."""
        return reverse(f"dashboards:{self.get_url_name()}")

    def get_component_url(self, key: str) -> str:
        """Return where a component loads from."""
        return reverse(f"dashboards:{self.get_url_name()}_component", kwargs={"key": key})

    def get_stream_url(self) -> str:
        """Return where the stream is opened, from the position that this instance has read."""
        url = reverse(f"dashboards:{self.get_url_name()}_stream")
        return f"{url}?position={self.position}" if self.position else url

    # Who may open it.

    def get_permissions(self) -> Sequence[BasePermission]:
        """Return the permissions that must all allow a request."""
        classes = self._meta.permission_classes
        if classes is None:
            classes = conf.get("PERMISSION_CLASSES")
        return [(import_string(each) if isinstance(each, str) else each)() for each in classes]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request may open the page, its components and its stream."""
        return all(
            permission.has_permission(request)
            and (self.object is None or permission.has_object_permission(request, self.object))
            for permission in self.get_permissions()
        )

    # What it shows.

    @property
    def filters(self) -> Mapping[str, Any]:
        """What the page was asked to be narrowed to: the query string."""
        return self.request.GET.dict() if self.request else {}

    @property
    def scripts(self) -> Sequence[str]:
        """The static files that its components need, each once."""
        return list(dict.fromkeys(path for each in self for path in each.scripts))

    def get_leaders(self, key: str) -> Sequence[BoundComponent]:
        """Return the components that name this one among their ``dependents``."""
        return [self._bound[its] for its, each in self.declared.items() if key in each.dependents]

    # What is live.

    @property
    def channel(self) -> str:
        """Who sees the same updates. Derived here; no client ever names one."""
        return f"{self.get_app_label()}.{type(self).__name__.lower()}"

    @cached_property
    def is_live(self) -> bool:
        """Whether any component is live, and so the page opens a stream."""
        return any(component.live for component in self)

    def get_sources(self) -> Sequence[Source]:
        """Return how its computed values are computed, for everybody: without a request."""
        shared = type(self)(object=self.object)
        return [source for component in shared if (source := component.source())]

    @classmethod
    def watch_models(cls) -> None:
        """Compute ``OnChange`` values anew when their models change; called on registration."""
        for key, component in cls.declared.items():
            if not isinstance(component.live, OnChange):
                continue
            for model in component.live.models:
                sender = apps.get_model(model) if isinstance(model, str) else model
                for signal in (post_save, post_delete):
                    # Strong, for nothing else holds the function.
                    signal.connect(cls._expire_on_commit(key), sender=sender, weak=False)

    @classmethod
    def _expire_on_commit(cls, key: str) -> Callable[..., None]:
        def expire() -> None:
            channel = cls().channel
            get_store().expire(lease_of(channel, turn_on_change(key)), channel)

        def changed(using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
            # Robust: whoever saved is not to blame for a store that does not answer.
            transaction.on_commit(expire, using=using, robust=True)

        return changed

    def compute_due(self, *, deferred: bool) -> None:
        """Compute what is due and nobody else computes.

        Args:
            deferred: whether to compute also what a page need not wait for.
        """
        sources = [source for source in self.get_sources() if deferred or not source.deferred]
        produce_due(get_store(), self.channel, sources)

    @cached_property
    def _live_state(self) -> tuple[Position | None, Mapping[str, str]]:
        if not self.is_live:
            return None, {}
        changes = get_store().since(self.channel, None)
        return changes.position, {frame.key: frame.data for frame in changes.frames}

    @property
    def position(self) -> Position | None:
        """How far this instance has read. Read it before values are computed."""
        return self._live_state[0]

    def render_content(self, key: str) -> SafeString | None:
        """Render what stands in a component's box now; ``None`` where it must wait."""
        component = self[key]
        content = component.render_content(self._live_state[1].get(key))
        if content is None and component.is_computed and not component.is_deferred:
            # Somebody is computing it for the first time in this very moment: do not wait.
            content = self._compute(key)
        return content

    def _compute(self, key: str) -> SafeString | None:
        [source] = [each for each in self.get_sources() if each.key == key]
        try:
            return mark_safe(source.render())  # noqa: S308 - rendered by its template, which escapes
        except Exception:
            logger.exception("The live value of %r on %r failed.", key, self.channel)
            return None

    def prepare_pushed(self, key: str, value: Any) -> Any:
        """Return a value that is pushed, ready for the template.

        Raises:
            UnknownComponentError: there is no such component.
            NotLiveError: it is not live.
            ComponentValueError: it cannot show the value.
        """
        if not self[key].live:
            msg = f"{self[key].label} is not live: declare it with live=True to push to it."
            raise NotLiveError(msg)
        return self[key].prepare(value)

    def render_pushed(self, key: str, value: Any) -> str:
        """Render what ``prepare_pushed`` returned, for everybody."""
        return self[key].render_shared(value)
