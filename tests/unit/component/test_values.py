"""Callables as values: the arguments that they get."""

import functools
import gc
import random
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.component import Stat
from dashboards.component.values import resolve
from tests.unit.component.support import read_later


async def read_request_later(request: str) -> str:
    return f"later, for {request}"


class Caller:
    def __call__(self, object: str) -> str:  # noqa: A002 - the name users write
        return f"about {object}"

    def method(self, filters: str) -> str:
        return f"where {filters}"

    @staticmethod
    def static(request: str, filters: str = "none") -> str:
        return f"{request} where {filters}"


class AsyncCaller:
    async def __call__(self, request: str) -> str:
        return f"later, for {request}"


def with_default(request: str, limit: int = 3) -> str:
    return f"{limit} for {request}"


def only_keywords(*, object: str, request: str) -> str:  # noqa: A002 - the name users write
    return f"{object} for {request}"


def everything(**kwargs: Any) -> str:
    return ", ".join(sorted(kwargs))


def something_and_everything(request: str, **kwargs: Any) -> str:
    return f"{request}; {', '.join(sorted(kwargs))}"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("no callable", "no callable"),
        (None, None),
        (lambda: "nothing", "nothing"),
        (lambda request: f"for {request}", "for R"),
        (lambda filters, room: f"{filters}{room}", "FX"),
        (everything, "filters, object, request, room"),
        (something_and_everything, "R; filters, object, room"),
        (with_default, "3 for R"),
        (only_keywords, "O for R"),
        (functools.partial(with_default, limit=9), "9 for R"),
        (functools.partial(with_default, "mine"), "3 for mine"),
        (Caller(), "about O"),
        (Caller().method, "where F"),
        (Caller.static, "R where F"),
        (read_later, "later"),
        (read_request_later, "later, for R"),
        (AsyncCaller(), "later, for R"),
        (lambda request: read_request_later(request + "!"), "later, for R!"),
        (dict, {}),
    ],
)
def test_callable_gets_its_named_arguments(value: Any, result: Any):
    assert resolve(value, request="R", object="O", filters="F", room="X") == result


@pytest.mark.parametrize("built_in", [time.time, time.monotonic, random.random])
def test_built_in_callable_gets_no_arguments(built_in: Callable[[], float]):
    assert isinstance(resolve(built_in, request="R", object="O", filters="F"), float)


def test_cached_signature_of_a_method_keeps_no_instance():
    class Source:
        def value(self, user: Any) -> Any:
            return user

    source = Source()
    gone = weakref.ref(source)

    assert [Stat(value=source.value).get_value(request=1, user=2).text for _ in range(2)] == [2, 2]
    del source
    gc.collect()

    assert gone() is None
