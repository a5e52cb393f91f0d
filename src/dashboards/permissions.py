"""Permission classes: who may open a dashboard, or see one of its components.

One rule applies to pages, components, streams, menus and event channels: only the value ``True``
allows a request; an awaitable is awaited first. ``grants`` calls one permission, ``grants_all``
several.
"""

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from dashboards.calling import finish, names_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

logger = logging.getLogger("dashboards")

_reported: set[str] = set()
"""Names of permissions that returned a value of the wrong type. Each is logged once."""


class _NoAnswerError(Exception):
    """A permission returned neither ``True`` nor ``False``, so the request is refused."""


def grants(ask: Callable[..., Any], *args: Any, dashboard: type | None = None) -> bool:
    """Call a permission, and return True only if its answer is the value ``True``.

    An awaitable answer is awaited. An answer that is no bool (a queryset, a user, ``None``) counts
    as a refusal and is logged once: it may be a mistake.

    Args:
        ask: the callable, such as ``permission.allows``.
        *args: its arguments.
        dashboard: the dashboard class, which it gets if it has an argument of this name.
    """
    try:
        return _ask(ask, *args, dashboard=dashboard)
    except _NoAnswerError:
        return False


def grants_all(
    permissions: Any, request: HttpRequest, obj: Any = None, *, dashboard: type | None = None
) -> bool:
    """Return True if each of several permissions allows a request.

    Args:
        permissions: instances of permission classes. An empty list or tuple allows every request.
            Any other empty iterable refuses it, because it may be an iterator that was used before.
        request: the request.
        obj: the object of the dashboard, if it has one.
        dashboard: the dashboard class.
    """
    permissions = finish(permissions)
    listed = list(permissions)
    # all() over the iterable itself would be true for an iterator that was used before.
    if not listed and not isinstance(permissions, list | tuple):
        _report(permissions, "no permissions")
        return False
    return all(grants(each.allows, request, obj, dashboard=dashboard) for each in listed)


def answer_refused(
    permissions: Any, request: HttpRequest, dashboard: type
) -> HttpResponseBase | None:
    """Return the answer of the first permission that refuses a page, whatever its object is.

    Permissions are asked without an object. If one of them refuses only because of the object, it
    does not answer: its answer would show which objects exist.

    Args:
        permissions: instances of permission classes.
        request: the request, which is refused.
        dashboard: the dashboard class.

    Returns:
        The response of ``handle_no_permission``; ``None`` if the usual answer is to be given.

    Raises:
        PermissionDenied: the answer is 403.
    """
    for each in finish(permissions):
        if _refuses(each, request, dashboard):
            answer = finish(each.handle_no_permission(request=request, dashboard=dashboard))
            if isinstance(answer, PermissionDenied):
                raise answer
            if answer is None or isinstance(answer, HttpResponseBase):
                return answer
            _report(each.handle_no_permission, f"{type(answer).__name__!r}", "an HttpResponse")
            return None
    return None


def _refuses(permission: Any, request: HttpRequest, dashboard: type) -> bool:
    """Return True if a permission refuses a request, whatever the object is."""
    try:
        return not grants(permission.allows, request, None, dashboard=dashboard)
    except Exception:  # noqa: BLE001 - it may need an object
        return False


def redirect_to_login(
    request: HttpRequest, login_url: str = "", field: str = "next"
) -> HttpResponse:
    """Redirect to the login page, and back to this request's URL afterwards.

    Args:
        request: the request.
        login_url: the URL, or the name of the view, of the login page; by default ``LOGIN_URL``.
        field: the name of the parameter with the URL to come back to.
    """
    # Imported here: it imports models, and a project may not have django.contrib.auth.
    from django.contrib.auth import views  # noqa: PLC0415

    return views.redirect_to_login(request.get_full_path(), login_url or None, field)


def _ask(ask: Callable[..., Any], *args: Any, dashboard: type | None = None) -> bool:
    """Return a permission's answer.

    Raises:
        _NoAnswerError: the answer is neither ``True`` nor ``False``.
    """
    if dashboard is not None and _takes_dashboard(ask):
        answer = finish(ask(*args, dashboard=dashboard))
    else:
        answer = finish(ask(*args))
    if isinstance(answer, bool):
        return answer
    _report(ask, repr(type(answer).__name__) if answer is not None else "None")
    raise _NoAnswerError


def _takes_dashboard(ask: Callable[..., Any]) -> bool:
    names = names_of(ask)
    return names is None or "dashboard" in names


def _report(asked: object, answer: str, expected: str = "True or False") -> None:
    name = getattr(asked, "__qualname__", type(asked).__qualname__)
    if name in _reported:
        return
    _reported.add(name)
    logger.error(
        "%s answered %s in place of %s: nobody is let in.",
        name,
        answer,
        expected,
        extra={"event": "permission_unanswered"},
    )


class PermissionType(type):
    """Allows permission classes to be combined, to a new class: ``A & B``, ``A | B``, ``~A``."""

    def __and__(cls, other: Any) -> "type[BasePermission]":
        if not isinstance(other, PermissionType):
            return NotImplemented
        return _combine(f"({cls.__name__} & {other.__name__})", _And, cls, other)

    # "|" of other types makes a union of types.
    def __or__(cls, other: Any) -> Any:
        if not isinstance(other, PermissionType):
            return super().__or__(other)
        return _combine(f"({cls.__name__} | {other.__name__})", _Or, cls, other)

    def __invert__(cls) -> "type[BasePermission]":
        return _combine(f"~{cls.__name__}", _Not, cls)


class BasePermission(metaclass=PermissionType):
    """Allows a request if both of its methods return ``True``. Subclass it and override them.

    Both may be ``async``. An answer that is neither ``True`` nor ``False`` refuses the request.
    A method with an argument ``dashboard`` gets the dashboard class.

    Classes can be combined: ``IsAdminUser | (IsAuthenticated & ~IsTrainee)``.

    A page that is refused redirects to the login, or is answered 403 if somebody is signed in.
    Set the attributes below, or override ``handle_no_permission``, for another answer. Components,
    streams and a page that a script requests (``HX-Request``) are always answered 403.
    """

    login_url: str = ""
    """The URL, or the name of the view, of the login page; by default ``settings.LOGIN_URL``."""

    redirect_field_name: str = "next"
    """The parameter of the login page with the URL to come back to."""

    raise_exception: bool = False
    """True to answer 403 also if nobody is signed in."""

    permission_denied_message: str = ""
    """The message of the 403, which a template ``403.html`` of the project may show."""

    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Return ``True`` if this request may open the dashboard.

        Args:
            request: the request.
            *args: none at present.
            **kwargs: ``dashboard``, the dashboard class. A method without ``**kwargs`` gets it
                only if it names it.
        """
        return True

    def has_object_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - for subclasses
        obj: Any,  # noqa: ARG002
        *args: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        """Return ``True`` if this request may open the dashboard of this object.

        Args:
            request: the request.
            obj: the object.
            *args: none at present.
            **kwargs: ``dashboard``, the dashboard class. A method without ``**kwargs`` gets it
                only if it names it.
        """
        return True

    def allows(self, request: HttpRequest, obj: Any = None, dashboard: type | None = None) -> bool:
        """Return True if both methods do. The second one is called only if there is an object."""
        return _ask(self.has_permission, request, dashboard=dashboard) and (
            obj is None or _ask(self.has_object_permission, request, obj, dashboard=dashboard)
        )

    def handle_no_permission(self, request: HttpRequest, dashboard: type) -> Any:  # noqa: ARG002
        """Answer a request for a page that ``has_permission`` refuses. It may be ``async``.

        It decides about the answer only: the request is refused, whatever the answer is. It is
        not called if only ``has_object_permission`` refuses. Then a signed-in user gets 404, as for
        an object that does not exist.

        Returns:
            A response; or ``None`` for the usual answer.

        Raises:
            PermissionDenied: the answer is 403.
        """
        user = getattr(request, "user", None)
        if self.raise_exception or user is None or user.is_authenticated:
            raise PermissionDenied(self.permission_denied_message)
        return redirect_to_login(request, self.login_url, self.redirect_field_name)


class _Combined(BasePermission):
    """Combines the answers of other classes.

    If one of them returns no bool, the combination refuses the request. If that counted as
    ``False`` instead, ``~`` would turn it into ``True``.
    """

    parts: ClassVar[tuple[type[BasePermission], ...]] = ()

    def has_permission(self, request: HttpRequest, dashboard: type | None = None) -> bool:
        return self.allows(request, None, dashboard)

    def has_object_permission(
        self, request: HttpRequest, obj: Any, dashboard: type | None = None
    ) -> bool:
        return self.allows(request, obj, dashboard)

    def handle_no_permission(self, request: HttpRequest, dashboard: type) -> Any:
        """Have the first part that refuses answer."""
        for part in self.parts:
            if not grants(part().allows, request, None, dashboard=dashboard):
                return part().handle_no_permission(request=request, dashboard=dashboard)
        return super().handle_no_permission(request, dashboard)


class _And(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None, dashboard: type | None = None) -> bool:
        return all(_ask(part().allows, request, obj, dashboard=dashboard) for part in self.parts)


class _Or(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None, dashboard: type | None = None) -> bool:
        return any(_ask(part().allows, request, obj, dashboard=dashboard) for part in self.parts)


class _Not(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None, dashboard: type | None = None) -> bool:
        return not _ask(self.parts[0]().allows, request, obj, dashboard=dashboard)


def _combine(name: str, kind: type[_Combined], *parts: PermissionType) -> type[BasePermission]:
    return cast("type[BasePermission]", PermissionType(name, (kind,), {"parts": parts}))


def is_about_objects(permission: type[BasePermission]) -> bool:
    """Return True if a permission class may allow a request for one object and not for another."""
    return any(
        getattr(part, name) is not getattr(BasePermission, name)
        for part in get_parts(permission)
        for name in ("has_object_permission", "allows")
    )


def get_parts(permission: type[BasePermission]) -> Iterator[type[BasePermission]]:
    """Yield the classes that a class combines; the class itself if it combines none."""
    if issubclass(permission, _Combined):
        for part in permission.parts:
            yield from get_parts(part)
    else:
        yield permission


def find_answering(permission: type[BasePermission]) -> Iterator[type[BasePermission]]:
    """Yield the classes that may answer a page that a permission class refuses.

    These are the parts of a combined class: of ``A & B`` both, of ``A | B`` the first, because both
    have refused. ``~A`` answers by itself, because ``A`` has not refused.
    """
    if issubclass(permission, _And):
        for part in permission.parts:
            yield from find_answering(part)
    elif issubclass(permission, _Or):
        yield from find_answering(permission.parts[0])
    else:
        yield permission


class AllowAny(BasePermission):
    """Allows every request."""


class IsAuthenticated(BasePermission):
    """Allows users who are signed in."""

    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        """Return True if the request's user is signed in."""
        return _user(request).is_authenticated


class IsAdminUser(BasePermission):
    """Allows users who may enter the admin: ``is_staff``."""

    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        """Return True if the request's user is staff."""
        # Compared with True: a project's own user model may have a method of this name.
        return getattr(_user(request), "is_staff", False) is True


def _user(request: HttpRequest) -> "AbstractBaseUser | AnonymousUser":
    user: AbstractBaseUser | AnonymousUser | None = getattr(request, "user", None)
    if user is None:
        msg = (
            "A permission class asked for request.user, which is not there: add "
            "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE."
        )
        raise ImproperlyConfigured(msg)
    return user
