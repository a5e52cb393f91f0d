"""Checks of registered dashboards: their URLs, permission classes and menus."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from inspect import iscoroutine
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse

from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.menus.menu import DashboardMenu
from dashboards.menus.registry import menu_registry
from dashboards.permission_classes import load
from dashboards.permissions import (
    BasePermission,
    IsAdminUser,
    IsAuthenticated,
    find_answering,
    get_parts,
)
from dashboards.registry import registry

_ABOUT_ACCESS = (
    *("dispatch", "has_object_permission", "login_required", "permission_required", "test_func"),
)
"""Attributes that views and permission classes have, and dashboards have not."""


@register("dashboards")
def check_urls(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the URLconf includes the URLs of registered dashboards."""
    for dashboard in registry:
        example = dashboard.get_example_kwargs()
        try:
            reverse(f"dashboards:{dashboard.get_page_url_name()}", kwargs=example)
        except NoReverseMatch:
            return [
                Warning(
                    f"{dashboard.__name__} is registered, but no address leads to it.",
                    hint='Add path("dashboards/", include("dashboards.urls")) to your URLs.',
                    id="dashboards.W007",
                )
            ]
    return ()


@register("dashboards")
def check_permissions(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that permission classes can be imported and used."""
    messages: list[CheckMessage] = []
    for dashboard in registry:
        get_permissions = _create(dashboard).get_permissions
        asked: dict[str, Callable[[], object]] = {dashboard.__name__: get_permissions}
        for key, component in dashboard.declared.items():
            asked[f"{dashboard.__name__}.{key}"] = partial(load, component.permission_classes)
        messages += [
            Error(
                f"The permission classes of {name} cannot be used: {reason}.",
                hint=(
                    "Give permission_classes, or DASHBOARDS['PERMISSION_CLASSES'], a list of "
                    "subclasses of BasePermission, or of dotted paths to them."
                ),
                id="dashboards.E009",
            )
            for name, ask in asked.items()
            if (reason := _get_permission_error(ask))
        ]
    return messages


def _create(dashboard: type[Dashboard]) -> Dashboard:
    try:
        return dashboard()
    except Exception:  # noqa: BLE001 - its __init__ may need a request
        return dashboard.without_components()


def _get_permission_error(get_permissions: Callable[[], object]) -> str:
    """Return why permissions cannot be used; an empty string if they can."""
    try:
        permissions = get_permissions()
    except (ImportError, TypeError, DeclarationError) as error:
        return str(error).removesuffix(".")
    if iscoroutine(permissions):
        permissions.close()  # It is awaited only for a request.
        return ""
    given: list[object] = list(permissions) if isinstance(permissions, Iterable) else [permissions]
    wrong = [each for each in given if not isinstance(each, BasePermission)]
    return f"{wrong[0]!r} is no BasePermission" if wrong else ""


@register("dashboards")
def check_attributes_of_views(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that dashboards have no attributes that only views and permission classes have.

    A permission class of the project may read them.
    """
    return [
        Error(
            f"{dashboard.__name__}.{name} refuses nobody, unless code of yours reads it.",
            hint=(
                "Write a permission class (dashboards.permissions.BasePermission), and name it in "
                "Meta.permission_classes. Where it is for something else, give it another name."
            ),
            id="dashboards.E054",
        )
        for dashboard in registry
        for name in _ABOUT_ACCESS
        if _has_attribute(dashboard, name) and not _has_own_permissions(dashboard)
    ]


def _has_attribute(dashboard: type[Dashboard], name: str) -> bool:
    value = getattr(dashboard, name, None)
    # A component may have the name.
    return name not in dashboard.declared and value is not None


def _has_own_permissions(dashboard: type[Dashboard]) -> bool:
    """Return True if code of the project may decide who sees a dashboard, or a part of it."""
    if dashboard.has_own_permissions() or dashboard.is_dynamic:
        return True
    # Classes that cannot be used have a check of their own.
    with suppress(ImportError, TypeError, DeclarationError):
        given = list(dashboard.without_components().get_permissions())
        for component in dashboard.declared.values():
            given += load(component.permission_classes)
        parts = [part for each in given for part in get_parts(type(each))]
        return any(not part.__module__.startswith("dashboards.") for part in parts)
    return True


@register("dashboards")
def check_login_urls(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the ``login_url`` of permission classes leads somewhere."""
    used: dict[type[BasePermission], None] = {}
    for dashboard in registry:
        # Classes that cannot be used have a check of their own.
        with suppress(ImportError, TypeError, DeclarationError):
            # As declared: a get_permissions() of its own may need a request.
            given = Dashboard.get_permissions(dashboard.without_components())
            for each in given:
                used.update(dict.fromkeys(find_answering(type(each))))
    return [
        Warning(
            f"{each.__module__}.{each.__qualname__}.login_url is {each.login_url!r}, and no view "
            "has this name: a request that it refuses is answered 500.",
            hint='Write a URL, such as "/login/", or the name of a view.',
            id="dashboards.W019",
        )
        for each in used
        if each.login_url and not _is_found(each.login_url)
    ]


def _is_found(url: str) -> bool:
    try:
        resolve_url(url)
    except NoReverseMatch:
        return False
    return True


@register("dashboards")
def check_login(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that there is a page at ``LOGIN_URL`` if a dashboard redirects to it.

    Permission classes of the project are not considered: they may answer otherwise.
    """
    # A dashboard without an address redirects nobody.
    if _has_login_page() or check_urls():
        return ()
    names = [each.__name__ for each in registry if _redirects_to_login(each)]
    return [
        Warning(
            f"{name} redirects viewers who are not signed in to LOGIN_URL, and there is no page at "
            f"{settings.LOGIN_URL!r}.",
            hint=(
                'Set LOGIN_URL = "admin:login" for the login of the admin, or add '
                'path("accounts/", include("django.contrib.auth.urls")) to your URLs and a '
                "template registration/login.html."
            ),
            id="dashboards.W086",
        )
        for name in names[:1]
    ]


def _has_login_page() -> bool:
    """Return False if the project's URLs have nothing at ``LOGIN_URL``."""
    try:
        url = resolve_url(settings.LOGIN_URL)
        # Another site may have the login; and Django's LocaleMiddleware may add the language.
        if url.startswith("/") and "django.middleware.locale.LocaleMiddleware" not in (
            settings.MIDDLEWARE
        ):
            resolve("/" + url.partition("?")[0].removeprefix(get_script_prefix()))
    except (NoReverseMatch, Resolver404):
        return False
    return True


def _redirects_to_login(dashboard: type[Dashboard]) -> bool:
    if dashboard._meta.audience == "user":  # noqa: SLF001
        return True
    instance = _create(dashboard)
    if _get_permission_error(instance.get_permissions):
        return False
    permissions: object = instance.get_permissions()
    if iscoroutine(permissions):
        permissions.close()  # It is awaited only for a request.
    return isinstance(permissions, Iterable) and any(
        answering in (IsAuthenticated, IsAdminUser)
        for each in permissions
        for answering in find_answering(type(each))
    )


@register("dashboards")
def check_menus(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the app label of each ``DashboardMenu`` exists: else the menu is never shown."""
    used = dict.fromkeys(dashboard.get_app_label() for dashboard in registry)
    return [
        Warning(
            f"{menu.__module__}.{menu.__qualname__}.app_label is {menu.app_label!r}, and there is "
            "no such app: the menu is never shown.",
            hint=f"Dashboards are registered for {', '.join(map(repr, used)) or 'no app yet'}.",
            id="dashboards.W015",
        )
        for menu in menu_registry
        if issubclass(menu, DashboardMenu)
        and not (menu.app_label in apps.app_configs or menu.app_label in used)
    ]
