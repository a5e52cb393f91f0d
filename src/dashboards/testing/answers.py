"""Answers to the kit's requests: how they are requested, whom they refuse, and their language."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import tzinfo
from http import HTTPStatus
from typing import Any
from unittest.mock import patch
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils import timezone, translation

from dashboards.component.templates import Templates
from dashboards.dashboard import Dashboard

_ANYWHERE = "https://testserver/"


def is_secure() -> bool:
    """Return True if viewers come by https: the site redirects all others."""
    return bool(settings.SECURE_SSL_REDIRECT)


class Locale:
    """The language and the time zone in which a viewer got a page.

    A middleware of the project may choose them, and may undo its choice after the response.
    """

    def __init__(self) -> None:
        self._language: str | None = None
        self._time_zone: tzinfo | None = None

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record those in which a page is rendered meanwhile."""
        render_around = Templates.render_around

        def render(templates: Templates, name: str, values: dict[str, Any]) -> str:
            self._language = translation.get_language()
            self._time_zone = timezone.get_current_timezone()
            return render_around(templates, name, values)

        with patch.object(Templates, "render_around", render):
            yield

    @contextmanager
    def active(self) -> Iterator[None]:
        """Use them; what is active already if no page was rendered."""
        with ExitStack() as stack:
            if self._time_zone is not None:
                stack.enter_context(translation.override(self._language))
                stack.enter_context(timezone.override(self._time_zone))
            yield


def find_stray(dashboard: Dashboard, response: HttpResponse) -> str:
    """Return where a page is redirected to if that refuses nobody; empty if it does, or is none.

    A refusal leads to the login, or to where a permission class of the dashboard sends its viewer.
    """
    target = response.get("Location", "")
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST
    if not is_redirect or leads_to_login(target):
        return ""
    request: Any = getattr(response, "wsgi_request", None)
    try:
        answer = type(dashboard).answer_refused(request)
    except (PermissionDenied, AttributeError):  # The middleware that knows the user did not run.
        return target
    return "" if answer is not None and answer.get("Location") == target else target


def leads_to_login(target: str) -> bool:
    """Return True if a redirect leads to ``LOGIN_URL``."""
    try:
        login = resolve_url(settings.LOGIN_URL)
    except NoReverseMatch:
        return False
    return _find_page(target) == _find_page(login)


def _find_page(url: str) -> tuple[str, str]:
    parts = urlsplit(urljoin(_ANYWHERE, url))
    return parts.netloc, parts.path
