"""Refusing attributes of dashboard classes that belong elsewhere.

The worst are about access: a dashboard that ignored them would be open to more people than it says.
The check ``dashboards.E054`` finds those that a project's own permission class may read.
"""

from typing import Any

from dashboards.component.base import Component
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
    for name in options & (vars(cls).keys() | _ABOUT_ACCESS):
        # Of those about access also what a plain mixin has. None takes an inherited component away;
        # a component, a method or a property may have any name.
        value = getattr(cls, name, None)
        is_own = isinstance(value, Component) or hasattr(value, "__get__")
        if value is not None and not is_own:
            msg = f"{cls.__name__}.{name} must stand in class Meta: Meta.{name} = …"
            raise DeclarationError(msg)
    if getattr(cls.Layout, "components", None):
        return  # Other layouts may be for a method of the class.
    for name, value in vars(cls).items():
        if isinstance(value, ComponentLayout):
            msg = f"{cls.__name__}.{name} must stand in class Layout: Layout.components = …"
            raise DeclarationError(msg)
