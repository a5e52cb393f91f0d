"""Permission classes as they are declared: in a ``Meta``, for a component, in the settings."""

from collections.abc import Iterable
from typing import Any

from django.utils.module_loading import import_string

from dashboards.exceptions import DeclarationError
from dashboards.permissions import BasePermission

PermissionClass = type[BasePermission] | str
"""A permission class, or the dotted path of one."""


def as_classes(where: str, given: Any) -> tuple[PermissionClass, ...]:
    """Return declared permission classes as a tuple.

    Args:
        where: the place of the declaration, for the error: ``"Shop.Meta.permission_classes"``.
        given: a list or tuple of classes or of dotted paths. An empty one allows every request.

    Raises:
        DeclarationError: it is something else, such as a generator, which is empty after its first
            use, or it contains something else.
    """
    if not isinstance(given, list | tuple):
        msg = (
            f"{where} must be a list or tuple of permission classes, got {given!r}. An empty list "
            "lets everybody in."
        )
        raise DeclarationError(msg)
    for each in given:
        if isinstance(each, str) or (isinstance(each, type) and issubclass(each, BasePermission)):
            continue
        hint = " It is an instance: name the class." if isinstance(each, BasePermission) else ""
        msg = (
            f"{where} must hold subclasses of BasePermission or dotted paths to them, got "
            f"{each!r}.{hint}"
        )
        raise DeclarationError(msg)
    return tuple(given)


def load(classes: Iterable[PermissionClass]) -> list[BasePermission]:
    """Return an instance of each class.

    Raises:
        ImportError: there is nothing at a dotted path.
        DeclarationError: the object at a dotted path is no permission class.
    """
    loaded = [import_string(each) if isinstance(each, str) else each for each in classes]
    return [each() for each in as_classes("The permission classes", loaded)]  # type: ignore[operator]
