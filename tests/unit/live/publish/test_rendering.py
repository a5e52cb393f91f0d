"""``push`` renders a value as the site shows it, not as its sender would."""

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

from dashboards.live import push
from tests.unit.live.publish.support import Board, stored


@pytest.mark.parametrize(
    ("own", "senders", "word"), [("en", "de", "Yes"), ("de", "en", "Ja"), ("fr", "de", "Oui")]
)
def test_pushed_value_is_rendered_in_the_language_of_the_site(
    settings: Settings, own: str, senders: str, word: str
):
    settings.LANGUAGE_CODE = own

    with translation.override(senders):
        push(Board, "context", "x")
        assert translation.get_language() == senders

    assert f"|{word}|".lower() in stored()["context"].lower()


def test_pushed_number_is_rendered_in_the_format_of_the_site():
    with translation.override("de"):
        push(Board, "number", 1.5)

    assert "1.5" in stored()["number"]


def test_pushed_value_is_rendered_in_the_time_zone_of_the_site(settings: Settings):
    settings.TIME_ZONE = "Europe/Rome"

    with timezone.override("Asia/Tokyo"):
        push(Board, "context", "x")
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"

    assert "|Europe/Rome|" in stored()["context"]


def test_pushed_value_is_rendered_without_the_request_of_the_sender():
    request = RequestFactory().get("/private/address/")

    push(Board(request), "context", "for all")

    assert "for all" in stored()["context"]
    assert "private" not in stored()["context"]
