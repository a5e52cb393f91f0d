"""The GRIP proxies of the settings, and a client for each of them.

The settings are django-grip's: ``GRIP_URL``, ``GRIP_PROXIES``, ``GRIP_PREFIX``. Only this module
imports the libraries. Their own publishing has threads and joins that may wait without limit, and
queues without limit; here every wait has a time.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from django.conf import settings

from dashboards.live.access.revocation_channel import REVOCATIONS

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
# HTTP control answers after the fan-out, which takes seconds with many thousand streams.
_ANSWER_SECONDS = 10.0
_LINGER_MILLISECONDS = 1000
_MAX_MESSAGES = 1000


class Message(NamedTuple):
    """A message to publish: content, or an action for the proxy."""

    channel: str
    content: str = ""
    id: str | None = None
    previous: str | None = None
    action: str | None = None


class Client(Protocol):
    """Publishes to one proxy. For use in one thread."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order; raise an error if that fails or takes too long."""

    def close(self) -> None:
        """Close connections, after what was published was sent."""


def is_configured() -> bool:
    """Return True if the settings name a proxy."""
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
        # django-grip appends the proxy of GRIP_URL to GRIP_PROXIES, once for every request.
        if entry not in found:
            found.append(entry)
    return found


def make_client(entry: Mapping[str, Any]) -> Client | None:
    """Return a client for a proxy, or None if the entry names no address to publish to.

    It uses ZMQ if possible, because that does not wait for the fan-out.
    """
    if "control_zmq_uri" in entry and ZMQ_INSTALLED:
        return ZmqClient(entry["control_zmq_uri"])
    if "control_uri" in entry:
        return HttpClient(entry)
    return None


def channel_name(channel: str) -> str:
    """Return the name of a channel at the proxy, different from all others of the site there."""
    return f"{getattr(settings, 'GRIP_PREFIX', '')}{bare_channel_name(channel)}"


def bare_channel_name(channel: str) -> str:
    """Return the same without ``GRIP_PREFIX``, which django-grip adds by itself."""
    return f"dashboards:{channel}"


def access_channel(subject: str) -> str:
    """Return the channel by which the proxy is made to request a subject's streams anew."""
    return f"{REVOCATIONS}{quote(subject, safe='*')}"


def make_channel(name: str, previous: object = None) -> Any:
    """Return a channel for an instruction, from a position."""
    return Channel(bare_channel_name(name), prev_id=None if previous is None else str(previous))


def _export(message: Message, *, binary: bool) -> dict[Any, Any]:
    """Return a message as the proxy expects it."""
    content = None if message.action else message.content
    part = HttpStreamFormat(content, action=message.action)
    item = Item(part, id=message.id, prev_id=message.previous)
    fields: dict[Any, Any] = item.export(formats_field=True, tnetstring=binary)
    channel = channel_name(message.channel)
    fields.update({b"channel": channel.encode()} if binary else {"channel": channel})
    return fields


class HttpClient:
    """Publishes to ``control_uri``, which answers after the proxy's fan-out."""

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
        """Sets timeouts, where ``requests`` has none."""

        def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            return super().send(
                request, **{**kwargs, "timeout": (_CONNECT_SECONDS, _ANSWER_SECONDS)}
            )


class ZmqClient:
    """Publishes to the address that the proxy's command port returns."""

    def __init__(self, command_uri: str) -> None:
        self._command_uri = command_uri
        self._context: Any = None
        self._push: Any = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Hand over to ZMQ, which sends in a thread of its own."""
        try:
            if self._push is None:
                self._connect()
            for message in messages:
                _await(self._push, zmq.POLLOUT, self._command_uri)
                self._push.send(tnetstring.dumps(_export(message, binary=True)), zmq.NOBLOCK)
        except Exception:
            # A proxy that was restarted may have another address.
            self._disconnect(linger=0)
            raise

    def close(self) -> None:
        """Close after ZMQ has sent what it was given, or after a second."""
        self._disconnect(linger=_LINGER_MILLISECONDS)

    def _disconnect(self, *, linger: int) -> None:
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
        # Nothing is queued for a proxy that is down: it requests what it missed.
        made.setsockopt(zmq.IMMEDIATE, 1)
        made.setsockopt(zmq.SNDHWM, _MAX_MESSAGES)
        made.setsockopt(zmq.LINGER, 0)
        return made


def _await(socket: Any, event: int, uri: str) -> None:
    with contextlib.suppress(zmq.Again):
        if socket.poll(_CONNECT_SECONDS * 1000, event):
            return
    msg = f"The GRIP proxy at {uri} does not answer."
    raise TimeoutError(msg)
