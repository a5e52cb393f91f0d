"""The middleware that counts requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from dashboards.contrib.system.counters import COUNTERS
from dashboards.contrib.system.processes import PUBLISHER

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_CLIENT_CLOSED = 499
"""The status of a request whose client disconnects: no error of the site. nginx uses it too."""


@sync_and_async_middleware
def RequestCounterMiddleware(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:  # noqa: N802 - settings name it as a class
    """Count each request, its duration and its status. Put it first in ``MIDDLEWARE``."""
    if iscoroutinefunction(get_response):

        async def count_async(request: HttpRequest) -> HttpResponseBase:
            began, status = time.perf_counter(), 0
            try:
                response: HttpResponseBase = await get_response(request)
                status = response.status_code
            except asyncio.CancelledError:
                status = _CLIENT_CLOSED
                raise
            finally:
                _count(status, began)
            return response

        return count_async

    def count(request: HttpRequest) -> HttpResponseBase:
        began, status = time.perf_counter(), 0
        try:
            response: HttpResponseBase = get_response(request)  # type: ignore[assignment]
            status = response.status_code
        finally:
            _count(status, began)
        return response

    return count


def _count(status: int, began: float) -> None:
    COUNTERS.count_request(status, time.perf_counter() - began)
    PUBLISHER.publish_soon()
