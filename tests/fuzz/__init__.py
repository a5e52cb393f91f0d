"""Random bad requests, sent to a real server: none may be answered 500 or take long.

``python -m tests.fuzz --requests 13000 --seed 1`` starts the test site and prints
the requests that failed.
"""

import random
import socket
import string
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

SECONDS = 5
"""How long an answer may take to begin."""

_PAGES = {
    "site": (
        *("live", "quiet", "changing", "hostile", "staff", "later", "far", "series", "mixed"),
        *("personal", "mine", "arranged", "tabbed", "dynamic", "filtered", "deferred"),
        *("failing", "drawn", "figures", "anyhow", "pie"),
    ),
    "books": ("shelf", "ticking", "vault", "desk", "errand", "catalogue"),
}
_OBJECTS = ("/site/groupboard/", "/books/authordesk/")
_KEYS = (
    *("greeting", "count", "books", "later", "listed", "plain", "pushed", "found", "own", "sent"),
    *("add", "find", "edit", "secret", "echo", "a", "now", "tick", "nothing"),
)
_FIELDS = (
    *("many", "one", "data", "whole", "exact", "rough", "day", "moment", "hour", "span", "both_0"),
    *("both_1", "day_year", "day_month", "day_day", "ident", "address", "link", "text", "ticked"),
    *("chosen", "file", "year", "word", "since", "until", "title", "author", "pages", "published"),
    *("position", "hold", "format", "sort", "search", "page", "size", "export", "dashboards-next"),
)
_VALUES = (
    *("", "0", "1", "-1", "99999999999999999999", "-99999999999999999999", "1" * 4400, "1e400"),
    *("1E+1000000", "nan", "-inf", "0x1", "1.5", "2024-02-30", "0001-01-01", "9999-12-31"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01", "25:00"),
    *(
        "P9999999999D",
        "999999999 23:59:59",
        "[" * 3000,
        "{" * 90,
        '{"a":' * 2000 + "1" + "}" * 2000,
    ),
    *("[" * 900 + "]" * 900, "[" * 200 + "]" * 200, "NaN", "1e999", '"\\ud800"', '"\\u0000"'),
    *(
        "\0",
        "a\0b",
        "\ud800",
        "\udcff",
        "ÿ",
        "\u202e",
        "\U0001d4b3" * 50,
        "\ufeff=1",
        "%",
        "%%",
        "%s",
    ),
    *("'", '"', "' OR 1=1 --", "<script>", "{{ x }}", "../" * 20, "..", ".", "a/b", "a%2Fb", "%2E"),
    *("javascript:alert(1)", "//evil", "http://[", "http://[::1", "::1", "1.2.3.4.5", "x" * 3000),
    *("a,b,c", "-title,title,-", ",,,", "csv", "json", "openmetrics", "true", "on", "a" * 300),
    *("abc.1", "abc.99999999999999999999", "0.0", ".", "x.-1", "z" * 40 + ".1", "\n", "\r\nX: y"),
    *("00000000-0000-0000-0000-000000000000", "{}", "[]", "null", "é" * 200, "٣", "\uff11\uff12"),
)
_HEADERS = (
    *("Last-Event-ID", "If-None-Match", "If-Modified-Since", "Range", "Accept", "Accept-Language"),
    *("Accept-Encoding", "Cookie", "HX-Request", "HX-Target", "X-Requested-With", "Referer"),
    *("Origin", "X-Forwarded-For", "X-Forwarded-Proto", "Grip-Sig", "Grip-Last", "Grip-Feature"),
    *("Content-Encoding", "Expect", "Authorization", "X-CSRFToken", "If-Match", "Content-Range"),
)
_METHODS = (*["GET"] * 12, *["POST"] * 5, "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "Ä")
_TYPES = (
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"),
    *("multipart/form-data", "multipart/form-data; boundary=" + "b" * 300, "text/plain", "", ";"),
    *("application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data; boundary=\xff"),
)


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Args:
        sent: the request's bytes.
        status: the answer's status; 0 where the server closed without any.
        seconds: how long it took to begin.
    """

    sent: bytes
    status: int
    seconds: float

    @property
    def is_bad(self) -> bool:
        """Return True for a 500, no answer, or a slow one."""
        return self.status >= 500 or self.seconds > SECONDS


def make_requests(seed: int, count: int) -> Iterator[bytes]:
    """Make requests, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _make(chance)


def send(port: int, request: bytes) -> Answer:
    """Send one request and read how its answer begins."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=3 * SECONDS) as connection:
        received = b""
        try:
            connection.sendall(request)
            while b"\r\n" not in received and (more := connection.recv(200)):
                received += more
        except (ConnectionError, TimeoutError):
            pass
    words = received.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Answer(request, status, time.monotonic() - began)


def fuzz(port: int, seed: int, count: int) -> Sequence[Answer]:
    """Send requests one after the other; return the bad answers."""
    # Before the clock runs: the first chart of a process imports plotly.
    send(port, b"GET /site/pie/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    answers = [send(port, each) for each in make_requests(seed, count)]
    assert any(each.status == 200 for each in answers), "nothing was answered at all"
    return [each for each in answers if each.is_bad]


def _make(chance: random.Random) -> bytes:
    method = chance.choice(_METHODS)
    path = _make_path(chance)
    if query := _make_pairs(chance, 3):
        path = f"{path}?{query}"
    is_post = method == "POST"
    is_found = "%" not in path and "//" not in path and "/@" in path
    body, kind = (
        _make_body(chance, is_found=is_found) if is_post or chance.random() < 0.05 else (b"", "")
    )
    headers = {"Host": "127.0.0.1", "Connection": "close"}
    if kind == _TYPES[0] and chance.random() < 0.1:
        headers["Host"] = chance.choice(("", "a b", "127.0.0.1:x", "ÿ", "[", "x" * 300))
    if kind:
        headers["Content-Type"] = kind
    for _ in range(chance.choice((0, 0, 1, 2))):
        headers[chance.choice(_HEADERS)] = _make_header(chance)
    if is_post and chance.random() < 0.8:
        # Cookie and token agree, so that the form itself is tried.
        token = "a" * 32
        headers.update({"Cookie": f"csrftoken={token}", "X-CSRFToken": token})
        if chance.random() < 0.5:
            headers["HX-Request"] = "true"
    if body or is_post:
        length = len(body)
        headers["Content-Length"] = str(length)
        if chance.random() < 0.03:
            headers["Content-Length"] = chance.choice(("x", "-1", "1" * 30, "0", ""))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _make_path(chance: random.Random) -> str:
    if chance.random() < 0.03:
        places = ("/@metrics/", "/embedded/", "/embedded-jinja/", "/", "/%FF/", "//", "/site/")
        return chance.choice(places)
    if chance.random() < 0.2:
        path = chance.choice(_OBJECTS) + _quote(chance, chance.choice(_VALUES)[:500]) + "/"
    else:
        app = chance.choice(list(_PAGES))
        path = f"/{app}/{chance.choice(_PAGES[app])}/"
    roll = chance.random()
    if roll < 0.35:
        path += f"@component/{_make_key(chance)}/"
    elif roll < 0.5:
        keys = (_make_key(chance) for _ in range(chance.choice((1, 2, 5, 300))))
        path += f"@components/{','.join(keys)}/"
    elif roll < 0.65:
        path += "@stream/"
    return path


def _make_key(chance: random.Random) -> str:
    if chance.random() < 0.9:
        return chance.choice(_KEYS)
    return _quote(chance, chance.choice(_VALUES)[:200])


def _make_pairs(chance: random.Random, most: int) -> str:
    pairs = []
    for _ in range(chance.randint(0, most)):
        name = chance.choice(_FIELDS)
        if chance.random() < 0.6:
            name = f"{chance.choice(_KEYS)}-{name}"
        pairs.append(f"{name}={_quote(chance, chance.choice(_VALUES))}")
    if chance.random() < 0.02:
        pairs += [f"x{number}=1" for number in range(1500)]
    return chance.choice(("&", "&", "&", ";")).join(pairs)


def _quote(chance: random.Random, text: str) -> str:
    """Quote a text as browsers do, or wrongly: in parts, twice, or with broken UTF-8."""
    quoted = quote(text.encode(errors="surrogatepass"), safe="")
    roll = chance.random()
    if roll < 0.05:
        return quote(quoted, safe="")
    if roll < 0.1:
        return quoted + chance.choice(("%FF", "%C3", "%", "%ED%A0%80", "%G1"))
    return quoted


def _make_header(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return "".join(chance.choices(string.printable[:95] + "ÿé", k=chance.randint(0, 60)))
    value = chance.choice(
        (*_VALUES, 'W/"x"', '"' * 9, "*", "bytes=0-", "bytes=9-1", "text/html;q=x")
    )
    return "".join(each for each in value if each >= " ")[:2000]


def _make_body(chance: random.Random, *, is_found: bool) -> tuple[bytes, str]:
    # Django's own page for an address that no view has, or for a host that is none, answers 500 to
    # a body that it cannot read.
    kind = chance.choice(_TYPES) if is_found else _TYPES[chance.choice((0, 2))]
    pairs = _make_pairs(chance, 6)
    if chance.random() < 0.6 or "boundary=b" not in kind:
        return pairs.encode("latin-1", "replace"), kind or _TYPES[0]
    parts = []
    for _ in range(chance.randint(0, 4)):
        value = chance.choice(_VALUES)
        name = chance.choice(_FIELDS)
        file = f'; filename="{chance.choice(_VALUES)[:300]}"' if chance.random() < 0.4 else ""
        head = f'Content-Disposition: form-data; name="sent-{name}"{file}'
        parts.append(f"--b\r\n{head}\r\n\r\n{value}\r\n")
    end = chance.choice(("--b--\r\n", "--b--", "--b", ""))
    return ("".join(parts) + end).encode("utf-8", "surrogatepass"), kind
