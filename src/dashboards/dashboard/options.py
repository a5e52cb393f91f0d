"""What a dashboard's ``Meta`` may say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from django.db.models import Model

from dashboards.exceptions import DeclarationError
from dashboards.permissions import BasePermission

Audience = Literal["everybody", "user"]

_AUDIENCES = get_args(Audience)


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


def read_meta(name: str, meta: type | None, inherited: Options) -> Options:
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
