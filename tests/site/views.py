"""Views for tests."""

from django.contrib.auth import get_user_model, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.dashboard import Dashboard
from dashboards.live import push
from dashboards.views import PageView
from tests.site.dashboards import Live, Mixed, Quiet, Staff


@require_GET
def log_in(request: HttpRequest, username: str) -> HttpResponse:
    """Sign in, without a form."""
    user, _ = get_user_model().objects.get_or_create(
        username=username, defaults={"is_staff": username == "admin"}
    )
    login(request, user)
    return HttpResponse(username)


@require_GET
def set_staff(request: HttpRequest, username: str, is_staff: int) -> HttpResponse:
    """Give a user staff status, or take it away."""
    user, _ = get_user_model().objects.get_or_create(username=username)
    user.is_staff = bool(is_staff)
    user.save()
    return HttpResponse(username)


@require_GET
def log_out(request: HttpRequest) -> HttpResponse:
    """Sign out, without a form."""
    logout(request)
    return HttpResponse()


@require_POST
def hear(request: HttpRequest) -> HttpResponse:
    """Receive a form with a view of its own: redirect, or answer with content to show."""
    genre = request.POST["genre"]
    return redirect("/books/shelf/") if genre else HttpResponse("<p>Heard.</p>")


@require_GET
def race(request: HttpRequest) -> HttpResponse:
    """Render a live page, and push before its stream can be opened."""
    response = PageView.as_view(dashboard_class=Live)(request)
    push(Live, "number", "between")
    assert isinstance(response, HttpResponse)
    return response


@require_GET
def embedded(request: HttpRequest) -> HttpResponse:
    """A page of the site's own, with two dashboards and parts of others."""
    return render(request, "site/embedded.html", _boards(request))


@require_GET
def embedded_by_jinja(request: HttpRequest) -> HttpResponse:
    """The same page by Jinja2."""
    return render(request, "site/embedded.jinja", _boards(request))


def _boards(request: HttpRequest) -> dict[str, Dashboard]:
    return {"live": Live(), "quiet": Quiet(request), "staff": Staff(), "mixed": Mixed()}
