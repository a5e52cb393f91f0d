"""Which GRIP proxies there are, and one bounded way to each of them.

The settings are django-grip's: ``GRIP_URL``, ``GRIP_PROXIES``, ``GRIP_PREFIX``. The libraries are
imported here only. Their own publishing has threads that wait for ever, queues without an end and,
at the exit of the process, joins without a bound; here nothing waits longer than it says.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from django.conf import settings

from dashboards.live.access.channel import REVOCATIONS

try:
    from gripcontrol import Channel, HttpStreamFormat, parse_grip_uri
    from pubcontrol import Item, PubControlClient
    from requests.adapters import HTTPAdapter
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

try:
    import tnetstring
    import zmq
except ImportError:
    ZMQ_INSTALLED = False
else:
    ZMQ_INSTALLED = True

SETTINGS = ("GRIP_URL", "GRIP_PROXIES", "GRIP_VERIFY_KEY", "GRIP_PREFIX")

_CONNECT_SECONDS = 2.0
# HTTP control answers after the fan-out, which with many thousand readers takes its time.
_ANSWER_SECONDS = 10.0
_LINGER_MILLISECONDS = 1000
_MOST_MESSAGES = 1000


class Message(NamedTuple):
    """What is published: content, or something to do."""

    channel: str
    content: str = ""
    id: str | None = None
    previous: str | None = None
    action: str | None = None


class Client(Protocol):
    """A way to a proxy, of one thread."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order; raise where that fails or takes too long."""

    def close(self) -> None:
        """Let go of connections, after what was published has left."""


def is_configured() -> bool:
    """Whether the settings name a proxy."""
    return bool(getattr(settings, "GRIP_URL", None) or getattr(settings, "GRIP_PROXIES", None))


def configured() -> list[Mapping[str, Any]]:
    """Return the proxies that the settings name, each as an entry of ``GRIP_PROXIES``."""
    entries = list(getattr(settings, "GRIP_PROXIES", None) or ())
    if url := getattr(settings, "GRIP_URL", None):
        entries.append(parse_grip_uri(url))
    verify_key = getattr(settings, "GRIP_VERIFY_KEY", None)
    found: list[Mapping[str, Any]] = []
    for entry in entries:
        entry = {"verify_key": verify_key, **entry} if verify_key else dict(entry)  # noqa: PLW2901
        # django-grip appends what GRIP_URL says to GRIP_PROXIES, once for every request.
        if entry not in found:
            found.append(entry)
    return found


def make_client(entry: Mapping[str, Any]) -> Client | None:
    """Return a way to publish to a proxy, by ZMQ if possible: that does not wait for the fan-out.

    Returns:
        ``None`` where the entry names no address that can be published to.
    """
    if "control_zmq_uri" in entry and ZMQ_INSTALLED:
        return ZmqClient(entry["control_zmq_uri"])
    if "control_uri" in entry:
        return HttpClient(entry)
    return None


def channel_name(channel: str) -> str:
    """Return what a dashboard's channel is called at the proxy, whatever else a site has there."""
    return f"{getattr(settings, 'GRIP_PREFIX', '')}{bare_channel_name(channel)}"


def bare_channel_name(channel: str) -> str:
    """Return the same without ``GRIP_PREFIX``, which django-grip puts before it by itself."""
    return f"dashboards:{channel}"


def access_channel(identity: str) -> str:
    """Return the channel by which the proxy is told to ask anew for somebody's streams."""
    return f"{REVOCATIONS}{quote(identity, safe='*')}"


def make_channel(name: str, previous: object = None) -> Any:
    """Return a channel for an instruction, from a position on."""
    return Channel(bare_channel_name(name), prev_id=None if previous is None else str(previous))


def _export(message: Message, *, binary: bool) -> dict[Any, Any]:
    """Return a message as it goes onto the wire."""
    content = None if message.action else message.content
    part = HttpStreamFormat(content, action=message.action)
    item = Item(part, id=message.id, prev_id=message.previous)
    fields: dict[Any, Any] = item.export(formats_field=True, tnetstring=binary)
    channel = channel_name(message.channel)
    fields.update({b"channel": channel.encode()} if binary else {"channel": channel})
    return fields


class HttpClient:
    """Publishes to ``control_uri``, and is told when the proxy has fanned out."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        key = entry.get("key")
        if isinstance(key, bytes) and "control_iss" not in entry:
            key = key.decode()
        claim = {"iss": entry["control_iss"]} if "control_iss" in entry else None
        self._client = PubControlClient(
            entry["control_uri"],
            auth_jwt_claim=claim,
            auth_jwt_key=key if claim else None,
            # A key without an issuer is a token: Fastly's.
            auth_bearer=None if claim else key,
        )
        for scheme in ("http://", "https://"):
            self._client.requests_session.mount(scheme, _Bounded())

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish in one request."""
        items = [_export(message, binary=False) for message in messages]
        body = json.dumps({"items": items}).encode()
        self._client.http_call("/publish/", body, {"Content-Type": "application/json"})

    def close(self) -> None:
        """Close the connection."""
        self._client.requests_session.close()


if INSTALLED:

    class _Bounded(HTTPAdapter):
        """Waits no longer than it says, where requests would wait for ever."""

        def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            return super().send(
                request, **{**kwargs, "timeout": (_CONNECT_SECONDS, _ANSWER_SECONDS)}
            )


class ZmqClient:
    """Publishes to the address that a proxy's command port names."""

    def __init__(self, command_uri: str) -> None:
        self._command_uri = command_uri
        self._context: Any = None
        self._push: Any = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Hand over to ZMQ, which a thread of its own sends from."""
        try:
            if self._push is None:
                self._connect()
            for message in messages:
                _await(self._push, zmq.POLLOUT, self._command_uri)
                self._push.send(tnetstring.dumps(_export(message, binary=True)), zmq.NOBLOCK)
        except Exception:
            # The proxy may be another one when it is back, at another address.
            self._let_go(linger=0)
            raise

    def close(self) -> None:
        """Close once what was handed over has left, or a moment has passed."""
        self._let_go(linger=_LINGER_MILLISECONDS)

    def _let_go(self, *, linger: int) -> None:
        context, self._context, self._push = self._context, None, None
        if context is not None:
            context.destroy(linger=linger)

    def _connect(self) -> None:
        self._context = zmq.Context()
        command = self._socket(zmq.REQ)
        command.connect(self._command_uri)
        _await(command, zmq.POLLOUT, self._command_uri)
        command.send(tnetstring.dumps({b"method": b"get-zmq-uris"}), zmq.NOBLOCK)
        _await(command, zmq.POLLIN, self._command_uri)
        answer = tnetstring.loads(command.recv(zmq.NOBLOCK))
        command.close(linger=0)
        uri = answer.get(b"value", {}).get(b"publish-pull", b"").decode()
        if not uri:
            msg = f"The GRIP proxy at {self._command_uri} names no address to publish to: {answer}"
            raise OSError(msg)
        host = urlsplit(self._command_uri).hostname or "localhost"
        self._push = self._socket(zmq.PUSH)
        self._push.connect(uri.replace("//*:", f"//{host}:").replace("//0.0.0.0:", f"//{host}:"))

    def _socket(self, kind: int) -> Any:
        made = self._context.socket(kind)
        # Nothing is queued for a proxy that is not there: what it missed, it asks for.
        made.setsockopt(zmq.IMMEDIATE, 1)
        made.setsockopt(zmq.SNDHWM, _MOST_MESSAGES)
        made.setsockopt(zmq.LINGER, 0)
        return made


def _await(socket: Any, event: int, uri: str) -> None:
    with contextlib.suppress(zmq.Again):
        if socket.poll(_CONNECT_SECONDS * 1000, event):
            return
    msg = f"The GRIP proxy at {uri} does not answer."
    raise TimeoutError(msg)
