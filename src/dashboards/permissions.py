"""Permission classes: who may open a dashboard, or see one of its components.

One rule holds for page, component, stream, menu and event channel alike: only the value ``True`` of
a finished answer lets in. ``grants`` asks, ``grants_all`` asks several.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ClassVar, cast

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from dashboards.exceptions import DeclarationError

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

logger = logging.getLogger("dashboards")

_reported: set[str] = set()
"""Permissions whose answer was no bool: each is logged once."""


class _NoAnswerError(Exception):
    """A permission answered neither ``True`` nor ``False``, so nobody is let in."""


def grants(ask: Callable[..., Any], *args: Any) -> bool:
    """Ask a permission, and return True only if its finished answer is the value ``True``.

    An awaitable answer is awaited. An answer that is no bool (a queryset, a user, ``None``) is
    refused, and logged once: it may be a mistake that was meant as "no".

    Args:
        ask: what is asked, such as ``permission.allows``.
        *args: its arguments.
    """
    try:
        return _ask(ask, *args)
    except _NoAnswerError:
        return False


def grants_all(permissions: Any, request: HttpRequest, obj: Any = None) -> bool:
    """Return True if each of several permissions allows a request.

    Args:
        permissions: objects of permission classes. No permissions at all let everybody in if they
            are an empty list or tuple, which somebody wrote; any other empty iterable lets nobody
            in, for it may have been used up.
        request: the request.
        obj: the object that the dashboard is about, if it is about one.
    """
    permissions = _finish(permissions)
    asked = list(permissions)
    # No "all" over the iterable itself: it would be true of one that was used up.
    if not asked and not isinstance(permissions, list | tuple):
        _report(permissions, "no permissions")
        return False
    return all(grants(each.allows, request, obj) for each in asked)


def _ask(ask: Callable[..., Any], *args: Any) -> bool:
    """Return a permission's answer.

    Raises:
        _NoAnswerError: it is neither ``True`` nor ``False``.
    """
    answer = _finish(ask(*args))
    if isinstance(answer, bool):
        return answer
    _report(ask, repr(type(answer).__name__) if answer is not None else "None")
    raise _NoAnswerError


def _finish(answer: Any) -> Any:
    """Return an answer, awaited if it is awaitable."""
    if not inspect.isawaitable(answer):
        return answer
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return async_to_sync(_wait_for)(answer)
    # Asked by sync code that runs in an event loop, which cannot wait for itself.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, _wait_for(answer)).result()


async def _wait_for(answer: Awaitable[Any]) -> Any:
    return await answer


def _report(asked: object, answer: str) -> None:
    name = getattr(asked, "__qualname__", type(asked).__qualname__)
    if name in _reported:
        return
    _reported.add(name)
    logger.error(
        "%s answered %s in place of True or False: nobody is let in.",
        name,
        answer,
        extra={"event": "permission_unanswered"},
    )


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
    """Allows a request if both of its methods return ``True``. Subclass it and override either.

    Both may be ``async``. An answer that is neither ``True`` nor ``False`` refuses.

    Classes can be combined: ``IsAdminUser | (IsAuthenticated & ~IsTrainee)``.
    """

    def has_permission(self, request: HttpRequest) -> Any:  # noqa: ARG002 - for subclasses
        """Return ``True`` if this request may open the dashboard."""
        return True

    def has_object_permission(self, request: HttpRequest, obj: Any) -> Any:  # noqa: ARG002
        """Return ``True`` if this request may open the dashboard of this object."""
        return True

    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return True if both methods do; the second is asked only if there is an object."""
        return _ask(self.has_permission, request) and (
            obj is None or _ask(self.has_object_permission, request, obj)
        )


class _Combined(BasePermission):
    """Combines the answers of other classes.

    They are asked with ``_ask``: a part without an answer refuses the whole. Were it taken as
    "no", ``~`` would make "yes" of it.
    """

    parts: ClassVar[tuple[type[BasePermission], ...]] = ()

    def has_permission(self, request: HttpRequest) -> bool:
        return self.allows(request)

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return self.allows(request, obj)


class _And(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return all(_ask(part().allows, request, obj) for part in self.parts)


class _Or(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(_ask(part().allows, request, obj) for part in self.parts)


class _Not(_Combined):
    def allows(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _ask(self.parts[0]().allows, request, obj)


def _combine(name: str, kind: type[_Combined], *parts: PermissionType) -> type[BasePermission]:
    return cast("type[BasePermission]", PermissionType(name, (kind,), {"parts": parts}))


PermissionClass = type[BasePermission] | str
"""A permission class, or the dotted path of one."""


def as_classes(where: str, given: Any) -> tuple[PermissionClass, ...]:
    """Return declared permission classes as a tuple, made once.

    Args:
        where: what declares them, for the error: ``"Shop.Meta.permission_classes"``.
        given: a list or tuple of classes or of dotted paths. An empty one lets everybody in.

    Raises:
        DeclarationError: it is something else, such as a generator, which only its first reader
            would find full, or holds something else.
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
    """Return an object of each class.

    Raises:
        ImportError: there is nothing at a dotted path.
        DeclarationError: there is something else than a permission class.
    """
    loaded = [import_string(each) if isinstance(each, str) else each for each in classes]
    return [each() for each in as_classes("The permission classes", loaded)]  # type: ignore[operator]


def is_about_objects(permission: type[BasePermission]) -> bool:
    """Return True if a permission class may let a request see one object and not another."""
    if issubclass(permission, _Combined):
        return any(is_about_objects(part) for part in permission.parts)
    return any(
        getattr(permission, name) is not getattr(BasePermission, name)
        for name in ("has_object_permission", "allows")
    )


class AllowAny(BasePermission):
    """Lets everybody in."""


class IsAuthenticated(BasePermission):
    """Lets users in who are signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Return True if the request's user is signed in."""
        return _user(request).is_authenticated


class IsAdminUser(BasePermission):
    """Lets users in who may enter the admin: ``is_staff``."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Return True if the request's user is staff."""
        # Not its truth: a user model of the project's own may have a method of this name.
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
