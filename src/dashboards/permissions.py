"""Who may open a dashboard: its page, its components and its stream alike."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class BasePermission:
    """Allows what its two methods allow. Subclass it and override either."""

    def has_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - for subclasses
        """Whether this request may open the dashboard."""
        return True

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:  # noqa: ARG002
        """Whether this request may open the dashboard of this object."""
        return True


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
