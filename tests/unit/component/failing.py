"""Dashboards with code that raises, and the texts that their boxes show."""

import re
from typing import Any

from django.test import Client
from pytest_django import Settings

from dashboards.component import CTA, Text
from dashboards.dashboard import Dashboard
from tests.site.dashboards import HOSTILE

FAILED = '<span class="dashboards-is-failed">Could not be loaded.</span>'


RETRIED = '<span class="dashboards-is-failed" data-dashboards-retry>Could not be loaded.</span>'


class BrokenError(Exception):
    """The exception of the failing code."""


def fail(*_args: Any, **_kwargs: Any) -> Any:
    msg = f"no sensor {HOSTILE}"
    raise BrokenError(msg)


def declare(name: str, **attributes: Any) -> type[Dashboard]:
    """Declare a dashboard with a good component on either side."""
    meta = attributes.pop("Meta", {})
    return type(
        name,
        (Dashboard,),
        {
            "first": Text(value="the first"),
            **attributes,
            "last": Text(value="the last"),
            "Meta": type("Meta", (), {"app_label": "site", **meta}),
        },
    )


Later = declare("Later", late=Text(defer=fail, cta=CTA("/")), polled=Text(value=fail, poll_rate=1))


def configure(settings: Settings, **own: Any) -> None:
    settings.DASHBOARDS = {**settings.DASHBOARDS, **own}


def state_of(html: str, key: str) -> str:
    """Return the HTML of the state of a box; empty if there is none."""
    found = re.search(rf'id="site_\w+-{key}-state"[^>]*>(.*?)</p>', html, re.DOTALL)
    return found[1] if found else ""


def page(client: Client, name: str) -> str:
    response = client.get(f"/site/{name}/")
    assert response.status_code == 200
    return response.content.decode()
