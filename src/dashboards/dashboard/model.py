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
from dashboards.dashboard.model_signals import ask_anew_on_change
from dashboards.dashboard.options import ModelOptions, Options
from dashboards.exceptions import AudienceError, DeclarationError


class ObjectConverter:
    """A path converter for what names an object: any text but the empty one.

    A slash would end the name, and ``.`` and ``..`` are resolved by browsers. Such a name is
    quoted once more than addresses are: a server unquotes it once, and this the rest.
    """

    regex = r"[^/]+"

    def to_python(self, value: str) -> str:
        """Return the name of an address."""
        return _QUOTED.sub(lambda found: unquote(found[0]), value)

    def to_url(self, value: Any) -> str:
        """Return a name as it stands in an address.

        Raises:
            ValueError: it is empty, so no address can have it.
        """
        text = str(value)
        if not text:
            msg = "An object whose name is empty has no address."
            raise ValueError(msg)
        if text.strip(".") == "":
            return text.replace(".", "%2E")
        # Only a percent sign that would be taken for a quoted character is one itself.
        return _QUOTED.sub(lambda found: f"%25{found[0][1:]}", text).replace("/", "%2F")


_QUOTED = re.compile("%(25|2F|2E)", re.IGNORECASE)

register_converter(ObjectConverter, "dashboards_object")


class ModelDashboard(Dashboard):
    """A dashboard about one object of a model, at an address that names it.

    ``Meta.model`` says which model; ``lookup_field`` and ``lookup_kwarg`` how the address names
    an object. Who is allowed what of it say the permission classes. All live values are those of
    the object: push them with ``push(Orders(object=customer), …)``.
    """

    _options: ClassVar[type[Options]] = ModelOptions
    _meta: ClassVar[ModelOptions]

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
    def connect_model_signals(cls) -> None:
        """Tell when models change, and when an object does that lets in or refuses its viewers."""
        super().connect_model_signals()
        if cls.is_dynamic or any(each.live for each in cls.declared.values()):
            ask_anew_on_change(cls.get_model(), cls.depends_on_object)

    @classmethod
    def depends_on_object(cls) -> bool:
        """Return True if who is let in to one object's dashboard may be refused at another's."""
        return (
            cls.overrides("get_queryset", "get_object", beyond=ModelDashboard)
            or cls.has_object_permissions()
        )

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
        return f"{super().get_route()}<dashboards_object:{cls.get_lookup_kwarg()}>/"

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
        queryset = cls.get_queryset(request)
        try:
            # Letters for a number, or a number that no database holds: no object has such a name.
            with refusing_bad_input(f"{cls.__name__}.get_object()", queryset.db):
                return queryset.get(**lookup)
        except (ObjectDoesNotExist, MultipleObjectsReturned, ValidationError) as error:
            raise Http404(cls.missing_message()) from error

    @property
    def is_public(self) -> bool:
        """Return True if everybody may see all of the page, whichever object it is about."""
        return super().is_public and not self.depends_on_object()

    @classmethod
    def missing_message(cls) -> str:
        """Return what a 404 says, of an object that is missing and of one that is not shown."""
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
        return f"{super().dom_id}-{suffix}"

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
