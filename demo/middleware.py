"""A strict content security policy, which the pages of the package keep without exceptions."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Everything comes from this site's own files; images that a chart creates are data URLs.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "require-trusted-types-for 'script'; trusted-types dashboards default"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware
