"""The pytest plugin: isolates each test of a Django project that has installed dashboards.

It is loaded with pytest, also where nobody uses it: it imports nothing of Django or of this package
until a test of such a project begins.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dashboards.testing.browser import BrowserPage


_DATABASE_FIXTURES = ("_django_db_marker", "transactional_db", "db")
"""Those of pytest-django."""


@pytest.fixture(autouse=True)
def dashboards_isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give each test a store in memory and an outbox of its own: ``dashboards.testing.isolate``.

    A project that wants none defines a fixture of this name in its ``conftest.py``.
    """
    registry = getattr(sys.modules.get("django.apps"), "apps", None)
    if registry is None or not registry.ready or not registry.is_installed("dashboards"):
        yield
        return
    for name in _DATABASE_FIXTURES:
        # They begin before the isolation, which needs the database until it ends.
        if name in request.fixturenames:
            request.getfixturevalue(name)
    from dashboards.testing.isolation import isolate  # noqa: PLC0415 - imports Django

    with isolate():
        yield


if find_spec("playwright"):

    @pytest.fixture
    def _with_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
        # Playwright runs an event loop in the test's thread, where Django refuses the database.
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

    @pytest.fixture
    def dashboard_page(_with_event_loop: None, page: Any, live_server: Any) -> "BrowserPage":
        """Return a page of Playwright that opens dashboards on pytest-django's ``live_server``.

        ``page`` is the fixture of pytest-playwright. ``dashboard_page.open(Operations, user=ann)``
        opens a page, and ``dashboard_page.expect(orders=12)`` waits until it shows a value. In
        such a test Django allows the database beside the event loop that Playwright runs.
        """
        from dashboards.testing.browser import BrowserPage  # noqa: PLC0415 - imports Django

        return BrowserPage(page, live_server.url)
