"""Values that are awaited together."""

import asyncio

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from dashboards.component import Text
from dashboards.dashboard import Dashboard, batch
from dashboards.live import Every, OnChange
from tests.site import dashboards
from tests.site.dashboards import Awaited

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboards, "WAIT", 0)
    monkeypatch.setattr(batch, "_slow", set())


def test_awaited_values_are_in_the_page(client: Client):
    page = client.get("/site/awaited/").content.decode()

    assert page.count("waited for /site/awaited/") == 4
    assert "at once" in page


def test_awaited_values_of_a_page_are_awaited_together():
    # Each waits until the others wait, too: one after the other they would end in a timeout.
    all_of_them = asyncio.Barrier(3)

    async def meet() -> str:
        async with asyncio.timeout(5):
            await all_of_them.wait()
        return "they met"

    class Own(Dashboard):
        one = Text(value=meet)
        two = Text(value=lambda: meet())  # noqa: PLW0108 - returns a coroutine
        three = Text()

        async def get_three_value(self) -> str:
            return await meet()

        class Meta:
            app_label = "site"

    html = Own(RequestFactory().get("/")).render_components()

    assert html.count("they met") == 3


@pytest.mark.usefixtures("_no_exceptions")
def test_bad_requests_of_awaited_components_get_an_answer(client: Client):
    for query in ("?one=%00&request=x", f"?{'a=1&' * 400}", "?one-page=-1&%FF=%FE"):
        for path in ("", "@component/four/", "@components/one,two,nothing/"):
            response = client.get(f"/site/awaited/{path}{query}")
            assert response.status_code == 200
            assert b"waited for" in response.content
    for path in ("@component/five/", "@component/%00/", "@components/%FF/"):
        assert client.get(f"/site/awaited/{path}").status_code == 404
    for path in ("", "@component/four/", "@components/one/"):
        assert client.post(f"/site/awaited/{path}", {"one": "x"}).status_code == 405


def test_computed_values_are_awaited_together():
    """They were awaited one after the other on a page, and without an asynchronous server."""
    both = asyncio.Barrier(3)

    async def meet() -> str:
        async with asyncio.timeout(5):
            await both.wait()
        return f"met in {translation.get_language()}"

    class Own(Dashboard):
        one = Text(value=meet, live=Every(seconds=60))
        two = Text(value=meet, live=Every(seconds=30))
        three = Text(value=meet, defer=True, live=OnChange("auth.User"))
        failing = Text(value=lambda: 1 / 0, live=Every(seconds=60))

        class Meta:
            app_label = "site"

    own = Own(RequestFactory().get("/"))
    with translation.override("de"):
        own.compute_due(deferred=True)

    for key in ("one", "two", "three"):
        assert "met in en-us" in str(own.load_content(key))


def test_error_of_an_awaited_value_is_raised():
    async def fail() -> str:
        msg = "no sensor"
        raise ValueError(msg)

    class Own(Dashboard):
        one = Text(value=fail)

        class Meta:
            app_label = "site"

    with pytest.raises(ValueError, match="no sensor"):
        Own(RequestFactory().get("/")).render_components()


def test_callable_is_called_once_per_rendering():
    calls: list[int] = []

    class Own(Dashboard):
        one = Text(value=lambda: calls.append(1))

        class Meta:
            app_label = "site"

    dashboard = Own(RequestFactory().get("/"))
    dashboard.render_components()
    assert len(calls) == 1
    dashboard.render_components()
    assert len(calls) == 2, "and anew for the next"


def test_single_component_awaits_its_value(client: Client):
    assert b"waited for" in client.get("/site/awaited/@component/four/").content
    assert "waited for all" in str(Awaited().render_content("two"))
