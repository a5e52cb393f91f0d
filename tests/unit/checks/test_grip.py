"""System checks of GRIP proxies."""

from importlib import import_module
from typing import Any

import pytest
from pytest_django import Settings

from tests.unit.checks.support import found

GRIP: dict[str, Any] = {"control_uri": "http://localhost:5561", "key": "changeme"}


@pytest.fixture
def behind_grip(settings: Settings) -> Settings:
    settings.MIDDLEWARE = ["django_grip.GripMiddleware", *settings.MIDDLEWARE]
    settings.GRIP_PROXIES = [GRIP]
    # Its import alone appends what GRIP_URL says to GRIP_PROXIES: not in the midst of a test.
    import_module("django_grip")
    return settings


def test_a_proxy_that_is_set_up_has_nothing_to_mend(behind_grip: Settings):
    assert found() == []


def test_a_proxy_by_its_address_alone_is_enough_to_try(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = []
    behind_grip.GRIP_URL = "http://localhost:5561"
    behind_grip.DEBUG = True
    assert found() == []


def test_w020_its_middleware_is_missing(behind_grip: Settings):
    behind_grip.MIDDLEWARE = behind_grip.MIDDLEWARE[1:]
    [message] = found()
    assert message.id == "dashboards.W020"
    assert message.hint == 'Put "django_grip.GripMiddleware" first into MIDDLEWARE.'


def test_e021_its_packages_are_missing(behind_grip: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.live.grip.proxies.INSTALLED", False)
    [message] = found()
    assert message.id == "dashboards.E021"
    assert message.hint == 'pip install "django-live-dashboards[grip]"'


def test_w022_its_requests_cannot_be_verified(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    [message] = found()
    assert message.id == "dashboards.W022"
    assert message.msg.startswith("The GRIP proxy http://localhost:5561 has no key")
    assert "GRIP_VERIFY_KEY" in str(message.hint)


def test_e023_django_grip_stumbles_over_its_keys(behind_grip: Settings):
    behind_grip.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    behind_grip.GRIP_VERIFY_KEY = "changeme"
    [message] = found()
    assert message.id == "dashboards.E023"
    assert "GRIP_URL = 'http://localhost:5561?key=…'" in str(message.hint)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({**GRIP, "control_zmq_uri": "tcp://localhost:5563"}, "published by HTTP, more slowly"),
        ({"key": "k", "control_zmq_uri": "tcp://localhost:5563"}, "published not at all"),
    ],
)
def test_w024_zmq_is_missing(
    behind_grip: Settings, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], text: str
):
    monkeypatch.setattr("dashboards.live.grip.proxies.ZMQ_INSTALLED", False)
    behind_grip.GRIP_PROXIES = [entry]
    [message] = found()
    assert message.id == "dashboards.W024"
    assert text in message.msg


def test_w025_the_proxy_is_named_twice(behind_grip: Settings):
    behind_grip.GRIP_URL = "http://localhost:5561?key=changeme"
    [message] = found()
    assert message.id == "dashboards.W025"
