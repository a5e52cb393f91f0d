"""``connect``: a page that stays open, with its stream."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.test import Client

from dashboards.component.release import strip_mark
from dashboards.dashboard import Dashboard
from dashboards.testing.answers import is_secure, leads_to_login
from dashboards.testing.html import find_elements, read_content
from dashboards.testing.isolation import Isolation, get_isolation
from dashboards.testing.pages import Box, Page, bind, sign_in

_EVENT_END = b"\n\n"
_ANSWER_SECONDS = 30.0
"""Real time in which the project must answer a request for a stream."""


class _Connection:
    """One request for a stream, answered by the ASGI application in the loop of the portal."""

    def __init__(self, application: Any, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._application = application
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https" if is_secure() else "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 443 if is_secure() else 80),
        }
        self._rest = b""
        self._is_requested = False
        self._is_gone = asyncio.Event()
        self._is_answered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.status = 0
        self.location = ""
        """The address that the answer redirects to; empty if it does not."""
        self.events: list[dict[str, str]] = []
        """The events that have arrived and were not taken yet."""
        self.is_ended = False

    async def open(self) -> None:
        """Send the request, and wait for the answer's status.

        Raises:
            Exception: the error of the application, if it raises one instead.
        """
        self._task = asyncio.create_task(self._serve())
        async with asyncio.timeout(_ANSWER_SECONDS):
            await self._is_answered.wait()
        if self._task.done():
            self._task.result()

    async def drop(self) -> None:
        """Disconnect."""
        self._is_gone.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _serve(self) -> None:
        try:
            await self._application(self._scope, self._receive, self._send)
        finally:
            self.is_ended = True
            self._is_answered.set()

    async def _receive(self) -> dict[str, Any]:
        if not self._is_requested:
            self._is_requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._is_gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self._is_gone.is_set():
            return  # What a broken connection loses.
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = {name.lower(): text for name, text in message["headers"]}
            self.location = headers.get(b"location", b"").decode()
            self._is_answered.set()
            return
        *whole, self._rest = (self._rest + message.get("body", b"")).split(_EVENT_END)
        self.events += [_decode(each.decode()) for each in whole]
        if not message.get("more_body"):
            self.is_ended = True


def _decode(text: str) -> dict[str, str]:
    """Return the fields of one event; the lines of its data joined."""
    fields: dict[str, list[str]] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        fields.setdefault(name, []).append(value.removeprefix(" "))
    return {name: "\n".join(values) for name, values in fields.items()}


class LivePage(Page):
    """A page that is open: its boxes show what its stream brings. Made by ``connect``.

    Args:
        isolation: the server of the test.
        seconds: the longest time that ``expect`` waits.
        *args: as for ``Page``.
        **kwargs: as for ``Page``.
    """

    def __init__(self, isolation: Isolation, seconds: float, *args: Any, **kwargs: Any) -> None:
        self._isolation = isolation
        self._seconds = seconds
        self._connection: _Connection | None = None
        self._url = ""
        self._position = ""
        self._stale: set[str] = set()
        self._arrived: list[str] = []
        super().__init__(*args, **kwargs)
        if not self.is_refused:
            self._connect()

    # The connection.

    @property
    def is_refused(self) -> bool:
        """True if the viewer did not get the page, or its stream was refused when it connected.

        Raises:
            AssertionError: either was redirected to a page that is not the login.
        """
        status = self._connection.status if self._connection else HTTPStatus.OK
        return super().is_refused or status != HTTPStatus.OK

    @property
    def status_code(self) -> int:
        """The status of the stream if it was refused, otherwise of the newest response."""
        status = self._connection.status if self._connection else HTTPStatus.OK
        return super().status_code if status == HTTPStatus.OK else status

    @property
    def is_open(self) -> bool:
        """True while the stream is open."""
        self._catch_up()
        is_served = self._connection is not None and self._connection.status == HTTPStatus.OK
        return is_served and not (self._connection and self._connection.is_ended)

    @property
    def is_closed(self) -> bool:
        """True if the server has ended the stream, as it does when the viewer logs out.

        A page in a browser then connects again at once: here ``resume()`` does, and
        ``is_refused`` tells the outcome.
        """
        self._catch_up()
        return self._connection is not None and self._connection.is_ended

    @property
    def events(self) -> tuple[str, ...]:
        """The updates since the page was opened, as ``"orders: 12"``, oldest first."""
        self._catch_up()
        return tuple(self._arrived)

    def drop(self) -> None:
        """Break the connection, as a network does. The page keeps what it shows."""
        self._take()
        if self._connection is not None:
            self._isolation.portal.call(self._connection.drop)
            self._connection = None

    def resume(self) -> None:
        """Connect again, from the position that the page has reached."""
        self.drop()
        if not super().is_refused:
            self._connect()

    def _connect(self) -> None:
        if not self._url:
            msg = f"{self._name} has no stream: none of its components is live."
            raise LookupError(msg)
        cookies = "; ".join(f"{name}={each.value}" for name, each in self.client.cookies.items())
        headers = {"host": "testserver", "accept": "text/event-stream", "cookie": cookies}
        if self._position:
            headers["last-event-id"] = self._position
        portal, application = self._isolation.portal, self._isolation.application

        async def make() -> _Connection:
            connection = _Connection(application, self._url, headers)
            await connection.open()
            return connection

        self._connection = connection = portal.call(make)
        self._stray = "" if leads_to_login(connection.location) else connection.location
        self._catch_up()

    # What arrives.

    def _open(self) -> None:
        super()._open()
        main = find_elements(self._html, "sse-connect")
        self._url = next(iter(main), "")

    def _read_boxes(self) -> Mapping[str, Box]:
        self._catch_up()
        return super()._read_boxes()

    def _catch_up(self) -> None:
        self._isolation.catch_up()
        self._take()

    def _take(self) -> None:
        """Show what has arrived, and load what the stream has told to load."""
        connection = self._connection
        if connection is None:
            return
        events, connection.events[:] = tuple(connection.events), ()
        for event in events:
            self._position = event.get("id", self._position)
            if "event" in event:
                self._receive(event["event"], event.get("data", ""))
        while self._stale:
            self._reload(self._stale.pop())

    def _receive(self, event: str, data: str) -> None:
        name, _, kind = event.partition(":")
        for key, box in self._boxes.items():
            if box.attributes.get("sse-refresh") == event:
                self._stale.add(key)
            elif box.attributes.get("sse-swap") != name:
                continue
            elif kind == "state":
                box.state_html = data
            else:
                box.html = f"{box.html}{data}" if kind == "append" else strip_mark(data)
                box.state_html = ""
            self._arrived.append(f"{key}: {read_content(data) or data}")

    def expect(self, **values: Any) -> None:
        """Wait until boxes show values; time passes for the live values meanwhile.

        Args:
            **values: by key, a value that the component can show, or the text of its box.

        Raises:
            AssertionError: a box shows something else; the message tells what has arrived.
        """
        __tracebackhide__ = True
        left = self._seconds
        while missing := self._find_missing(values):
            moved = self._isolation.wait(left)
            left -= moved
            if not moved:
                raise AssertionError(self._explain(missing))

    def catch_up(self) -> None:
        """Wait until all that was pushed or revoked has arrived. Whatever reads the page does."""
        self._catch_up()

    async def aexpect(self, **values: Any) -> None:
        """Do as ``expect``, in an async test."""
        __tracebackhide__ = True
        await sync_to_async(self.expect)(**values)

    async def acatch_up(self) -> None:
        """Do as ``catch_up``: in an async test, before anything of the page but ``aexpect``."""
        await sync_to_async(self.catch_up)()

    async def adrop(self) -> None:
        """Do as ``drop``, in an async test."""
        await sync_to_async(self.drop)()

    async def aresume(self) -> None:
        """Do as ``resume``, in an async test."""
        await sync_to_async(self.resume)()

    def _explain(self, missing: Mapping[str, Any]) -> str:
        text = self._describe(missing, f"did not show what was expected within {self._seconds:g} s")
        arrived = "".join(f"\n  {each}" for each in self._arrived[-20:])
        text += f"\nWhat has arrived:{arrived}" if arrived else "\nNothing has arrived."
        if self._connection is None:
            text += "\nThe connection was dropped: resume() connects again."
        elif self._connection.is_ended:
            text += "\nThe server has ended the stream: resume() connects again, as a page does."
        return text


def connect(  # noqa: PLR0913 - all but the first by name
    dashboard: Dashboard | type[Dashboard],
    *,
    user: Any = None,
    object: Any = None,  # noqa: A002 - as in the constructor of dashboards
    query: Mapping[str, Any] | None = None,
    client: Client | None = None,
    raises: bool = True,
    seconds: float = 5.0,
) -> LivePage:
    """Open the page of a dashboard and its stream, as a browser does.

    The stream is that of ``LiveStreamMiddleware`` around the project's Django, in this process.
    Permissions and values run in the test's thread, so they see its database as it does. The page
    is closed when the test ends.

    Args:
        dashboard: as for ``render``.
        user: as for ``render``.
        object: as for ``render``.
        query: as for ``render``.
        client: as for ``render``.
        raises: as for ``render``; the values that the stream brings fail their own boxes always.
        seconds: the longest time that ``expect`` lets pass. It does not take as long: the time of
            a test stands still, and is moved.

    Raises:
        LookupError: the dashboard has no address, or none of its components is live.
        RuntimeError: the test is not isolated.
    """
    return LivePage(
        get_isolation("connect()"),
        seconds,
        bind(dashboard, object, user),
        sign_in(client, user),
        query,
        raises=raises,
    )


async def aconnect(dashboard: Dashboard | type[Dashboard], **kwargs: Any) -> LivePage:
    """Do as ``connect``, in an async test."""
    return await sync_to_async(connect)(dashboard, **kwargs)
