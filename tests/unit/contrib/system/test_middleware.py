"""The middleware that counts requests, in both kinds of Django handlers."""

import asyncio
import contextlib
import threading
from inspect import isawaitable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from dashboards.contrib.system import middleware, processes
from dashboards.contrib.system.counters import Counters
from dashboards.contrib.system.middleware import RequestCounterMiddleware

REQUEST = RequestFactory().get("/")


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> Counters:
    counting = Counters()
    monkeypatch.setattr(middleware, "COUNTERS", counting)
    return counting


def statuses(counting: Counters) -> list[int]:
    [period] = counting.as_data()
    return list(period["statuses"])


def test_sync_request_is_counted(counting: Counters):
    handler = RequestCounterMiddleware(lambda request: HttpResponse(status=404))
    response = handler(REQUEST)
    assert isinstance(response, HttpResponse)
    assert response.status_code == 404
    assert statuses(counting) == [0, 0, 0, 0, 1, 0]


def test_sync_request_that_raises_is_counted_and_raises(counting: Counters):
    def fail(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RequestCounterMiddleware(fail)(REQUEST)
    assert statuses(counting) == [1, 0, 0, 0, 0, 0]


async def test_async_request_is_counted(counting: Counters):
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=201)

    awaitable = RequestCounterMiddleware(answer)(REQUEST)
    assert isawaitable(awaitable)
    response = await awaitable
    assert response.status_code == 201
    assert statuses(counting) == [0, 0, 1, 0, 0, 0]


async def test_request_whose_client_disconnects_is_no_error_of_the_site(counting: Counters):
    """Regression: Django cancels a request whose client has gone. It was counted as one that
    raised, so that any client could raise the site's rate of errors."""

    async def answer(request: HttpRequest) -> HttpResponse:
        raise asyncio.CancelledError

    with contextlib.suppress(asyncio.CancelledError):
        await RequestCounterMiddleware(answer)(REQUEST)  # type: ignore[misc]
    assert statuses(counting) == [0, 0, 0, 0, 1, 0]


def test_request_is_answered_where_no_thread_can_be_started(
    counting: Counters, monkeypatch: pytest.MonkeyPatch
):
    """Regression: counting a request failed it, with 500, while the system allowed no more
    threads."""
    monkeypatch.setattr(processes, "is_under_test", lambda: False)
    monkeypatch.setattr(middleware, "PUBLISHER", processes.Publisher())
    tried = []

    def refuse(thread: threading.Thread) -> None:
        tried.append(thread)
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    response = RequestCounterMiddleware(lambda request: HttpResponse())(REQUEST)
    assert isinstance(response, HttpResponse)
    assert tried
