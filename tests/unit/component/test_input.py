"""What people send: each bad input is a form error or a 404, and addresses grow by none."""

import json
import re
from contextlib import nullcontext
from typing import Any

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client, override_settings

from dashboards.component import Text
from dashboards.component.cleaning import MAX_DEPTH, as_form
from dashboards.component.form.component import _save
from dashboards.component.text import Markup
from tests.site.dashboards import Anything
from tests.unit.component.test_tables import make_books

pytestmark = pytest.mark.django_db

BAD = [
    ("many", "99999999999999999999"),
    ("many", "-99999999999999999999"),
    ("data", "[" * 100_000),
    ("data", "[" * 100_000 + "]" * 100_000),
    ("data", "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)),
    ("data", "1" * 5000),
    ("data", '"\\ud800"'),
    ("data", '{"a": ["\\u0000"]}'),
    ("one", "99999999999999999999"),
    ("one", "\0"),
    ("whole", "1" * 5000),
    ("exact", "1E+1000000"),
    ("rough", "1e400"),
    ("moment", "0001-01-01T00:00:00+14:00"),
    ("span", "P9999999999D"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
@pytest.mark.parametrize("is_atomic", [False, True])
def test_bad_input_of_any_field_is_a_form_error_in_page_component_and_post(
    client: Client, name: str, value: str, is_atomic: bool
):
    """``?many=99999999999999999999`` and deeply nested JSON were answered 500.

    Each is an error of its field, in the filter form, a component's form and a posted one alike.
    """
    Group.objects.create(name="one")

    def ask() -> list[Any]:
        return [
            client.get("/site/anyhow/", {name: value, f"own-{name}": value}),
            client.get("/site/anyhow/@component/own/", {f"own-{name}": value}),
            client.get("/site/anyhow/@component/later/", {name: value}),
            client.post("/site/anyhow/@component/sent/", {name: value}, HTTP_HX_REQUEST="true"),
        ]

    if is_atomic:
        with transaction.atomic():
            answers = ask()
    else:
        answers = ask()

    assert [each.status_code for each in answers] == [200, 200, 200, 422]
    assert answers[0].content.decode().count("errorlist") >= 2


def test_good_input_of_each_field_passes_the_door():
    Group.objects.create(pk=7, name="seven")
    data = {"many": ["7"], "one": "7", "data": '{"a": [1, "x"]}', "whole": "3", "text": "é"}

    form = as_form(Anything(data))

    assert form.is_valid(), form.errors
    assert form.cleaned_data["data"] == {"a": [1, "x"]}
    assert [each.pk for each in form.cleaned_data["many"]] == [7]
    assert form.cleaned_data["whole"] == 3


class Stored(forms.Form):
    def save(self) -> None:
        big = 10**30
        Group.objects.filter(pk__in=[big]).first()


@pytest.mark.parametrize("is_atomic", [False, True])
def test_value_that_a_save_cannot_store_is_a_form_error(is_atomic: bool):
    form = Stored({})
    assert form.is_valid()

    with transaction.atomic() if is_atomic else nullcontext():
        assert _save(form, {}) is None
        assert Group.objects.count() == 0

    assert form.non_field_errors() == ["This value cannot be read."]


@pytest.mark.parametrize("name", ["99999999999999999999", "1" * 5000, "%00", "x", "%ED%A0%80"])
@pytest.mark.parametrize("rest", ["", "@stream/", "@component/members/"])
def test_object_whose_name_no_database_holds_is_not_found(client: Client, name: str, rest: str):
    client.force_login(get_user_model().objects.create(username="admin", is_staff=True))

    assert client.get(f"/site/groupboard/{name}/{rest}").status_code in (403, 404)


def test_query_of_50_kb_makes_no_page_of_megabytes(client: Client):
    """Each link of a table repeated all of a query of 50 KB: the page had 3.6 MB.

    Addresses keep what the page knows, and nothing of a query that is too long.
    """
    make_books(60)
    usual = len(client.get("/books/shelf/").content)

    for query in ("x=" + "y" * 50_000, "books-search=" + "y" * 50_000, "books-x=" + "y" * 3_000):
        page = client.get(f"/books/shelf/?{query}")

        assert page.status_code == 200
        assert len(page.content) < 2 * usual


def test_links_keep_what_components_know_and_no_other_parameter(client: Client):
    make_books(60)
    query = "books-sort=title&books-x=1&later-page=2&utm_source=mail&year=2024"

    page = client.get("/site/filtered/?now-page=1&utm_source=mail&year=2024").content.decode()
    assert "utm_source" not in page
    page = client.get(f"/books/shelf/?{query}").content.decode()

    assert "books-x" not in page
    assert re.search(r'href="\?later-page=2&amp;[^"]*books-sort=-title', page)


def test_page_of_ones_own_keeps_its_parameters_in_links_of_an_embedded_dashboard(client: Client):
    page = client.get("/embedded/?tab=2&x=1").content.decode()

    assert "tab=2" in page or "hx-get" not in page


def test_markup_longer_than_the_limit_is_shown_as_plain_text(caplog: pytest.LogCaptureFixture):
    """``Text(markup=…)`` took 1.3 s for 100 KB of hostile text, and four times that for twice.

    A text beyond the limit is shown as it was written, and the log names the setting.
    """
    text = Text(markup="markdown")

    assert isinstance(text.prepare_value("*a*" * 1000), Markup)
    long = text.prepare_value("*" * 20_001)

    assert long == "*" * 20_001
    assert not isinstance(long, Markup)
    assert "shown as plain text: DASHBOARDS['MAX_MARKUP_LENGTH'] is 20000." in caplog.text


CACHED = override_settings(
    MIDDLEWARE=[
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/site/mine/", 200),
        ("/site/mixed/", 200),
        ("/site/live/", 200),
        ("/site/live/@stream/?hold=0", 200),
        ("/site/live/@component/greeting/", 200),
        ("/site/live/@component/none/", 404),
        ("/site/deferred/@components/a/", 404),
        ("/books/shelf/@component/books/?books-export=csv", 200),
        ("/site/staff/", 403),
        ("/site/staff/@stream/", 403),
    ],
)
def test_answer_to_somebody_is_private_and_kept_by_no_cache(client: Client, path: str, status: int):
    """The page said nothing of caches, and Django 5.2's cache middleware kept what one user saw.

    Everything that somebody is shown says ``private, no-store``; two users get their own.
    """
    with CACHED:
        for name in ("ann", "bob"):
            client.force_login(get_user_model().objects.create(username=name))
            answer = client.get(path)

            assert answer.status_code == status
            told = {each.strip() for each in answer["Cache-Control"].split(",")}
            assert {"private", "no-store"} <= told
            assert "Cookie" in answer["Vary"]


def test_redirect_to_login_and_page_with_a_hidden_component_are_private(client: Client):
    for path in ("/site/staff/", "/site/mixed/"):
        answer = client.get(path)

        assert "private" in answer["Cache-Control"]
        assert "no-store" in answer["Cache-Control"]


def test_page_that_everybody_may_see_is_left_to_the_sites_caches(client: Client):
    assert "Cache-Control" not in client.get("/site/quiet/")


def test_file_with_an_odd_name_is_taken(client: Client):
    file = SimpleUploadedFile("a\0b\uffff" * 100, b"x")

    answer = client.post(
        "/site/anyhow/@component/sent/", {"file": file}, HTTP_ACCEPT="application/json"
    )

    assert answer.status_code in (200, 400)
    assert isinstance(json.loads(answer.content), dict)
