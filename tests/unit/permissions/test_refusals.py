"""Permission classes that get the dashboard, and that answer a refused page themselves.

So does the documented code of django-dashboards. Whatever the answer is, the request is refused: a
page of status 200 in place of the dashboard opens no component and no stream.
"""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import AsyncRequestFactory, Client, RequestFactory

from dashboards import permissions
from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live.subscription import EXTENSION, StreamHandoff
from dashboards.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from dashboards.views import ComponentView, PageView, StreamView
from tests.addresses import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

seen: list[Any] = []


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    seen.clear()
    monkeypatch.setattr(permissions, "_reported", set())


class NamesTheDashboard(BasePermission):
    def has_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> bool:
        seen.append(dashboard)
        return dashboard.class_name() == request.GET.get("open")


class NamesBoth(BasePermission):
    async def has_object_permission(self, request: HttpRequest, obj: Any, dashboard: Any) -> bool:
        seen.append((obj.name, dashboard))
        return bool(obj.name == "open")


class TakesAll(BasePermission):
    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        seen.append(kwargs)
        return bool(super().has_permission(request, *args, **kwargs))


class OfStaff(IsAdminUser):
    """Calls its base class as the classes of django-dashboards are called."""

    def has_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> bool:
        return super().has_permission(request, dashboard)


class Answers(BasePermission):
    """Refuses, and answers what a test tells it."""

    answer: Callable[[], Any] = lambda: None

    def has_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> bool:
        return False

    def handle_no_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> Any:
        return type(self).answer()


class Opened(Dashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (NamesTheDashboard & TakesAll,)


class Part(Dashboard):
    secret = Stat(value="classified", live=True, permission_classes=[NamesTheDashboard])

    class Meta:
        app_label = "site"


class Refused(Dashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (AllowAny, Answers)


class Elsewhere(IsAuthenticated):
    login_url = "/staff-login/"
    redirect_field_name = "back"
    permission_denied_message = "Members only."


class Members(Dashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (Elsewhere & IsAdminUser,)


class Plain(BasePermission):
    raise_exception = True
    permission_denied_message = "No."

    def has_permission(self, request: HttpRequest) -> bool:
        return False


class NoLogin(Dashboard):
    class Meta:
        app_label = "site"
        permission_classes = (Plain,)


class AnswersForObjects(NamesBoth):
    def handle_no_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> Any:
        return HttpResponse("refused here")


class Grouped(ModelDashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (AnswersForObjects,)


class StaffOnly(OfStaff):
    def handle_no_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> Any:
        return HttpResponse(f"not {dashboard.class_name()}")


class Both(ModelDashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (NamesBoth, StaffOnly)


urlpatterns = addresses(Opened, Part, Refused, Members, NoLogin, Grouped, Both)
PARTS = ("@component/secret/", "@components/secret/", "@stream/")


@pytest.mark.parametrize("way", ["", *PARTS])
def test_permission_that_names_the_dashboard_gets_its_class(client: Client, way: str):
    assert client.get(f"/site/opened/{way}?open=opened").status_code == 200
    assert seen.count(Opened) == seen.count({"dashboard": Opened}) > 0
    assert client.get(f"/site/opened/{way}?open=part").status_code == (302 if way == "" else 403)


def test_permission_of_a_component_gets_the_class_of_its_dashboard(client: Client):
    assert client.get("/site/part/@component/secret/?open=part").status_code == 200
    assert client.get("/site/part/@component/secret/?open=opened").status_code == 404
    assert set(seen) == {Part}


def test_object_permission_gets_the_object_and_the_dashboard(client: Client):
    shut, opened = (Group.objects.create(name=name) for name in ("shut", "open"))

    assert client.get(f"/site/grouped/{opened.pk}/@stream/").status_code == 200
    assert client.get(f"/site/grouped/{shut.pk}/@stream/").status_code == 403
    assert seen == [("open", Grouped), ("shut", Grouped)]


def is_denied() -> Any:
    raise PermissionDenied


def is_missing() -> Any:
    raise Http404


async def answer_later() -> HttpResponse:
    return HttpResponse("a page of ours")


ANSWERS: dict[str, tuple[Callable[[], Any], int]] = {
    "redirect": (lambda: HttpResponseRedirect("/denied/"), 302),
    "page": (lambda: HttpResponse("a page of ours"), 200),
    "awaitable page": (answer_later, 200),
    "event stream": (lambda: HttpResponse("", content_type="text/event-stream"), 200),
    "raised refusal": (is_denied, 403),
    "returned refusal": (lambda: PermissionDenied("no"), 403),
    "raised 404": (is_missing, 404),
    "none": (lambda: None, 302),
    "true": (lambda: True, 302),
    "text": (lambda: "come in", 302),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_permission_answers_the_page_and_opens_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
):
    answer, status = ANSWERS[name]
    monkeypatch.setattr(Answers, "answer", answer)

    page = client.get("/site/refused/")

    assert page.status_code == status
    assert "no-store" in page["Cache-Control"]
    for part in PARTS:
        response = client.get(f"/site/refused/{part}")
        assert response.status_code == 403
        assert b"classified" not in page.content + response.content


@pytest.mark.parametrize("name", ANSWERS)
async def test_permission_that_answers_itself_opens_no_stream_under_asgi(
    monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(Answers, "answer", ANSWERS[name][0])
    handoff = StreamHandoff()

    async def ask(dashboard: type[Dashboard]) -> int:
        request = AsyncRequestFactory().get("/site/x/@stream/?open=opened")
        request.scope = {**request.scope, "extensions": {EXTENSION: handoff}}
        view = StreamView.as_view(dashboard_class=dashboard)
        return (await sync_to_async(view)(request)).status_code

    assert await ask(Refused) == 403
    assert handoff.subscription is None
    # The same request leaves a subscription if it is allowed.
    assert await ask(Opened) == 200
    assert handoff.subscription is not None


def test_answer_of_a_wrong_type_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(Answers, "answer", ANSWERS["text"][0])
    client.get("/site/refused/")

    assert [each.message for each in caplog.records if each.name == "dashboards"] == [
        "Answers.handle_no_permission answered 'str' in place of an HttpResponse: nobody is let in."
    ]


def test_page_that_a_script_requests_is_answered_403(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    # A login page would be put into an element of another page.
    monkeypatch.setattr(Answers, "answer", ANSWERS["page"][0])

    assert client.get("/site/refused/", headers={"HX-Request": "true"}).status_code == 403
    assert client.get("/site/members/", headers={"HX-Request": "true"}).status_code == 403


def test_attributes_of_a_permission_decide_on_its_usual_answer(client: Client):
    response = client.get("/site/members/")
    assert response["Location"] == "/staff-login/?back=/site/members/"
    assert client.get("/site/nologin/").status_code == 403

    # The other part of the combination refuses: the answer is that part's.
    client.force_login(User.objects.create_user("member"))
    assert client.get("/site/members/").status_code == 403


def test_message_of_a_permission_is_that_of_the_403(rf: RequestFactory):
    request = rf.get("/")
    request.user = User(username="member")

    with pytest.raises(PermissionDenied, match=r"^Members only\.$"):
        Elsewhere().handle_no_permission(request, Members)


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_answer_never_tells_which_objects_exist(client: Client, is_signed_in: bool):
    """A permission that refuses an object answered it, and a missing object was answered 404."""
    shut = Group.objects.create(name="shut")
    if is_signed_in:
        client.force_login(User.objects.create_user("member"))

    def ask(path: str) -> tuple[int, str, bytes]:
        response = client.get(path)
        url = response.get("Location", "").replace(path, "")
        return response.status_code, url, response.content

    assert ask(f"/site/grouped/{shut.pk}/") == ask("/site/grouped/999/")
    assert ask(f"/site/grouped/{shut.pk}/")[0] == (404 if is_signed_in else 302)
    assert ask(f"/site/both/{shut.pk}/") == ask("/site/both/999/") == (200, "", b"not both")


@pytest.mark.parametrize("view", [ComponentView, StreamView, PageView])
def test_error_of_an_answer_lets_nobody_in(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, view: Any
):
    def fail() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Answers, "answer", fail)
    request = rf.get("/site/refused/")
    request.user = AnonymousUser()
    if view is PageView:
        with pytest.raises(ZeroDivisionError):
            view.as_view(dashboard_class=Refused)(request, key="secret")
    else:
        assert view.as_view(dashboard_class=Refused)(request, key="secret").status_code == 403


# The class method for views of your own.


@pytest.mark.parametrize("name", ["redirect", "page", "awaitable page"])
def test_has_permissions_gives_the_answer_of_a_refusal(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(Answers, "answer", ANSWERS[name][0])
    request = rf.get("/")

    assert Refused.has_permissions(request) is False
    assert Refused.has_permissions(request=request, handle=False) is False
    answer = Refused.has_permissions(request=request, handle=True)
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == ANSWERS[name][1]
    assert Opened.has_permissions(rf.get("/?open=opened"), handle=True) is True


def test_has_permissions_of_an_object_raises_where_only_the_object_is_refused(rf: RequestFactory):
    request = rf.get("/")

    assert Grouped.has_permissions(request, object=Group(name="open", pk=1)) is True
    assert Grouped.has_permissions(request, object=Group(name="shut", pk=2)) is False
    with pytest.raises(PermissionDenied):
        Grouped.has_permissions(request, handle=True, object=Group(name="shut", pk=2))
