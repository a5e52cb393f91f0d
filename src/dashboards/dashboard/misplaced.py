"""Refusing attributes of dashboard classes that belong elsewhere.

The worst are about access: a dashboard that ignored them would be open to more people than it says.
The check ``dashboards.E054`` finds those that a project's own permission class may read.
"""

from typing import Any

from dashboards.component.layout import ComponentLayout
from dashboards.exceptions import DeclarationError

_ABOUT_ACCESS = frozenset({"audience", "permission_classes"})


def refuse_misplaced(cls: Any, options: frozenset[str]) -> None:
    """Refuse attributes that belong elsewhere.

    Args:
        cls: the dashboard class.
        options: the names that its ``Meta`` may have.

    Raises:
        DeclarationError: it has such an attribute, or derives from a mixin for views.
    """
    for base in cls.__mro__[1:]:
        # Not imported: the module needs models.
        if (base.__module__, base.__name__) == ("django.contrib.auth.mixins", "AccessMixin"):
            msg = (
                f"{cls.__name__} derives from a mixin for views; nothing would call it. Write a "
                "permission class (dashboards.permissions.BasePermission), and name it in "
                "Meta.permission_classes."
            )
            raise DeclarationError(msg)
        if not hasattr(base, "_options"):  # No dashboard: those were checked when they were made.
            _refuse_options(cls, vars(base), _ABOUT_ACCESS)
    _refuse_options(cls, vars(cls), options)
    if getattr(cls.Layout, "components", None):
        return  # Other layouts may be for a method of the class.
    for name, value in vars(cls).items():
        if isinstance(value, ComponentLayout):
            msg = f"{cls.__name__}.{name} must stand in class Layout: Layout.components = …"
            raise DeclarationError(msg)


def _refuse_options(cls: Any, attributes: Any, options: frozenset[str]) -> None:
    for name in options & attributes.keys():
        value = attributes[name]
        # None takes an inherited component away; a method or a property may override one of ours.
        if value is not None and not hasattr(value, "__get__"):
            msg = f"{cls.__name__}.{name} must stand in class Meta: Meta.{name} = …"
            raise DeclarationError(msg)
