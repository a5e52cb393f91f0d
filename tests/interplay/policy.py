"""The content security policy, and who gets the debug toolbar."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def show_toolbar(request: HttpRequest) -> bool:
    """Return True: on every page, also without ``DEBUG``."""
    return True


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Send ``SECURE_CSP``, as the middleware of Django 6 does, with Django 5.2."""
    policy = "; ".join(f"{name} {' '.join(of)}" for name, of in settings.SECURE_CSP.items())

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not hasattr(response, "_csp_config"):
            response["Content-Security-Policy"] = policy
        return response

    return middleware


def admin_without_policy(get_response: GetResponse) -> GetResponse:
    """Do as ``csp_override({})`` of Django 6 does: the scripts of the admin's theme need more."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "/admin/" in request.path:
            response._csp_config = {}  # type: ignore[attr-defined]
        return response

    return middleware
