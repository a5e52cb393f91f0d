"""Invalid input is an error of its field, in filters and in forms."""

import json
import re
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dashboards.component.cleaning import MAX_DEPTH, as_form
from dashboards.component.form.component import _save
from tests.site.dashboards import Anyhow, Anything
from tests.unit.guards import request_of

pytestmark = pytest.mark.django_db


BAD = [
    {"many": "99999999999999999999", "whole": "1" * 5000, "data": '{"a": ["\\u0000"]}'},
    {"many": "-99999999999999999999", "exact": "1E+1000000", "data": '"\\ud800"'},
    {"one": "99999999999999999999", "rough": "1e400", "data": "1" * 5000},
    {"one": "\0", "span": "P9999999999D", "data": "[" * 10_000},
    {"moment": "0001-01-01T00:00:00+14:00", "data": "[" * 10_000 + "]" * 10_000},
    {"data": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)},
]


def own(data: dict[str, str]) -> dict[str, str]:
    """Return the parameters that send these values to the form of the component ``own``."""
    return {f"own-{name}": value for name, value in data.items()}


def failed(html: str) -> set[str]:
    """Return the ids of fields with an error."""
    return set(re.findall(r'id="([\w-]+)_error"', html))


@pytest.mark.parametrize("data", BAD)
def test_bad_input_of_any_field_is_a_form_error(client: Client, data: dict[str, str]):
    """``?many=99999999999999999999`` and deeply nested JSON gave a response of status 500.

    Each is an error of its field, in the filter form, a component's form and a posted one alike.
    """
    Group.objects.create(name="one")

    answers: list[Any] = [
        client.get("/site/anyhow/@component/own/", own(data)),
        client.get("/site/anyhow/@component/later/", data),
        client.post("/site/anyhow/@component/sent/", data, HTTP_HX_REQUEST="true"),
    ]

    assert [each.status_code for each in answers] == [200, 200, 422]
    component, _, posted = (failed(each.content.decode()) for each in answers)
    assert component == {f"site_anyhow-own-form-own-{name}" for name in data}
    assert posted == {f"site_anyhow-sent-form-{name}" for name in data}
    filters = Anyhow(request_of(**data)).render_filters()
    assert failed(filters) == {f"id_{name}" for name in data}


def test_page_shows_an_error_of_each_bad_field(client: Client):
    data = {name: value for each in BAD for name, value in each.items()}

    page = client.get("/site/anyhow/", {**data, **own(data)})

    assert page.status_code == 200
    ids = ("id_{}", "site_anyhow-own-form-own-{}")
    assert failed(page.content.decode()) == {each.format(name) for each in ids for name in data}


def test_good_input_of_each_field_is_cleaned():
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


def test_save_of_an_unstorable_value_is_a_form_error():
    form = Stored({})
    assert form.is_valid()

    assert _save(form, {}) is None
    assert Group.objects.count() == 0

    assert form.non_field_errors() == ["This value cannot be read."]


def test_file_with_an_odd_name_gets_an_answer(client: Client):
    file = SimpleUploadedFile("a\0b\uffff" * 100, b"x")

    answer = client.post(
        "/site/anyhow/@component/sent/", {"file": file}, HTTP_ACCEPT="application/json"
    )

    assert answer.status_code in (200, 400)
    assert isinstance(json.loads(answer.content), dict)
