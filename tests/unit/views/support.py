"""Helpers of the tests of the views."""

import re
from html import unescape
from typing import Any

from django.test import Client

from dashboards.dashboard import Dashboard
from dashboards.live.stores import get_store
from dashboards.live.wire.positions import Position
from tests.event_stream import Reader

PAGE, COMPONENT, STREAM = "/site/live/", "/site/live/@component/greeting/", "/site/live/@stream/"


ALL = [PAGE, COMPONENT, STREAM]


def put(dashboard: type[Dashboard], **values: Any) -> Position:
    """Store values as ``push`` does, without waiting for the commit of a transaction."""
    target = dashboard()
    with target.broadcasting():
        frames = {
            key: target.prepare_pushed(key, value, 0).render() for key, value in values.items()
        }
    return get_store().put(target.channel, frames)


def stream_url(page: Any) -> str:
    """Return the URL of the stream of a page."""
    [url] = re.findall(r'sse-connect="([^"]*)"', page.content.decode())
    return unescape(url)


def read(client: Client, url: str, **headers: str) -> Reader:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return Reader().read(response.content)


def keys(reader: Reader) -> set[str]:
    return {key for key, _ in reader.events}
