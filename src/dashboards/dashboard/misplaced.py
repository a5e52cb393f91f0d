"""Refusing attributes of dashboard classes that nothing reads, though their author relies on them.

Most are about access: a dashboard that ignored them would be open to more people than it says.
"""

from typing import Any

from dashboards.component.layout import ComponentLayout
from dashboards.exceptions import DeclarationError

_OF_PERMISSION_CLASSES = ("has_object_permission",)
_OF_VIEWS = ("dispatch", "login_required", "permission_required", "test_func")
_INSTEAD = (
    "nothing would call it. Write a permission class (dashboards.permissions.BasePermission), and "
    "name it in Meta.permission_classes."
)


def refuse_misplaced(cls: Any, options: frozenset[str]) -> None:
    """Refuse attributes that belong elsewhere.

    Args:
        cls: the dashboard class.
        options: the names that its ``Meta`` may have.

    Raises:
        DeclarationError: it has such an attribute, or derives from a mixin for views.
    """
    for base in cls.__mro__:
        if base.__name__ == "AccessMixin":  # Of django.contrib.auth.mixins, which needs models.
            msg = f"{cls.__name__} derives from a mixin for views; {_INSTEAD}"
            raise DeclarationError(msg)
    for name, value in vars(cls).items():
        if name in _OF_PERMISSION_CLASSES or name in _OF_VIEWS:
            msg = f"{cls.__name__}.{name} is no method of dashboards: {_INSTEAD}"
            raise DeclarationError(msg)
        # None takes an inherited component away; a method or a property may override one of ours.
        if name in options and value is not None and not hasattr(value, "__get__"):
            msg = f"{cls.__name__}.{name} must stand in class Meta: Meta.{name} = …"
            raise DeclarationError(msg)
        if isinstance(value, ComponentLayout):
            msg = f"{cls.__name__}.{name} must stand in class Layout: Layout.components = …"
            raise DeclarationError(msg)
