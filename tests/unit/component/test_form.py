"""Forms, filled in over HTTP: well, badly, by htmx, by Ajax, and without scripts."""

import re
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from dashboards.component import Form, Stat
from dashboards.component.bound import BoundComponent
from dashboards.component.htmx import get_depends_on
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.forms import DashboardForm
from dashboards.live import Every, OnChange
from dashboards.permissions import IsAdminUser
from tests.books.boards import AddBook, Find
from tests.books.models import Author, Book

pytestmark = pytest.mark.django_db


PAGE, FIND, ADD = (f"/books/desk/{path}" for path in ("", "@component/find/", "@component/add/"))


HTMX = {"HX-Request": "true", "Accept": "text/html"}


JSON = {"Accept": "application/json"}


MULTIPART = "multipart/form-data; boundary=x"


GOOD = {"title": "New", "pages": "12", "genre": "n"}


@pytest.fixture(autouse=True)
def _books():
    Book.objects.create(title="Long <novel>", pages=900)
    Book.objects.create(title="Short poems", pages=20, genre="p")


def box(html: str, key: str) -> str:
    return unescape(html.split(f'id="books_desk-{key}-content"')[1].partition("</section>")[0])


def text(html: str, key: str) -> str:
    return str(re.findall(r"stat-text[^>]*>(.*?)<", box(html, key))[0])


@pytest.mark.parametrize(
    ("query", "count", "first"),
    [
        ("", "2", "Long"),
        ("find-genre=p", "1", "Short"),
        ("find-least=100&find-genre=", "1", "Long"),
        ("find-least=nonsense&find-genre=p", "1", "Short"),
        ("find-least=-1", "2", "Long"),
        ("find-least=13&find-genre=p", "2", "Long"),  # the form as a whole is wrong
        ("find-order=nothing&find-genre=%00", "2", "Long"),
        ("find-least=99999999999999999999", "0", "Nothing found."),
        ("find-order=-pages&find-order=title", "2", "Long"),
        ("genre=p&find=x&find-=y&find-unknown=z", "2", "Long"),
    ],
)
def test_dependents_follow_the_query(client: Client, query, count, first):
    html = client.get(f"{PAGE}?{query}").content.decode()
    assert text(html, "count") == text(html, "live_count") == count
    assert first in box(html, "books").split("<tbody>")[1].split("</tr>")[0]
    late = client.get(f"/books/desk/@component/late_count/?{query}")
    assert f">{count}<" in late.content.decode()
    asked = client.get(f"{FIND}?{query}", headers=HTMX)
    assert asked.status_code == 200


def test_live_dependent_of_a_filtered_page_loads_itself(client: Client):
    usual, narrowed, other = (
        box_tag(client.get(f"{PAGE}{query}").content.decode())
        for query in ("", "?find-genre=p", "?find-genre=&find-least=0")
    )
    assert 'sse-swap="live_count"' in usual
    assert 'sse-refresh="live_count"' in narrowed
    assert 'sse-swap="live_count"' in other
    for tag in (usual, narrowed):
        assert 'data-dashboards-depends-on="find"' in tag
        assert "dashboards:changed from:#books_desk-find-content" in tag
        assert "dashboards:refresh" in tag


def box_tag(html: str) -> str:
    [tag] = re.findall(r'<div[^>]*id="books_desk-live_count-content"[^>]*>', html)
    return str(tag)


def test_filter_form_keeps_other_parameters(client: Client):
    html = client.get(f"{PAGE}?books-sort=-pages&find-genre=p&x=<").content.decode()
    form = box(html, "find")
    assert '<option value="p" selected>' in form
    assert 'name="books-sort" value="-pages"' in form
    assert 'name="x" value="<"' in form
    assert 'name="find-genre" value' not in form
    assert 'action=""' in form
    assert 'hx-get="/books/desk/@component/find/"' in form
    assert 'data-dashboards-view-url="/books/desk/@component/find/?find-genre=p"' in form
    assert "Reset" in form
    assert "Reset" not in box(client.get(f"{PAGE}?x=1").content.decode(), "find")
    assert "csrfmiddlewaretoken" not in form


def test_filter_form_leaves_out_the_page_of_its_dependents_and_no_other(client: Client):
    """Regression: the form repeated ``books-page``. Who filtered on page 3 saw the last page of the
    rows that were left."""
    html = client.get(f"{PAGE}?books-page=3&books-sort=-pages&find-genre=p&x=1").content.decode()
    form = box(html, "find")
    assert "books-page" not in form
    assert 'name="books-sort" value="-pages"' in form
    assert 'name="x" value="1"' in form
    assert "books-page=3" in html, "the table itself keeps it"


def test_invalid_filter_is_an_error_beside_its_field(client: Client):
    form = client.get(f"{FIND}?find-least=no", headers=HTMX).content.decode()
    assert "Enter a whole number." in form
    assert 'aria-invalid="true"' in form
    assert 'aria-describedby="books_desk-find-form-find-least_error"' in form
    assert 'id="books_desk-find-form-find-least_error"' in form
    assert 'value="no"' in form


def test_filters_as_json_are_cleaned_values_or_errors(client: Client):
    answer = client.get(f"{FIND}?find-genre=p", headers=JSON)
    result = {"genre": "p", "least": 0, "order": "title"}
    assert answer.json() == {"success": True, "result": result}
    answer = client.get(f"{FIND}?find-least=no", headers=JSON)
    assert answer.status_code == 400
    assert answer.json() == {"least": [{"message": "Enter a whole number.", "code": "invalid"}]}


@pytest.mark.usefixtures("_no_exceptions")
def test_post_by_htmx_saves_and_shows_a_fresh_form(client: Client):
    answer = client.post(ADD, GOOD, headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Reswap"] == "innerHTML settle:0"
    assert answer["Cache-Control"] == "no-store, private"
    html = answer.content.decode()
    assert "Saved." in html
    assert "New" not in html  # a fresh one
    assert Book.objects.get(title="New").pages == 12


@pytest.mark.parametrize("bad", [{}, {"title": "x"}, {"pages": "many", "title": "<kept>"}])
@pytest.mark.usefixtures("_no_exceptions")
def test_invalid_post_shows_errors_and_keeps_the_input(client: Client, bad: dict[str, str]):
    answer = client.post(ADD, bad, headers=HTMX)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'role="alert"' in html
    assert 'aria-invalid="true"' in html
    assert html.count("autofocus") == 1
    assert "&lt;kept&gt;" in html or "title" not in bad or bad["title"] == "x"
    assert Book.objects.count() == 2


@pytest.mark.parametrize(
    ("title", "text"),
    [("late", "Refused &lt;late&gt;."), ("elsewhere", "About no field."), ("a\0b", "Null")],
)
@pytest.mark.usefixtures("_no_exceptions")
def test_validation_error_of_save_is_a_form_error(client: Client, title: str, text: str):
    answer = client.post(ADD, {**GOOD, "title": title}, headers=HTMX)
    assert answer.status_code == 422
    assert text in answer.content.decode()


def test_post_by_ajax_answers_in_json(client: Client):
    answer = client.post(ADD, GOOD, headers=JSON)
    book = Book.objects.get(title="New")
    assert answer.json() == {"success": True, "result": {"pk": book.pk, "text": "New"}}
    answer = client.post(ADD, {**GOOD, "pages": ""}, headers=JSON)
    assert answer.status_code == 400
    required = {"message": "This field is required.", "code": "required"}
    assert answer.json() == {"pages": [required]}


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/books/desk/?x=1", "/books/desk/?x=1#books_desk-add"),
        ("https://evil.example/", "/books/desk/#books_desk-add"),
        ("//evil.example", "/books/desk/#books_desk-add"),
        ("javascript:alert(1)", "/books/desk/#books_desk-add"),
        (None, "/books/desk/#books_desk-add"),
    ],
)
def test_post_without_scripts_redirects_to_the_page(client: Client, given: str | None, leads: str):
    data = GOOD if given is None else {**GOOD, "dashboards-next": given}
    answer = client.post(ADD, data)
    assert answer.status_code == 302
    assert answer["Location"] == leads


def test_invalid_post_without_scripts_shows_a_page(client: Client):
    scan = SimpleUploadedFile("<scan>.png", b"png")
    data = {"title": "Kept", "scan": scan, "dashboards-next": "/books/desk/?x=1"}
    answer = client.post(ADD, data)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert html.startswith("<!doctype html>")
    assert 'value="Kept"' in html
    assert "Please choose these files again: &lt;scan&gt;.png" in html
    assert 'name="dashboards-next" value="/books/desk/?x=1"' in html


def test_file_is_saved(client: Client):
    client.post(ADD, {**GOOD, "scan": SimpleUploadedFile("scan.png", b"png")}, headers=HTMX)
    assert Book.objects.get(title="New").secret == "scan.png"
    html = client.get(PAGE).content.decode()
    assert 'enctype="multipart/form-data"' in box(html, "add")


def test_post_without_csrf_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    assert client.post(ADD, GOOD, headers=HTMX).status_code == 403
    html = client.get(PAGE).content.decode()
    [token] = re.findall(r'csrfmiddlewaretoken" value="(.*?)"', box(html, "add"))
    data = {**GOOD, "csrfmiddlewaretoken": token}
    assert client.post(ADD, data, headers=HTMX).status_code == 200
    # The component's response has a token, too: for a cached page, or one older than a login.
    other = Client(enforce_csrf_checks=True)
    html = other.get(ADD, headers=HTMX).content.decode()
    [token] = re.findall(r'csrfmiddlewaretoken" value="(.*?)"', html)
    assert other.post(ADD, {**data, "csrfmiddlewaretoken": token}).status_code == 302


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", [FIND, "/books/desk/@component/count/", PAGE])
def test_other_components_refuse_post(client: Client, path: str, method: str):
    assert getattr(client, method)(path).status_code == 405


def test_post_without_permission_is_refused(client: Client, django_user_model: Any):
    secret = "/books/desk/@component/secret/"
    assert client.post(secret, GOOD).status_code == 404
    assert client.post("/books/desk/@component/nothing/", GOOD).status_code == 404
    assert client.post("/books/vault/@component/books/").status_code == 403
    client.force_login(django_user_model.objects.create(username="admin", is_staff=True))
    assert client.post(secret, GOOD).status_code == 302
    assert Book.objects.filter(title="New").count() == 1


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nhalf', MULTIPART, 422),
        (b"\xff\xfe nothing of the kind", MULTIPART, 422),
        (b"--x--", "multipart/form-data", 400),
        (b"--x--", "multipart/form-data; boundary=\xff", 400),
        (b"title=x&scan=words&pages=1&genre=n", "application/x-www-form-urlencoded", 200),
        (b"&".join([b"a=1"] * 1001), "application/x-www-form-urlencoded", 400),
        (b"title=%FF%FE&pages=%00&genre=%ED%A0%80", "application/x-www-form-urlencoded", 422),
        (b'{"title": "x"}', "application/json", 422),
        (b"title=y", "application/x-www-form-urlencoded; charset=nothing", 422),
        (b"title=y", "application/x-www-form-urlencoded; charset=utf-16", 400),
        (b"", "", 422),
    ],
)
def test_malformed_post_gets_a_client_error(
    client: Client, body: bytes, content_type: str, status: int
):
    for headers in (HTMX, JSON):
        answer = client.generic("POST", ADD, body, content_type, headers=headers)
        is_refused = status == 422 and headers is JSON
        assert answer.status_code == (400 if is_refused else status)
    # A text in place of a file is ignored.
    assert Book.objects.filter(title="x", secret="hush").count() == (2 if status == 200 else 0)


@pytest.mark.usefixtures("_no_exceptions")
def test_many_files_and_fields_are_refused(client: Client):
    files = [SimpleUploadedFile(f"{n}.png", b"png") for n in range(101)]
    assert client.post(ADD, {**GOOD, "scan": files}, headers=HTMX).status_code == 400
    many = {f"name-{n}": "x" for n in range(1001)}
    assert client.post(ADD, {**GOOD, **many}, headers=HTMX).status_code == 400
    assert not Book.objects.filter(title="New").exists()


def test_model_form_changes_the_object_of_the_dashboard(client: Client):
    ann = Author.objects.create(name="Ann")
    page = f"/books/authordesk/{ann.pk}/"
    assert 'value="Ann"' in client.get(page).content.decode()
    answer = client.post(f"{page}@component/edit/", {"name": ""})
    assert answer.status_code == 422
    assert '<h1 class="dashboards-title">Ann</h1>' in answer.content.decode()
    answer = client.post(f"{page}@component/edit/", {"name": "Bea"}, headers=HTMX)
    assert "Renamed." in answer.content.decode()
    assert 'value="Bea"' in answer.content.decode()
    ann.refresh_from_db()
    assert ann.name == "Bea"
    assert Author.objects.count() == 1
    assert client.post("/books/authordesk/999/@component/edit/").status_code == 404
    assert client.post("/books/authordesk/x/@component/edit/").status_code == 404


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Form(form=None): give a form class, or a callable that returns one."),
        ({"form": Find()}, "give a form class, or a callable that returns one."),
        ({"form": Find, "method": "put"}, "Form(method='put'): the method must be 'get' or"),
        ({"form": Find, "method": "post"}, "Form(form=Find, method='post'): give Find a save()"),
        ({"form": Find, "live": True}, "Form(live=True): a form is filled in by its viewer"),
    ],
)
def test_invalid_declaration_is_refused(given: dict[str, Any], text: str):
    with pytest.raises(DeclarationError) as raised:
        Form(**given)
    assert text in str(raised.value)


class Asking(forms.Form):
    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(initial=str(user))


def make(form: Any, request: HttpRequest | None = None, **given: Any) -> Dashboard:
    class Board(Dashboard):
        find = Form(form=form, **given)

        class Meta:
            app_label = "books"

        def get_absolute_url(self) -> str:
            return "/board/"

        def get_component_url(self, key: str) -> str:
            return f"/board/{key}/"

    return Board(request or RequestFactory().get("/board/"))


def render(dashboard: Dashboard, key: str = "find") -> str:
    return str(dashboard[key])


def test_callable_returns_a_form_class():
    assert "least" in render(make(lambda request: Find if request.path == "/board/" else None))
    with pytest.raises(ComponentValueError, match="the callable of a Form must return"):
        render(make(lambda request: Find(request.GET)))


def test_form_gets_named_arguments_and_initial_data():
    assert 'value="None"' in render(make(Asking))
    assert 'value="7"' in render(make(Find, value={"least": 7}))
    assert 'value="8"' in render(make(AddBook, method="post", value=lambda: {"pages": 8}))
    with pytest.raises(ComponentValueError, match="must be a dict of initial data, got 3"):
        render(make(AddBook, method="post", value=3))


def test_form_with_submit_url_posts_there():
    html = render(make(Find, method="post", submit_url="/search/", submit_text="Find <it>"))
    assert 'action="/search/"' in html
    assert 'hx-post="/search/"' in html
    assert "Find &lt;it&gt;" in html
    html = render(make(Find, method="post", submit_url="hear"))
    assert 'hx-post="/hear/"' in html
    html = render(make(Find, method="post", submit_url="https://other.example/"))
    assert "hx-post" not in html
    assert "csrfmiddlewaretoken" not in html
    html = render(make(Find, submit_url="/search/", trigger="input delay:300ms"))
    assert 'name="least"' in html
    assert 'hx-trigger="input delay:300ms, submit"' in html


def test_live_form_is_loaded_by_each_page():
    html = render(make(Find, live=Every(seconds=3)))
    assert 'sse-refresh="find"' in html
    assert 'sse-refresh="find"' in render(make(AddBook, method="post", live=OnChange(Book)))


def test_css_classes_are_set_by_part():
    html = render(make(AddBook, method="post", css_classes={"form": "wide", "btn": "btn primary"}))
    assert 'class="dashboards-form wide"' in html
    assert 'class="btn primary"' in html


def test_form_outside_a_dashboard_is_rendered():
    form = Form(form=Find, key="find")
    html = render_to_string(form.template, {"component": form, "rendered_value": form.get_value()})
    assert 'name="least"' in html


def test_form_depends_on_another_form():
    class Board(Dashboard):
        first = Form(form=Find, dependents=["second"])
        second = Form(form=lambda filters: Find if filters["genre"] == "p" else DashboardForm)
        third = Stat(value=lambda filters: filters.get("genre"))

        class Meta:
            app_label = "books"

        def get_component_url(self, key: str) -> str:
            return f"/board/{key}/"

    board = Board(RequestFactory().get("/board/?first-genre=p"))
    assert "second-least" in render(board, "second")
    assert "p" not in render(board, "third").split("stat-text")[1][:5]  # nobody leads it


class Board(Dashboard):
    """A filter form for staff, and a component that depends on it."""

    find = Form(
        form=Find, value={"genre": "n"}, dependents=["it"], permission_classes=[IsAdminUser]
    )
    it = Stat(value=lambda filters: filters["genre"], live=Every(seconds=60))

    class Meta:
        app_label = "books"

    def get_component_url(self, key: str) -> str:
        return f"/board/{key}/"


def dependent_for(user: User) -> BoundComponent:
    request = RequestFactory().get("/board/?find-genre=p")
    request.user = user
    return Board(request)["it"]


def test_dependent_of_a_visible_form_follows_it():
    it = dependent_for(User(is_staff=True))

    assert it.get_value().text == "p"
    assert get_depends_on(it._owner.components.get_dependencies("it")) == "find"
    assert "#books_board-find-content" in it.trigger


def test_dependent_of_a_hidden_form_gets_its_initial_values():
    """The dependent got no filters, so code of the project raised a KeyError."""
    it = dependent_for(User(is_staff=False))

    assert it.get_value().text == "n"
    assert get_depends_on(it._owner.components.get_dependencies("it")) == ""
    assert "find" not in it.trigger


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Accept": "application/json"}, "application/json"),
        ({"X-Requested-With": "XMLHttpRequest", "Accept": "*/*"}, "application/json"),
        ({"X-Requested-With": "XMLHttpRequest"}, "application/json"),
        ({"X-Requested-With": "XMLHttpRequest", "Accept": "text/html"}, "text/html; charset=utf-8"),
        ({"Accept": "*/*"}, "text/html; charset=utf-8"),
    ],
)
def test_response_has_the_accepted_content_type(client: Client, headers: dict[str, str], kind: str):
    assert client.post(ADD, {"title": ""}, headers=headers)["Content-Type"] == kind
