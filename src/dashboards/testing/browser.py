"""A page in a browser that Playwright drives. Only this module needs Playwright."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin

from django.test import Client
from playwright.sync_api import Page, expect

from dashboards.dashboard import Dashboard
from dashboards.testing.answers import Locale
from dashboards.testing.pages import bind, sign_in
from dashboards.testing.values import read_value


class BrowserPage:
    """A dashboard in a browser.

    Args:
        page: the page of Playwright.
        server_url: the address of the server, such as that of ``live_server``.
    """

    def __init__(self, page: Page, server_url: str) -> None:
        self.page = page
        self._server_url = server_url
        self._dashboard: Dashboard | None = None

    def open(
        self,
        dashboard: Dashboard | type[Dashboard],
        *,
        user: Any = None,
        object: Any = None,  # noqa: A002 - as in the constructor of dashboards
        query: Mapping[str, Any] | None = None,
        client: Client | None = None,
    ) -> "BrowserPage":
        """Open the page of a dashboard and return this object. Arguments are as for ``render``."""
        self._dashboard = bound = bind(dashboard, object, user)
        cookies = [
            {"name": name, "value": each.value, "url": self._server_url}
            for name, each in sign_in(client, user).cookies.items()
        ]
        if cookies:
            self.page.context.add_cookies(cookies)  # type: ignore[arg-type] # a typed dict
        url = urljoin(self._server_url, bound.get_absolute_url())
        self.page.goto(f"{url}?{urlencode(query, doseq=True)}" if query else url)
        return self

    def expect(self, *, seconds: float = 10.0, **values: Any) -> None:
        """Wait until boxes show values, in real time.

        Args:
            seconds: how long to wait for each.
            **values: by key, a value that the component can show, or the text of its box.

        Raises:
            AssertionError: a box shows something else; the message is Playwright's.
        """
        for key, value in values.items():
            text = value if isinstance(value, str) else self._read(key, value)
            content = self.page.locator(f"#{self._get_dashboard().dom_id}-{key}-content")
            expect(content).to_have_text(text, use_inner_text=True, timeout=seconds * 1000)

    def _read(self, key: str, value: Any) -> str:
        return read_value(self._get_dashboard()[key], value, Locale())

    def _get_dashboard(self) -> Dashboard:
        if self._dashboard is None:
            msg = "Open the page of a dashboard first: dashboard_page.open(Operations)."
            raise LookupError(msg)
        return self._dashboard
