"""The options of a dashboard: the attributes of its ``Meta``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from django.db.models import Model

from dashboards.compat import META_NAMES, explain_names
from dashboards.dashboard.time_range import ALL, TODAY, is_relative
from dashboards.exceptions import DeclarationError
from dashboards.permission_classes import PermissionClass, as_classes
from dashboards.texts import StrOrPromise

Audience = Literal["everybody", "user"]

_AUDIENCES = get_args(Audience)


@dataclass(frozen=True)
class Options:
    """The attributes that ``Meta`` may have, with their defaults.

    Args:
        name: the page's title, which may be lazy; by default made from the class's name. In the
            title of a ``ModelDashboard`` the object's text follows.
        app_label: the app in its URLs; by default the app that contains the class.
        permission_classes: a list of permission classes that must all allow a request; by default
            ``DASHBOARDS["PERMISSION_CLASSES"]``. An empty list allows every request.
        template_name: the page's template.
        audience: the viewers that share its live values: ``"everybody"``, the default, or
            ``"user"``: each user has values of their own, and must be signed in to open it.
        filter_form: a form class, or a ``FilterSet`` of django-filter, whose fields filter the
            whole dashboard. The form is shown above the components, and its values are in the
            page's URL. Components get its cleaned data as ``filters``, and a ``FilterSet`` as
            ``filterset``.
        event_channels: channels of django-eventstream whose events it shows. With
            ``DashboardChannelManager`` only those who may open it can read them.
        time_ranges: the choices of the range of time that its charts share: such as ``"30s"``,
            ``"5m"``, ``"1h"``, ``"7d"`` or ``"2w"`` until now, and ``"today"``. An empty list
            leaves each chart by itself.
        time_range: the range that is shown first: one like those, or ``"all"``, the default.
        include_in_menu: True to include it in menus that list an app's dashboards.
    """

    name: StrOrPromise = ""
    app_label: str = ""
    permission_classes: Sequence[PermissionClass] | None = None
    template_name: str = "dashboards/dashboard.html"
    audience: Audience = "everybody"
    filter_form: Callable[..., Any] | None = None

    event_channels: Sequence[str] = ()
    time_ranges: Sequence[str] = ("5m", "1h", TODAY)
    time_range: str = ALL
    include_in_menu: bool = True

    def __post_init__(self) -> None:
        """Validate the options.

        Raises:
            DeclarationError: an option has a value that is not allowed.
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
                "Meta.event_channels cannot be used here, because each user or object has values "
                "of its own, and a channel sends its events to all: use dashboards.live.push."
            )
            raise DeclarationError(msg)
        self._check_time_ranges()

    def _check_time_ranges(self) -> None:
        choices: Any = self.time_ranges
        allowed = f'such as "30s", "5m", "1h", "7d" or "2w", or "{TODAY}"'
        if not isinstance(choices, list | tuple) or not all(map(is_relative, choices)):
            msg = f"Meta.time_ranges must be a list of ranges {allowed}; got {choices!r}."
            raise DeclarationError(msg)
        if self.time_range != ALL and not is_relative(self.time_range):
            msg = f'Meta.time_range must be "{ALL}", or {allowed}; got {self.time_range!r}.'
            raise DeclarationError(msg)

    @property
    def is_divided(self) -> bool:
        """True if users or objects have live values of their own."""
        return self.audience == "user"


@dataclass(frozen=True)
class ModelOptions(Options):
    """The attributes that the ``Meta`` of a ``ModelDashboard`` may have.

    Args:
        model: the model of its objects.
        lookup_field: the field that its URLs contain; default ``"pk"``.
        lookup_kwarg: the name of that argument in its URLs; default ``lookup_field``.
    """

    model: type[Model] | None = None
    lookup_field: str = "pk"
    lookup_kwarg: str = ""

    @property
    def is_divided(self) -> bool:
        """True: each object has live values of its own."""
        return True


T = TypeVar("T", bound=Options)


def read_meta(name: str, meta: type | None, kind: type[T], inherited: Options) -> T:
    """Merge ``Meta`` with the options of the parent class.

    All options but ``name`` are inherited, so that permissions are not lost by accident.
    """
    given = (
        {key: getattr(meta, key) for key in dir(meta) if not key.startswith("_")} if meta else {}
    )
    allowed = get_names(kind)
    if misplaced := sorted(given.keys() & get_names(ModelOptions) - allowed):
        msg = (
            f"{name}.Meta may have {', '.join(misplaced)} only where {name} is about one object: "
            "derive it from ModelDashboard."
        )
        raise DeclarationError(msg)
    if unknown := sorted(given.keys() - allowed):
        msg = (
            f"{name}.Meta has no attribute {', '.join(unknown)}; "
            f"allowed are {', '.join(sorted(allowed))}.{explain_names(unknown, META_NAMES)}"
        )
        raise DeclarationError(msg)
    kept = {key: getattr(inherited, key) for key in allowed & get_names(type(inherited))}
    try:
        return kind(**{**kept, "name": "", **given})
    except DeclarationError as error:
        msg = f"{name}.{error}"
        raise DeclarationError(msg) from error


def get_names(kind: type[Options]) -> frozenset[str]:
    """Return the names that a ``Meta`` may have."""
    return frozenset(each.name for each in fields(kind))
