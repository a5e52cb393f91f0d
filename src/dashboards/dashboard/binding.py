"""The base of all parts of a dashboard: a declared class, and an instance bound to a request."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, ClassVar, Self, cast

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

from dashboards import conf
from dashboards.component.base import Component
from dashboards.component.bound import BoundComponent
from dashboards.component.errors import get_transactions
from dashboards.component.owner import Owner
from dashboards.component.templates import Templates
from dashboards.dashboard.components import Components
from dashboards.dashboard.metaclass import DashboardMetaclass
from dashboards.dashboard.options import Options
from dashboards.exceptions import DeclarationError


class BaseDashboard(metaclass=DashboardMetaclass):
    """Holds what a class declares, and the request, object, user and components of an instance."""

    _options: ClassVar[type[Options]] = Options
    _meta: ClassVar[Options]
    declared: ClassVar[Mapping[str, Component]]
    is_dynamic: ClassVar[bool]
    """True if instances may add components: a subclass has an ``__init__`` of its own."""
    is_registered: ClassVar[bool]
    """True if a registry contains this very class. Subclasses do not inherit it."""
    _label: ClassVar[str]
    """The value of ``get_label``, once it was called. Subclasses do not inherit it."""

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
        # Only Dashboard and its subclasses are instantiated, and they have what an Owner has.
        self.components = Components(cast("Owner", self), self.declared)

    def __iter__(self) -> Iterator[BoundComponent]:
        return iter(self.components.get_allowed())

    def __getitem__(self, key: str) -> BoundComponent:
        return self.components[key]

    @classmethod
    def _create(cls, **arguments: Any) -> Self:
        """Return an instance. Arguments that are None are left out: ``__init__`` may lack them."""
        return cls(**{name: value for name, value in arguments.items() if value is not None})

    def bind(self, request: HttpRequest) -> Self:
        """Return another instance, of the same class and object, that is bound to a request."""
        return self._create(request=request, object=self.object)

    @classmethod
    def without_components(
        cls,
        request: HttpRequest | None = None,
        object: Any = None,  # noqa: A002 - as in __init__
    ) -> Self:
        """Return an instance without components, to read its name, URL and permissions from.

        The class's own ``__init__`` is not called: it may need a request or read the database.
        """
        dashboard = cls.__new__(cls)
        dashboard.request, dashboard.object = request, object
        return dashboard

    @classmethod
    def get_app_label(cls) -> str:
        """Return the label of the app that it belongs to.

        Raises:
            DeclarationError: it is in no installed app, and ``Meta`` has no ``app_label``.
        """
        if cls._meta.app_label:
            return cls._meta.app_label
        label = _find_app_label(cls.__module__)
        if label is None:
            msg = (
                f"{cls.__module__}.{cls.__qualname__} is in no app of INSTALLED_APPS: "
                "give its Meta an app_label."
            )
            raise DeclarationError(msg)
        return label

    @classmethod
    def get_label(cls) -> str:
        """Return the name of the class that is the same on all servers, such as ``shop.orders``."""
        if not cls._label:
            cls._label = f"{cls.get_app_label()}.{cls.__name__.lower()}"
        return cls._label

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, read once for each instance."""
        return conf.current()

    @cached_property
    def templates(self) -> Templates:
        """The object that renders templates for its request."""
        return Templates(self.request)

    @cached_property
    def transactions(self) -> Sequence[str]:
        """The databases in which its request has a transaction open."""
        return get_transactions()

    def refresh_from_db(self) -> None:
        """Read its object and user from the database again.

        The instance that computes the values of all viewers can live for hours.
        """
        self.object, self.user = _reloaded(self.object), _reloaded(self.user)


@cache
def _find_app_label(module: str) -> str | None:
    """Return the label of the app that contains a module. Django compares it with each app."""
    config = apps.get_containing_app_config(module)
    return None if config is None else config.label


def _reloaded(instance: Any) -> Any:
    """Return a copy of a model's object as the database has it; a deleted one unchanged."""
    if not isinstance(instance, Model) or instance.pk is None:
        return instance
    # A copy, because other code may use this object. It keeps what a queryset has annotated.
    fresh = copy(instance)
    try:
        fresh.refresh_from_db()
    except ObjectDoesNotExist:
        return instance
    return fresh
