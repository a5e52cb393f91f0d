"""Declaring dashboards: the class, its ``Meta``, and the instance bound to one request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from keyword import iskeyword
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

from django.apps import apps
from django.core.exceptions import (
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    ValidationError,
)
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from dashboards import conf
from dashboards.component.base import Component
from dashboards.component.bound import BoundComponent
from dashboards.exceptions import (
    AudienceError,
    DeclarationError,
    NotLiveError,
    UnknownComponentError,
)
from dashboards.live.channels import channel_name
from dashboards.live.frames import Points, page_html
from dashboards.live.positions import Position
from dashboards.live.stores import get_store
from dashboards.live.triggers import OnChange, Source, produce_due, topic_of
from dashboards.live.triggers import render as render_source
from dashboards.permissions import BasePermission

Audience = Literal["everybody", "user"]

_AUDIENCES = get_args(Audience)
_MAX_KEY_LENGTH = 100


@dataclass(frozen=True)
class Options:
    """What ``Meta`` may say, with its defaults.

    Args:
        name: the page's title; by default made from the class's name.
        app_label: the app in its address; by default the app that holds the class.
        permission_classes: who may open it; by default ``DASHBOARDS["PERMISSION_CLASSES"]``.
        template_name: the page's template.
        audience: who shares its live values: ``"everybody"`` who may open it, the default, or
            ``"user"``: each user has their own, and nobody opens it without signing in.
        model: of a ``ModelDashboard``, the model of its objects.
        lookup_field: of a ``ModelDashboard``, the field that its address names; default ``"pk"``.
        lookup_kwarg: of a ``ModelDashboard``, what its URLs call that; default ``lookup_field``.
    """

    name: str = ""
    app_label: str = ""
    permission_classes: Sequence[type[BasePermission] | str] | None = None
    template_name: str = "dashboards/dashboard.html"
    audience: Audience = "everybody"
    model: type[Model] | None = None
    lookup_field: str = "pk"
    lookup_kwarg: str = ""

    def __post_init__(self) -> None:
        """Refuse an audience that there is not."""
        if self.audience not in _AUDIENCES:
            allowed = " or ".join(map(repr, _AUDIENCES))
            msg = f"Meta.audience must be {allowed}, got {self.audience!r}."
            raise DeclarationError(msg)


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
        if len(key) > _MAX_KEY_LENGTH:
            msg = f"{name}.{attribute}: the key may have {_MAX_KEY_LENGTH} characters at most."
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
        user: who it is for, where there is no request: to push to a dashboard whose audience is
            one user.
    """

    _meta: ClassVar[Options]
    declared: ClassVar[Mapping[str, Component]]

    def __init__(
        self,
        request: HttpRequest | None = None,
        object: Any = None,  # noqa: A002 - users know it by this name
        *,
        user: Any = None,
    ) -> None:
        self.request = request
        self.object = object
        self.user = getattr(request, "user", None) if user is None else user
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

    @classmethod
    def get_route(cls) -> str:
        """Return the path of its page, as ``path()`` takes it."""
        return f"{cls.get_app_label()}/{cls.__name__.lower()}/"

    @classmethod
    def get_page_url_name(cls) -> str:
        """Return the name of its page's address in the namespace ``dashboards``."""
        return cls.get_url_name()

    @classmethod
    def get_example_kwargs(cls) -> dict[str, Any]:
        """Return what an address of some page of it names beside the dashboard."""
        return {}

    def get_url_kwargs(self) -> dict[str, Any]:
        """Return what its addresses name beside the dashboard."""
        return {}

    def get_absolute_url(self) -> str:
        """Return the page's address."""
        return reverse(f"dashboards:{self.get_page_url_name()}", kwargs=self.get_url_kwargs())

    def get_component_url(self, key: str) -> str:
        """Return where a component loads from."""
        kwargs = {**self.get_url_kwargs(), "key": key}
        return reverse(f"dashboards:{self.get_url_name()}_component", kwargs=kwargs)

    def get_stream_url(self) -> str:
        """Return where the stream is opened, from the position that this instance has read."""
        url = reverse(f"dashboards:{self.get_url_name()}_stream", kwargs=self.get_url_kwargs())
        return f"{url}?position={self.position}" if self.position else url

    @classmethod
    def get_object(cls, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ARG003 - for subclasses
        """Return the object that an address names; ``None`` where it names none.

        Raises:
            Http404: there is no such object.
        """
        return None

    # Who may open it.

    def get_permissions(self) -> Sequence[BasePermission]:
        """Return the permissions that must all allow a request."""
        classes = self._meta.permission_classes
        if classes is None:
            classes = conf.get("PERMISSION_CLASSES")
        return [(import_string(each) if isinstance(each, str) else each)() for each in classes]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request may open the page, its components and its stream."""
        user = getattr(request, "user", None)
        if self._meta.audience == "user" and not (user and user.is_authenticated):
            return False
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
        """Who sees the same updates. Derived here; no client ever names one.

        Raises:
            AudienceError: it is for one user, and there is none.
        """
        label, user = f"{self.get_app_label()}.{type(self).__name__.lower()}", None
        if self._meta.audience == "user":
            user = getattr(self.user, "pk", None)
            if user is None:
                name = type(self).__name__
                msg = f"{name} is for one user: say which, as in push({name}(user=…), …)."
                raise AudienceError(msg)
        about = None if self.object is None else getattr(self.object, "pk", self.object)
        return channel_name(label, about=about, user=user)

    @cached_property
    def is_live(self) -> bool:
        """Whether any component is live, and so the page opens a stream."""
        return any(component.live for component in self)

    @cached_property
    def _sources(self) -> Mapping[str, Source]:
        # Without a request: what is computed for everybody must not depend on one.
        user = self.user if self._meta.audience == "user" else None
        shared = type(self)(object=self.object, user=user)
        sources = (component.source() for component in shared)
        return {source.key: source for source in sources if source}

    def get_sources(self) -> Sequence[Source]:
        """Return how its computed values are computed, for all who share them."""
        return list(self._sources.values())

    @classmethod
    def check_declaration(cls) -> None:
        """Check what it needs to be served; called on registration.

        Raises:
            DeclarationError: it lacks something.
        """

    @classmethod
    def watch_models(cls) -> None:
        """Tell when models change that ``OnChange`` values wait for; called on registration."""
        for component in cls.declared.values():
            if isinstance(component.live, OnChange):
                for model in component.live.models:
                    _announce_changes(apps.get_model(model) if isinstance(model, str) else model)

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
        return changes.position, page_html(changes.frames)

    @property
    def position(self) -> Position | None:
        """How far this instance has read. Read it before values are computed."""
        return self._live_state[0]

    def render_content(self, key: str) -> SafeString | None:
        """Render what stands in a component's box now; ``None`` where it must wait."""
        component = self[key]
        content = component.render_content(self._live_state[1].get(key))
        waits = component.is_deferred or component.series
        if content is None and component.is_computed and not waits:
            # Somebody is computing it for the first time in this very moment: do not wait.
            html = render_source(self._sources[key], self.channel)
            content = html if isinstance(html, SafeString) else None
        return content

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

    def render_pushed(self, key: str, value: Any) -> str | Points:
        """Render what ``prepare_pushed`` returned, for everybody."""
        return self[key].render_shared(value)


class ModelDashboard(Dashboard):
    """A dashboard about one object of a model, at an address that names it.

    ``Meta.model`` says which model; ``lookup_field`` and ``lookup_kwarg`` how the address names
    an object. Who is allowed what of it say the permission classes. All live values are those of
    the object: push them with ``push(Orders(object=customer), …)``.
    """

    @classmethod
    def get_model(cls) -> type[Model]:
        """Return the model.

        Raises:
            DeclarationError: ``Meta`` names none.
        """
        if cls._meta.model is None:
            msg = f"{cls.__name__}.Meta.model must be a model class: it is a ModelDashboard."
            raise DeclarationError(msg)
        return cls._meta.model

    @classmethod
    def check_declaration(cls) -> None:
        """Check that there is a model."""
        cls.get_model()

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Any]:  # noqa: ARG003 - for subclasses
        """Return the objects that have a dashboard, for this request."""
        return cls.get_model()._default_manager.all()  # noqa: SLF001 - public by custom

    @classmethod
    def get_lookup_kwarg(cls) -> str:
        """Return what its URLs call the object."""
        return cls._meta.lookup_kwarg or cls._meta.lookup_field

    @classmethod
    def get_route(cls) -> str:
        """Return the path of its pages, as ``path()`` takes it."""
        return f"{super().get_route()}<str:{cls.get_lookup_kwarg()}>/"

    @classmethod
    def get_page_url_name(cls) -> str:
        """Return the name of its pages' addresses."""
        return f"{cls.get_url_name()}_detail"

    @classmethod
    def get_example_kwargs(cls) -> dict[str, Any]:
        """Return what the address of some object names."""
        return {cls.get_lookup_kwarg(): "0"}

    def get_url_kwargs(self) -> dict[str, Any]:
        """Return what names the object."""
        value = attrgetter(self._meta.lookup_field.replace("__", "."))(self.object)
        return {self.get_lookup_kwarg(): value}

    @classmethod
    def get_object(cls, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the object that an address names."""
        lookup = {cls._meta.lookup_field: kwargs[cls.get_lookup_kwarg()]}
        try:
            return cls.get_queryset(request).get(**lookup)
        except (ObjectDoesNotExist, MultipleObjectsReturned, ValueError, ValidationError) as error:
            # Letters for a number, say: no object has such a name.
            msg = f"No {cls.get_model()._meta.verbose_name} is called so."  # noqa: SLF001
            raise Http404(msg) from error

    @property
    def name(self) -> str:
        """The page's title: the object's name, unless ``Meta`` has one."""
        return self._meta.name or str(self.object)

    @property
    def channel(self) -> str:
        """Who sees the same updates of the object.

        Raises:
            AudienceError: there is no object.
        """
        if self.object is None:
            name = type(self).__name__
            msg = f"{name} is about one object: say which, as in push({name}(object=…), …)."
            raise AudienceError(msg)
        return super().channel


def _announce_changes(model: type[Model]) -> None:
    """Have each commit that changed objects of a model tell so; once a model and process."""
    topic = topic_of(model)

    def announce() -> None:
        get_store().put(topic, {})

    def changed(using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        # Robust: whoever saved is not to blame for a store that does not answer.
        transaction.on_commit(announce, using=using, robust=True)

    for signal in (post_save, post_delete):
        # Strong, for nothing else holds the function.
        signal.connect(changed, sender=model, weak=False, dispatch_uid=f"dashboards {topic}")
