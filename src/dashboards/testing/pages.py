"""``render``: the page of a dashboard as one viewer gets it, and the boxes on it."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch
from django.utils.http import urlencode

from dashboards.component.bound import BoundComponent
from dashboards.component.release import strip_mark
from dashboards.dashboard import Dashboard
from dashboards.exceptions import UnknownComponentError
from dashboards.testing.answers import Locale, find_stray, is_secure
from dashboards.testing.html import Element, find_elements, read_content, read_text
from dashboards.testing.isolation import commit, not_raising
from dashboards.testing.outbox import describe
from dashboards.testing.values import read_value, shows

_HTMX = {"HX-Request": "true"}


class Box:
    """The box of one component on a page.

    Args:
        key: the component's key.
        element: its content.
        state: the words about its value, as HTML; empty if the value is fresh.
    """

    def __init__(self, key: str, element: Element, state: str) -> None:
        self.key = key
        self.attributes = element.attributes
        """The attributes by which the page's scripts update it."""
        self.html = element.html
        """Its content as HTML."""
        self.state_html = state
        """The words about its value as HTML."""

    @property
    def text(self) -> str:
        """The text that a viewer reads in it, such as ``"12"``; white space as single spaces."""
        return read_text(self.html)

    @property
    def state(self) -> str:
        """The words about its value, such as ``"Loading…"``; empty if the value is fresh."""
        return read_text(self.state_html)

    @property
    def has_failed(self) -> bool:
        """True if its value could not be computed."""
        return "dashboards-is-failed" in self.state_html

    def __repr__(self) -> str:
        return f"<Box {self.key}: {self.text!r}{f' ({self.state})' if self.state else ''}>"


class Page:
    """The page of a dashboard, as one viewer got it. Made by ``render``.

    ``page["orders"]`` is the box of a component, ``"orders" in page`` tells if the page shows it,
    and a loop over the page yields the keys.

    Args:
        dashboard: the dashboard that it shows.
        client: the test client of its viewer.
        query: the parameters of its address.
        raises: False to have errors of values fail their boxes.
    """

    def __init__(
        self,
        dashboard: Dashboard,
        client: Client,
        query: Mapping[str, Any] | None = None,
        *,
        raises: bool = True,
    ) -> None:
        self.dashboard = dashboard
        self.client = client
        self.query: dict[str, Any] = dict(query or {})
        self.response: HttpResponse
        """The newest response that the viewer got."""
        self._raises = raises
        self._locale = Locale()
        self._stray = ""
        self._boxes: dict[str, Box] = {}
        self._html = ""
        self._open()

    # What the viewer sees.

    @property
    def status_code(self) -> int:
        """The status of the newest response."""
        return self.response.status_code

    @property
    def is_refused(self) -> bool:
        """True if the viewer did not get the page: 403, 404 or a redirect to the login.

        Raises:
            AssertionError: the viewer was redirected to another page, which refuses nobody.
        """
        if self._stray:
            msg = (
                f"{self._name} was neither shown nor refused: the request was redirected, with the "
                f"status {self.status_code}, to {self._stray!r}, which is not the login page."
            )
            raise AssertionError(msg)
        return not self._html

    @property
    def html(self) -> str:
        """The HTML of the page as it was sent."""
        return self._html

    @property
    def errors(self) -> dict[str, str]:
        """The words of the boxes whose value failed, by key."""
        return {key: box.state for key, box in self._read_boxes().items() if box.has_failed}

    def _read_boxes(self) -> Mapping[str, Box]:
        if self.is_refused:
            msg = f"{self._name} was refused, with the status {self.status_code}."
            raise AssertionError(msg)
        return self._boxes

    @property
    def _name(self) -> str:
        return describe(self.dashboard)

    def __getitem__(self, key: str) -> Box:
        boxes = self._read_boxes()
        if key not in boxes:
            msg = f"The page of {self._name} shows no {key!r}; it shows {', '.join(boxes)}."
            raise UnknownComponentError(msg)
        return boxes[key]

    def __contains__(self, key: str) -> bool:
        return key in self._read_boxes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read_boxes())

    def expect(self, **values: Any) -> None:
        """Assert that boxes show values.

        Args:
            **values: by key, a value that the component can show, or the text of its box.

        Raises:
            AssertionError: a box shows something else; the message tells what.
        """
        __tracebackhide__ = True
        if missing := self._find_missing(values):
            raise AssertionError(self._describe(missing, "does not show what was expected"))

    def _find_missing(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that are not shown."""
        return {
            key: value
            for key, value in values.items()
            if not shows(self._bound(key), self[key].html, value, self._locale)
        }

    def _describe(self, missing: Mapping[str, Any], problem: str) -> str:
        lines = [f"{self._name} {problem}:"]
        for key, value in missing.items():
            box, wanted = self[key], read_value(self._bound(key), value, self._locale)
            shown = read_content(box.html)
            wanted = f" (shown as {wanted!r})" if wanted != str(value) else ""
            state = f" ({box.state})" if box.state else ""
            lines.append(f"  {key}: expected {value!r}{wanted}, but it shows {shown!r}{state}")
        return "\n".join(lines)

    def _bound(self, key: str) -> BoundComponent:
        _ = self[key]
        return self.dashboard[key]

    # What the viewer does.

    def load(self, *keys: str) -> "Page":
        """Load what the page loads after it is shown, and return the page.

        Args:
            *keys: the deferred components that come into view; by default all.
        """
        wanted = keys or [
            key for key, box in self._read_boxes().items() if _is_deferred(box.attributes)
        ]
        batched = [key for key in wanted if "data-dashboards-batch-key" in self[key].attributes]
        ready: Mapping[str, Any] = {}
        if batched:
            url = self[batched[0]].attributes["data-dashboards-batch-url"]
            query = f"?{urlencode(self.query, doseq=True)}" if self.query else ""
            response = self._request("get", f"{url}{','.join(batched)}/{query}")
            ready = response.json()["ready"]  # type: ignore[attr-defined] # of the test client
        for key in wanted:
            if key in ready:
                self._show(key, ready[key].get("html"), ready[key].get("state", ""))
            else:
                self._reload(key)
        return self

    def submit(self, key: str, /, **data: Any) -> "Page":
        """Fill in a ``Form`` and send it, as its page does, and return the page.

        Then ``page[key]`` shows the form again: with its errors, or empty after it was saved.
        What depends on the form is loaded again. ``page.response`` is the answer, whose status is
        422 if the input is not valid.

        Args:
            key: the key of the form.
            **data: the input by name of the field; a file is an open file, as for ``Client.post``.
        """
        content_id = f"{self._dom_id}-{key}"
        form = find_elements(self[key].html).get(f"{content_id}-form")
        if form is None:
            msg = f"{self._name}.{key} shows no form: {self[key].text!r}."
            raise AssertionError(msg)
        if form.attributes.get("method") != "post":
            self.query.update({f"{key}-{name}": value for name, value in data.items()})
            self._open()
            return self
        url = form.attributes.get("hx-post") or form.attributes["action"]
        response = self._request("post", url, data)
        if response.status_code in (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY):
            self._show(key, response.content.decode(), "")
        if response.status_code == HTTPStatus.OK:
            for each, box in self._boxes.items():
                if f" from:#{content_id}-content" in box.attributes.get("hx-trigger", ""):
                    self._reload(each)
        # Reloading has made other requests.
        self.response = response
        return self

    async def aload(self, *keys: str) -> "Page":
        """Do as ``load``, in an async test."""
        return await sync_to_async(self.load)(*keys)

    async def asubmit(self, key: str, /, **data: Any) -> "Page":
        """Do as ``submit``, in an async test."""
        return await sync_to_async(self.submit)(key, **data)

    # Requests.

    @property
    def _dom_id(self) -> str:
        return self.dashboard.dom_id

    def _request(self, method: str, url: str, data: Any = None, **headers: str) -> HttpResponse:
        commit()
        send = self.client.post if method == "post" else self.client.get
        with nullcontext() if self._raises else not_raising():
            response = send(url, data, headers={**_HTMX, **headers}, secure=is_secure())
        self.response = cast("HttpResponse", response)
        return self.response

    def _open(self) -> None:
        commit()
        with nullcontext() if self._raises else not_raising():
            url = _find_url(self.dashboard)
            with self._locale.recorded():
                response = self.client.get(url, self.query, secure=is_secure())
        self.response = cast("HttpResponse", response)
        with self._locale.active():
            self._stray = find_stray(self.dashboard, self.response)
        is_served = self.response.status_code == HTTPStatus.OK
        self._html = self.response.content.decode() if is_served else ""
        self._boxes = {}
        elements = find_elements(self._html)
        for name, element in elements.items():
            prefix, suffix = f"{self._dom_id}-", "-content"
            if name.startswith(prefix) and name.endswith(suffix):
                key = name.removeprefix(prefix).removesuffix(suffix)
                state = elements.get(f"{prefix}{key}-state")
                self._boxes[key] = Box(key, element, state.html if state else "")

    def _reload(self, key: str) -> None:
        """Load a box from its own address."""
        url = self[key].attributes.get("hx-get")
        if url is None:
            msg = f"{self._name}.{key} does not load: it is neither deferred nor live per viewer."
            raise AssertionError(msg)
        response = self._request("get", url)
        if response.status_code == HTTPStatus.OK:
            self._show(key, response.content.decode(), "")

    def _show(self, key: str, html: str | None, state: str) -> None:
        box = self._boxes[key]
        box.state_html = state
        if html is not None:
            box.html = strip_mark(html)


def render(  # noqa: PLR0913 - all but the first by name
    dashboard: Dashboard | type[Dashboard],
    *,
    user: Any = None,
    object: Any = None,  # noqa: A002 - as in the constructor of dashboards
    query: Mapping[str, Any] | None = None,
    client: Client | None = None,
    raises: bool = True,
) -> Page:
    """Request the page of a dashboard at its own address, as a viewer does.

    Args:
        dashboard: the class, or an instance.
        user: the user who is signed in; by default nobody.
        object: the object of a ``ModelDashboard``.
        query: the parameters of the address, such as filters.
        client: a test client of your own, with a session of its own; then leave out ``user``.
        raises: False to have errors of values fail their own boxes, as in production; by default
            the test gets them.

    Raises:
        LookupError: the dashboard has no address.
        Exception: the error of a value.
    """
    return Page(bind(dashboard, object, user), sign_in(client, user), query, raises=raises)


async def arender(dashboard: Dashboard | type[Dashboard], **kwargs: Any) -> Page:
    """Do as ``render``, in an async test."""
    return await sync_to_async(render)(dashboard, **kwargs)


def bind(dashboard: Dashboard | type[Dashboard], obj: Any, user: Any) -> Dashboard:
    """Return an instance without a request."""
    return dashboard(object=obj, user=user) if isinstance(dashboard, type) else dashboard


def sign_in(client: Client | None, user: Any) -> Client:
    """Return a test client in which a user is signed in."""
    client = client or Client()
    if user is not None:
        client.force_login(user)
    return client


def _find_url(dashboard: Dashboard) -> str:
    try:
        return dashboard.get_absolute_url()
    except NoReverseMatch as error:
        name = type(dashboard).__name__
        msg = (
            f"{name} has no address: put @registry.register above it in the dashboards.py of its "
            "app, and include dashboards.urls in the project's urls.py. A ModelDashboard also "
            f"needs its object: render({name}, object=…)."
        )
        raise LookupError(msg) from error


def _is_deferred(attributes: Mapping[str, str]) -> bool:
    trigger = attributes.get("hx-trigger", "")
    return "dashboards:seen once" in trigger or "intersect once" in trigger
