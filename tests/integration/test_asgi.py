"""LiveStreamMiddleware and the ASGI protocol: requests passed on and streams not held."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest

from dashboards.live.asgi import LiveStreamMiddleware, middleware
from dashboards.live.stores import get_store
from dashboards.live.subscription import EXTENSION, StreamHandoff, Subscription, get_handoff

language: ContextVar[str] = ContextVar("language")

Answer = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

STREAM_HEADERS = [
    (b"Content-Type", b"text/event-stream"),
    (b"Content-Length", b"14"),
    (b"Content-Encoding", b"identity"),
]


def answering(
    status: int = 200, headers: list[tuple[bytes, bytes]] = STREAM_HEADERS, *, hold: bool = True
) -> Answer:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        offer = scope["extensions"][EXTENSION]
        if hold:
            offer.subscription = Subscription("shop.orders", None)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 500\n\n"})

    return application


class Client:
    """The server's side of one exchange."""

    def __init__(self, application: Answer, scope_type: str = "http") -> None:
        self.edge = LiveStreamMiddleware(application)
        self.scope: dict[str, Any] = {"type": scope_type, "path": "/@stream/", "headers": []}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []

    async def send(self, event: Any) -> None:
        self.sent.append(event)

    async def run(self, *events: dict[str, Any]) -> list[Any]:
        for event in events:
            self.events.put_nowait(event)
        await asyncio.wait_for(self.edge(self.scope, self.events.get, self.send), 5)
        return self.sent


@pytest.fixture(autouse=True)
def _memory(settings: Any) -> None:
    backend = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
    settings.DASHBOARDS = {"STORES": {"default": backend}}


async def test_stream_requested_before_shutdown_not_held_after():
    heard: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    answer = answering()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
        await answer(scope, receive, send)

    try:
        sent = await Client(application).run()
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert heard == [signal.SIGTERM], "the server's own handler runs as before"
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_request_cancelled_while_django_answers_opens_no_stream():
    """Regression: asyncio.run() never ended if it cancelled a request for a stream while Django
    answered. Django swallows the CancelledError, and the stream was opened after it."""
    answers = asyncio.Event()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        answers.set()
        # As in django.core.handlers.asgi.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await answering()(scope, receive, send)

    client = Client(application)
    client.scope["headers"] = [(b"accept", b"text/event-stream")]
    request = asyncio.create_task(client.run())
    await answers.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(request, 5)


async def test_held_answer_has_no_content_length_or_encoding():
    sent = await Client(answering()).run({"type": "http.disconnect"})
    assert sent[0]["headers"] == [(b"content-type", b"text/event-stream")]
    assert sent[1]["more_body"] is True
    assert len(sent) == 2, "nothing is written to a client that has gone"


@pytest.mark.parametrize(
    "answer",
    [
        answering(403),
        answering(headers=[(b"Content-Type", b"text/html"), (b"Content-Length", b"14")]),
        answering(hold=False),
    ],
    ids=["refused", "replaced by a middleware", "not asked for"],
)
async def test_answer_without_stream_passed_unchanged(answer: Answer):
    sent = await Client(answer).run()
    assert dict(sent[0]["headers"])[b"Content-Length"] == b"14"
    assert not sent[1].get("more_body")


async def test_disconnect_received_by_django_ends_stream():
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await answering()(scope, receive, send)

    # The application receives the one disconnect; the server does not repeat it.
    await Client(application).run({"type": "http.disconnect"})


async def test_lifespan_scope_is_answered():
    client = Client(answering(), "lifespan")
    sent = await client.run({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [each["type"] for each in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_other_scope_passed_on():
    seen = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)

    client = Client(application, "websocket")
    await client.run()
    assert seen == [client.scope]


async def test_other_extensions_kept():
    seen = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope["extensions"])
        await answering(hold=False)(scope, receive, send)

    client = Client(application)
    client.scope["extensions"] = {"tls": {}}
    await client.run()
    assert set(seen[0]) == {"tls", EXTENSION}
    assert isinstance(seen[0][EXTENSION], StreamHandoff)


def test_handoff_missing_under_wsgi():
    assert get_handoff(HttpRequest()) is None


async def test_stream_requests_share_thread_but_not_context():
    threads, languages = set(), []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        languages.append(language.get("default"))
        language.set("changed")
        threads.add(await sync_to_async(threading.get_ident)())
        await answering(hold=False)(scope, receive, send)

    edge = LiveStreamMiddleware(application)
    for _ in range(5):
        client = Client(application)
        client.edge = edge
        client.scope["headers"] = [(b"accept", b"text/event-stream")]
        await client.run()
    assert len(threads) == 1
    assert languages == ["default"] * 5


async def test_stream_requests_beyond_limit_refused_for_busiest_client(
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: all requests for streams wait for one thread. One client could make the queue as
    long as it liked, and all others waited in it."""
    monkeypatch.setattr(middleware, "_MAX_WAITING", 3)
    opened = asyncio.Event()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await opened.wait()
        await answering(hold=False)(scope, receive, send)

    edge = LiveStreamMiddleware(application)

    def ask(address: str) -> "asyncio.Task[list[Any]]":
        client = Client(application)
        client.edge = edge
        client.scope |= {"headers": [(b"accept", b"text/event-stream")], "client": (address, 5000)}
        return asyncio.create_task(client.run())

    crowd = [ask("192.0.2.1") for _ in range(5)]
    await asyncio.sleep(0)
    other = ask("192.0.2.2")
    await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
    away = [each.result() for each in crowd if each.done()]
    assert len(away) == 2
    for start, end in away:
        assert (start["status"], end["more_body"]) == (200, False)
        assert dict(start["headers"])[b"content-type"] == b"text/event-stream"
        assert end["body"].startswith(b"retry: ")
    opened.set()
    assert len((await other)[1]["body"]) > 0
    await asyncio.gather(*crowd)


@pytest.mark.parametrize(
    ("header", "headers", "client"),
    [
        ("", [(b"x-forwarded-for", b"192.0.2.9")], "192.0.2.1"),
        ("X-Forwarded-For", [(b"x-forwarded-for", b"192.0.2.9")], "192.0.2.9"),
        ("X-Forwarded-For", [(b"x-forwarded-for", b"203.0.113.7, 192.0.2.9")], "192.0.2.9"),
        (
            "X-Forwarded-For",
            [(b"x-forwarded-for", b"203.0.113.7"), (b"X-Forwarded-For", b"192.0.2.9")],
            "192.0.2.9",
        ),
        ("X-Real-IP", [], "192.0.2.1"),
    ],
)
async def test_client_address_read_from_connection_or_trusted_header(
    settings: Any, header: str, headers: list[tuple[bytes, bytes]], client: str
):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "CLIENT_ADDRESS_HEADER": header}
    clients: list[str] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        clients.append(scope["extensions"][EXTENSION].network)
        await answering(hold=False)(scope, receive, send)

    asking = Client(application)
    asking.scope |= {"headers": headers, "client": ("192.0.2.1", 5000)}
    await asking.run()
    assert clients == [client]


async def test_store_outage_logged_once_for_all_streams(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Regression: each stream logged its own traceback, so a thousand pages that reconnected to a
    store that was down filled the log every three seconds."""

    async def fail(channel: str, position: object) -> None:
        raise ConnectionError

    first = Client(answering())
    with monkeypatch.context() as down:
        down.setattr(get_store(), "asince", fail)
        for _ in range(3):
            client = Client(answering())
            client.edge = first.edge
            sent = await client.run()
            assert sent[-1]["body"] == b"retry: 3000\n\n"
            assert not sent[-1]["more_body"]
    await first.run({"type": "http.disconnect"})
    fails, answers = caplog.records
    assert fails.message.startswith("The store of live state does not answer (ConnectionError).")
    assert answers.message == "The store of live state answers again."
