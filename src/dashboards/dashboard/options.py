"""What a dashboard's ``Meta`` may say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from django.db.models import Model

from dashboards.exceptions import DeclarationError
from dashboards.permissions import PermissionClass, as_classes

Audience = Literal["everybody", "user"]

_AUDIENCES = get_args(Audience)


@dataclass(frozen=True)
class Options:
    """What ``Meta`` may say, with its defaults.

    Args:
        name: the page's title; by default made from the class's name.
        app_label: the app in its address; by default the app that holds the class.
        permission_classes: a list of permission classes that must all let a request in; by default
            ``DASHBOARDS["PERMISSION_CLASSES"]``. An empty list lets everybody in.
        template_name: the page's template.
        audience: who shares its live values: ``"everybody"`` who may open it, the default, or
            ``"user"``: each user has their own, and nobody opens it without signing in.
        filter_form: a form class whose fields narrow the whole dashboard; a django-filter
            ``FilterSet`` serves as well. It stands above the components, and its values in the
            page's address; components get what it has cleaned as ``filters``, and a ``FilterSet``
            itself as ``filterset``.
        event_channels: channels of django-eventstream whose events it shows: with
            ``DashboardChannelManager`` they are read by those who may open it, and by no other.
        include_in_menu: whether menus that are made of an app's dashboards name it.
    """

    name: str = ""
    app_label: str = ""
    permission_classes: Sequence[PermissionClass] | None = None
    template_name: str = "dashboards/dashboard.html"
    audience: Audience = "everybody"
    filter_form: Callable[..., Any] | None = None

    event_channels: Sequence[str] = ()
    include_in_menu: bool = True

    def __post_init__(self) -> None:
        """Validate the options.

        Raises:
            DeclarationError: one has a value that it cannot have.
        """
        if self.permission_classes is not None:
            classes = as_classes("Meta.permission_classes", self.permission_classes)
            object.__setattr__(self, "permission_classes", classes)
        if self.filter_form is not None and not isinstance(self.filter_form, type):
            msg = f"Meta.filter_form must be a form class, got {self.filter_form!r}."
            raise DeclarationError(msg)
        if self.audience not in _AUDIENCES:
            allowed = " or ".join(map(repr, _AUDIENCES))
            msg = f"Meta.audience must be {allowed}, got {self.audience!r}."
            raise DeclarationError(msg)
        channels: Any = self.event_channels
        if not isinstance(channels, list | tuple) or not all(
            isinstance(channel, str) and channel for channel in channels
        ):
            msg = f"Meta.event_channels must be a list of names, got {channels!r}."
            raise DeclarationError(msg)
        if channels and self.is_divided:
            msg = (
                "Meta.event_channels cannot be told apart by user or object, as the values of this "
                "dashboard are: push them with dashboards.live.push."
            )
            raise DeclarationError(msg)

    @property
    def is_divided(self) -> bool:
        """Whether some who may open it have live values that others do not."""
        return self.audience == "user"


@dataclass(frozen=True)
class ModelOptions(Options):
    """What the ``Meta`` of a ``ModelDashboard`` may say beside that.

    Args:
        model: the model of its objects.
        lookup_field: the field that its address names; default ``"pk"``.
        lookup_kwarg: what its URLs call that; default ``lookup_field``.
    """

    model: type[Model] | None = None
    lookup_field: str = "pk"
    lookup_kwarg: str = ""

    @property
    def is_divided(self) -> bool:
        """Each object has its own."""
        return True


T = TypeVar("T", bound=Options)


def read_meta(name: str, meta: type | None, kind: type[T], inherited: Options) -> T:
    """Read what ``Meta`` says; all else but the name is inherited, lest a guard be lost."""
    given = (
        {key: getattr(meta, key) for key in dir(meta) if not key.startswith("_")} if meta else {}
    )
    allowed = _names(kind)
    if misplaced := sorted(given.keys() & _names(ModelOptions) - allowed):
        msg = (
            f"{name}.Meta may have {', '.join(misplaced)} only where {name} is about one object: "
            "derive it from ModelDashboard."
        )
        raise DeclarationError(msg)
    if unknown := sorted(given.keys() - allowed):
        msg = (
            f"{name}.Meta has no attribute {', '.join(unknown)}; "
            f"allowed are {', '.join(sorted(allowed))}."
        )
        raise DeclarationError(msg)
    its = {key: getattr(inherited, key) for key in allowed & _names(type(inherited))}
    return kind(**{**its, "name": "", **given})


def _names(kind: type[Options]) -> set[str]:
    return {each.name for each in fields(kind)}
