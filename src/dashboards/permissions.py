"""Who may open a dashboard, or see one of its components: on page, address and stream alike."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class PermissionType(type):
    """Lets permission classes be combined: ``A & B``, ``A | B``, ``~A``, each a class again."""

    def __and__(cls, other: Any) -> "type[BasePermission]":
        if not isinstance(other, PermissionType):
            return NotImplemented
        return _combine(f"({cls.__name__} & {other.__name__})", _And, cls, other)

    # A type already has an "or", which makes a union of types.
    def __or__(cls, other: Any) -> Any:
        if not isinstance(other, PermissionType):
            return super().__or__(other)
        return _combine(f"({cls.__name__} | {other.__name__})", _Or, cls, other)

    def __invert__(cls) -> "type[BasePermission]":
        return _combine(f"~{cls.__name__}", _Not, cls)


class BasePermission(metaclass=PermissionType):
    """Allows what its two methods allow. Subclass it and override either.

    Classes can be combined: ``IsAdminUser | (IsAuthenticated & ~IsTrainee)``.
    """

    def has_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - for subclasses
        """Whether this request may open the dashboard."""
        return True

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:  # noqa: ARG002
        """Whether this request may open the dashboard of this object."""
        return True

    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this request may open it: both methods say so, the second where there is one."""
        return self.has_permission(request) and (
            obj is None or self.has_object_permission(request, obj)
        )


class _Combined(BasePermission):
    """What others allow, put together. Asked as a whole, since "not" turns both answers at once."""

    parts: ClassVar[tuple[type[BasePermission], ...]] = ()

    def has_permission(self, request: HttpRequest) -> bool:
        return self.allows(request)

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return self.allows(request, obj)


class _And(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return all(part().allows(request, obj) for part in self.parts)


class _Or(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(part().allows(request, obj) for part in self.parts)


class _Not(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.parts[0]().allows(request, obj)


def _combine(name: str, kind: type[_Combined], *parts: PermissionType) -> type[BasePermission]:
    return cast("type[BasePermission]", PermissionType(name, (kind,), {"parts": parts}))


PermissionClass = type[BasePermission] | str
"""A permission class, or the dotted path of one."""


def load(classes: Iterable[PermissionClass]) -> list[BasePermission]:
    """Return an object of each class."""
    return [(import_string(each) if isinstance(each, str) else each)() for each in classes]


class AllowAny(BasePermission):
    """Everybody."""


class IsAuthenticated(BasePermission):
    """Whoever is signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request's user is signed in."""
        return _user(request).is_authenticated


class IsAdminUser(BasePermission):
    """Whoever may enter the admin: ``is_staff``."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request's user is staff."""
        return bool(getattr(_user(request), "is_staff", False))


def _user(request: HttpRequest) -> "AbstractBaseUser | AnonymousUser":
    user: AbstractBaseUser | AnonymousUser | None = getattr(request, "user", None)
    if user is None:
        msg = (
            "A permission class asked for request.user, which is not there: add "
            "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE."
        )
        raise ImproperlyConfigured(msg)
    return user
