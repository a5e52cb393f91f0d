"""System checks of GRIP proxies."""

from typing import Any

import pytest
from pytest_django import Settings

from tests.unit.checks.support import found

GRIP: dict[str, Any] = {"control_uri": "http://localhost:5561", "key": "changeme"}


@pytest.fixture
def proxied(settings: Settings) -> Settings:
    settings.MIDDLEWARE = ["django_grip.GripMiddleware", *settings.MIDDLEWARE]
    settings.GRIP_PROXIES = [GRIP]
    # Its import appends the proxy of GRIP_URL to GRIP_PROXIES, so it is imported before the test.
    pytest.importorskip("django_grip")
    return settings


def test_complete_proxy_gives_no_message(proxied: Settings):
    assert found() == []


def test_proxy_by_url_with_debug_gives_no_message(proxied: Settings):
    proxied.GRIP_PROXIES = []
    proxied.GRIP_URL = "http://localhost:5561"
    proxied.DEBUG = True
    assert found() == []


def test_w020_missing_middleware(proxied: Settings):
    proxied.MIDDLEWARE = proxied.MIDDLEWARE[1:]
    [message] = found()
    assert message.id == "dashboards.W020"
    assert message.hint == 'Put "django_grip.GripMiddleware" first into MIDDLEWARE.'


def test_e021_missing_packages(proxied: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.live.grip.proxies.INSTALLED", False)
    [message] = found()
    assert message.id == "dashboards.E021"
    assert message.hint == 'pip install "django-live-dashboards[grip]"'


def test_w022_proxy_without_a_key(proxied: Settings):
    proxied.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    [message] = found()
    assert message.id == "dashboards.W022"
    assert message.msg.startswith("The GRIP proxy http://localhost:5561 has no key")
    assert "GRIP_VERIFY_KEY" in str(message.hint)


def test_e023_verify_key_without_iss(proxied: Settings):
    proxied.GRIP_PROXIES = [{"control_uri": "http://localhost:5561"}]
    proxied.GRIP_VERIFY_KEY = "changeme"
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
def test_w024_missing_zmq(
    proxied: Settings, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], text: str
):
    monkeypatch.setattr("dashboards.live.grip.proxies.ZMQ_INSTALLED", False)
    proxied.GRIP_PROXIES = [entry]
    [message] = found()
    assert message.id == "dashboards.W024"
    assert text in message.msg


def test_w025_proxy_configured_twice(proxied: Settings):
    proxied.GRIP_URL = "http://localhost:5561?key=changeme"
    [message] = found()
    assert message.id == "dashboards.W025"
