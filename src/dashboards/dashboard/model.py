"""A dashboard about one object of a model."""

import re
from hashlib import sha256
from operator import attrgetter
from typing import Any, ClassVar
from urllib.parse import unquote

from django.core.exceptions import (
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    ValidationError,
)
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import NoReverseMatch, register_converter
from django.utils.encoding import escape_uri_path
from django.utils.functional import cached_property

from dashboards.component.cleaning import refusing_bad_input
from dashboards.dashboard.base import Dashboard
from dashboards.dashboard.model_signals import check_access_on_change
from dashboards.dashboard.options import ModelOptions, Options
from dashboards.exceptions import AudienceError, DeclarationError


class ObjectConverter:
    """A path converter for the value that identifies an object: any text that is not empty.

    A slash would end the value, and browsers resolve ``.`` and ``..``. Such values are quoted once
    more than URLs are: the server unquotes them once, and this converter a second time.
    """

    regex = r"[^/]+"

    def to_python(self, value: str) -> str:
        """Return the value of a URL."""
        return _QUOTED.sub(lambda found: unquote(found[0]), value)

    def to_url(self, value: Any) -> str:
        """Return a value as it is written in a URL.

        Raises:
            ValueError: it is empty, so it cannot be part of a URL.
        """
        text = str(value)
        if not text:
            msg = "An object whose name is empty has no address."
            raise ValueError(msg)
        if text.strip(".") == "":
            return text.replace(".", "%2E")
        # Quote a percent sign only where to_python() would read it as a quoted character.
        return _QUOTED.sub(lambda found: f"%25{found[0][1:]}", text).replace("/", "%2F")


_QUOTED = re.compile("%(25|2F|2E)", re.IGNORECASE)

register_converter(ObjectConverter, "dashboards_object")


class ModelDashboard(Dashboard):
    """A dashboard about one object of a model, with a URL for each object.

    ``Meta.model`` is the model; ``lookup_field`` and ``lookup_kwarg`` define how the URL names an
    object. The permission classes decide who may open it. All live values belong to the object:
    push them with ``push(Orders(object=customer), …)``.
    """

    _options: ClassVar[type[Options]] = ModelOptions
    _meta: ClassVar[ModelOptions]

    @classmethod
    def get_model(cls) -> type[Model]:
        """Return the model.

        Raises:
            DeclarationError: ``Meta`` has no ``model``.
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
    def connect_model_signals(cls) -> None:
        """Connect also the model of its objects, if access depends on the object."""
        super().connect_model_signals()
        if cls.is_dynamic or any(each.live for each in cls.declared.values()):
            check_access_on_change(cls.get_model(), cls.depends_on_object)

    @classmethod
    def depends_on_object(cls) -> bool:
        """Return True if a request may open the dashboard of one object and not of another."""
        return (
            cls.overrides("get_queryset", "get_object", beyond=ModelDashboard)
            or cls.has_object_permissions()
        )

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Any]:  # noqa: ARG003 - for subclasses
        """Return the objects that have a dashboard for this request."""
        return cls.get_model()._default_manager.all()  # noqa: SLF001 - public by custom

    @classmethod
    def get_lookup_kwarg(cls) -> str:
        """Return the name of the argument that identifies the object in its URLs."""
        return cls._meta.lookup_kwarg or cls._meta.lookup_field

    @classmethod
    def get_route(cls) -> str:
        """Return the path of its pages, as ``path()`` takes it."""
        return f"{super().get_route()}<dashboards_object:{cls.get_lookup_kwarg()}>/"

    @classmethod
    def get_page_url_name(cls) -> str:
        """Return the name of its pages' URLs in the namespace ``dashboards``."""
        return f"{cls.get_url_name()}_detail"

    @classmethod
    def get_example_kwargs(cls) -> dict[str, Any]:
        """Return keyword arguments with which ``reverse()`` finds the URL of some object's page."""
        return {cls.get_lookup_kwarg(): "0"}

    def get_url_kwargs(self) -> dict[str, Any]:
        """Return the keyword arguments of the object's URLs."""
        value = attrgetter(self._meta.lookup_field.replace("__", "."))(self.object)
        return {self.get_lookup_kwarg(): value}

    @classmethod
    def get_object(cls, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the object that a URL names."""
        lookup = {cls._meta.lookup_field: kwargs[cls.get_lookup_kwarg()]}
        queryset = cls.get_queryset(request)
        try:
            # No object has a text where the field is a number, or a number that is too large.
            with refusing_bad_input(f"{cls.__name__}.get_object()", queryset.db):
                return queryset.get(**lookup)
        except (ObjectDoesNotExist, MultipleObjectsReturned, ValidationError) as error:
            raise Http404(cls.missing_message()) from error

    @property
    def is_public(self) -> bool:
        """True if every visitor may see all of the page, for any object."""
        return super().is_public and not self.depends_on_object()

    @classmethod
    def missing_message(cls) -> str:
        """Return the text of a 404: the same for missing objects and for forbidden ones."""
        return f"No {cls.get_model()._meta.verbose_name} is called so."  # noqa: SLF001

    @classmethod
    def allows(cls, request: HttpRequest, object: Any = None) -> bool:  # noqa: A002 - as in __init__
        """Return True if a request may open the dashboard of an object: menus call this.

        A subclass with its own ``get_queryset`` or ``get_object`` may hide the object from some
        requests. It is queried, which is not needed on the object's own page.
        """
        if not super().allows(request, object):
            return False
        hides = cls.overrides("get_queryset", "get_object", beyond=ModelDashboard)
        if object is None or not hides:
            return True
        dashboard = cls.without_components(request, object)
        try:
            if dashboard.get_absolute_url() != escape_uri_path(request.path):
                cls.get_object(request, **dashboard.get_url_kwargs())
        except (Http404, NoReverseMatch):
            return False
        return True

    @cached_property
    def dom_id(self) -> str:
        """The id of its element in the page, with the object: a page may show several."""
        suffix = str(getattr(self.object, "pk", ""))
        if not suffix.isdecimal():
            suffix = sha256(suffix.encode()).hexdigest()[:8]
        return f"{self.get_url_name()}-{suffix}"

    @property
    def name(self) -> str:
        """The page's title: the object's text, after ``Meta.name`` if there is one."""
        name = super().name
        if self.object is None:
            return name
        return f"{name}: {self.object}" if self._meta.name else str(self.object)

    @property
    def entry_title(self) -> str:
        """The object's text, unless a subclass gives its pages titles of its own."""
        has_own = self.object is None or type(self).overrides("name", beyond=ModelDashboard)
        return self.name if has_own else str(self.object)

    @property
    def channel(self) -> str:
        """The name of the channel of the object's updates.

        Raises:
            AudienceError: there is no object, or no user where each user has a channel.
        """
        if self.object is None:
            name = type(self).__name__
            msg = f"{name} is about one object: say which, as in push({name}(object=…), …)."
            raise AudienceError(msg)
        return super().channel
