"""Which requests may open a dashboard."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dashboards.dashboard.binding import BaseDashboard
from dashboards.permission_classes import as_classes, load
from dashboards.permissions import (
    AllowAny,
    BasePermission,
    answer_refused,
    grants,
    grants_all,
    is_about_objects,
)


class PermissionMixin(BaseDashboard):
    """Applies the permission classes of a dashboard."""

    def get_permissions(self) -> Sequence[BasePermission]:
        """Return the permissions that must all allow a request.

        Raises:
            DeclarationError: ``DASHBOARDS["PERMISSION_CLASSES"]`` cannot be used.
        """
        classes = self._meta.permission_classes
        if classes is None:
            where = "DASHBOARDS['PERMISSION_CLASSES']"
            classes = as_classes(where, self.settings["PERMISSION_CLASSES"])
        return load(classes)

    def has_permission(self, request: HttpRequest) -> bool:
        """Return True if the request may open the page, its components and its stream.

        A subclass may make it ``async``. Any answer other than ``True`` refuses the request.
        """
        user = getattr(request, "user", None)
        if self._meta.audience == "user" and getattr(user, "is_authenticated", False) is not True:
            return False
        return grants_all(self.get_permissions(), request, self.object, dashboard=type(self))

    @classmethod
    def allows(cls, request: HttpRequest, object: Any = None) -> bool:  # noqa: A002 - as in __init__
        """Return True if a request may open it. Its components are not created for that.

        Args:
            request: the request.
            object: the object of the dashboard, if it has one.
        """
        if not cls.has_own_permissions():
            return grants(cls.without_components(request, object).has_permission, request)
        # A subclass's own methods may need what its __init__ sets.
        return grants(cls._create(request=request, object=object).has_permission, request)

    @classmethod
    def is_refused_anyway(cls, request: HttpRequest) -> bool:
        """Return True if a request may not open the dashboard of any object."""
        try:
            return not cls.allows(request)
        except Exception:  # noqa: BLE001 - a subclass's methods may need an object
            return False

    @classmethod
    def answer_refused(cls, request: HttpRequest) -> HttpResponseBase | None:
        """Return the answer of the first permission class that refuses a request for a page.

        Returns:
            A response; ``None`` if none of them refuses whatever the object is, or if the usual
            answer is to be given.

        Raises:
            PermissionDenied: the answer is 403.
        """
        has_own = cls.has_own_permissions()
        try:
            dashboard = cls._create(request=request) if has_own else cls.without_components(request)
            permissions = dashboard.get_permissions()
        except Exception:  # noqa: BLE001 - a subclass's methods may need an object
            return None
        return answer_refused(permissions, request, cls)

    @classmethod
    def has_object_permissions(cls) -> bool:
        """Return True if a request may open it for one object and not for another."""
        return cls.has_own_permissions() or any(
            is_about_objects(type(each)) for each in cls.without_components().get_permissions()
        )

    @property
    def is_public(self) -> bool:
        """True if every visitor may see all of the page, and this one is not signed in."""
        user = getattr(self.request, "user", None)
        is_known = user is not None and getattr(user, "is_authenticated", True) is not False
        return not (
            is_known
            or self._meta.audience == "user"
            or self.has_own_permissions()
            or any(type(each) is not AllowAny for each in self.get_permissions())
            or self.components.has_restricted()
        )

    @classmethod
    def has_own_permissions(cls) -> bool:
        """Return True if a method of a subclass decides who may open it."""
        return cls.overrides("has_permission", "get_permissions", beyond=PermissionMixin)
