"""GRIP headers and publishes; ``test_pushpin_edge.py`` has a real proxy."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth import get_user_model
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings

from dashboards.live import push
from dashboards.live.access import recent_revocations
from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.access.subjects import ALL_USERS, user_subject
from dashboards.live.grip import publisher
from dashboards.live.grip.proxies import HttpClient, Message, configured
from dashboards.live.metrics import get_metrics
from dashboards.live.stores import get_store
from dashboards.live.wire.positions import Position
from tests.harness import free_port, wait_for
from tests.site.dashboards import Live, Mixed, Staff

pytestmark = pytest.mark.django_db

KEY = "a key of thirty-two bytes or more, as the standard wants it"
STREAM = "/site/live/@stream/"
STAFF = "/site/staff/@stream/"
CHANNEL = Live().channel
MEMORY = {
    "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}},
    "GRIP_POLL_SECONDS": 10,
}


class Control(HTTPServer):
    """A proxy's control port that records the requests it gets."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.items: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str | None]] = []

    def contents(self, channel: str = f"dashboards:{CHANNEL}") -> str:
        return "".join(
            item["formats"]["http-stream"].get("content", "")
            for item in self.items
            if item["channel"] == channel
        )


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Control)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append((self.path, self.headers["Authorization"]))
        if server.status == 200:
            server.items += body["items"]
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def control() -> Iterator[Control]:
    server = Control()
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def proxied(settings: Settings, control: Control) -> Settings:
    """A site behind one proxy, with a store outside the test's transaction."""
    settings.DASHBOARDS = MEMORY
    settings.MIDDLEWARE = ["django_grip.GripMiddleware", *settings.MIDDLEWARE]
    settings.GRIP_PROXIES = [
        {
            "control_uri": f"http://127.0.0.1:{control.server_port}",
            "control_iss": "us",
            "key": KEY,
            "verify_iss": "pushpin",
        }
    ]
    return settings


def sign(key: Any = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode(
        {"iss": "pushpin", "exp": time.time() + 60, **claims}, key, algorithm=algorithm
    )


def ask(client: Client, path: str = STREAM, **headers: str) -> HttpResponse:
    """Request a stream as the proxy forwards it."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.get(path, headers={"Grip-Sig": sign(), **names})
    assert isinstance(response, HttpResponse)
    return response


def ask_next(
    client: Client, response: HttpResponse, path: str = STREAM, **last: str | Position
) -> HttpResponse:
    """Request the link as the proxy does, with the positions that it was given."""
    link = response["Grip-Link"]
    assert link.startswith("<?")
    for channel in response["Grip-Channel"].split(", "):
        name, _, position = channel.partition("; prev-id=")
        if "dashboards:access:" in name:
            continue
        kind = "ticket" if name.endswith("dashboards:ticket:") else "news"
        last.setdefault(kind, position)
        if last[kind]:
            last[kind] = f"{name}; last-id={last[kind]}"
    path += link[1 : link.index(">")]
    return ask(client, path, Grip_Last=",".join(str(each) for each in last.values() if each))


def is_ended(response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and response["Content-Type"] == "text/event-stream"
        and "Grip-Hold" not in response
        and not response.content
    )


# ---- Answers of the view ----


def test_proxied_request_gets_grip_headers(proxied: Settings, client: Client):
    head = get_store().put(CHANNEL, {"number": "shown"})
    response = ask(client, f"{STREAM}?position={head.epoch}.0&name=kept")
    assert b"retry: 500" in response.content
    assert b"data: shown" in response.content
    assert response["Grip-Hold"] == "stream"
    position = get_store().heads([CHANNEL])[CHANNEL]
    channels = response["Grip-Channel"].split(", ")
    assert channels[0] == f"dashboards:{CHANNEL}; prev-id={position}"
    assert response["Grip-Keep-Alive"] == (
        r"event: dashboards:heartbeat\ndata: \n\n; format=cstring; timeout=10"
    )
    assert 1 <= int(response["Grip-Link"].split("timeout=")[1]) <= 10
    assert "<?name=kept&next=1>" in response["Grip-Link"], "permissions may read it"
    news = ask_next(client, response, STREAM)
    assert "retry" not in news.content.decode()
    assert 8 <= int(news["Grip-Link"].split("timeout=")[1]) <= 10
    assert response["Content-Encoding"] == "identity"


def test_streams_opened_together_get_spread_link_timeouts(proxied: Settings, client: Client):
    """A stream gets no updates while Pushpin requests its link. With equal timeouts a thousand
    streams were without updates for seconds at the same time."""
    pauses = [int(ask(client)["Grip-Link"].split("timeout=")[1]) for _ in range(60)]
    assert min(pauses) < 4
    assert max(pauses) > 7


def test_channel_without_puts_has_no_position(proxied: Settings, client: Client):
    response = ask(client, "/site/quiet/@stream/")
    assert response["Grip-Channel"].startswith(
        "dashboards:site.quiet, dashboards:access:dashboard%3Asite.quiet, dashboards:ticket:; "
    )


def test_grip_prefix_separates_sites(proxied: Settings, client: Client, control: Control):
    proxied.GRIP_PREFIX = "ours-"
    head = get_store().put("site.quiet", {"silence": "one"})
    response = ask(client, "/site/quiet/@stream/")
    assert response["Grip-Channel"].startswith(f"ours-dashboards:site.quiet; prev-id={head}, ours-")
    get_store().put("site.quiet", {"silence": "two"})
    wait_for(lambda: "two" in control.contents("ours-dashboards:site.quiet"))
    news = ask_next(client, response, "/site/quiet/@stream/")
    assert b"two" in news.content
    assert b"one" not in news.content


def test_next_answer_has_missed_frames_only(proxied: Settings, client: Client):
    response = ask(client)
    seen = get_store().put(CHANNEL, {"number": "seen"})
    get_store().put(CHANNEL, {"note": "missed"})
    news = ask_next(client, response, news=seen)
    assert b"missed" in news.content
    assert b"seen" not in news.content
    assert b"retry:" not in news.content
    assert news["Grip-Hold"] == "stream"


def test_streams_of_one_path_share_link_but_no_ticket(proxied: Settings, client: Client):
    """Regression: streams stopped for good after a shared request failed, because Pushpin lost the
    list of streams that waited for it. It shares requests of equal path and ``Grip-Last``, and
    requests distinct links one after the other. So the link is equal and the ticket is not."""
    answers = [ask(client, f"{STREAM}?position=e.{number}") for number in range(20)]
    assert len({re.sub("; timeout.*", "", each["Grip-Link"]) for each in answers}) == 1
    assert len({each["Grip-Channel"] for each in answers}) == 20


def test_store_restored_from_backup_ends_stream(proxied: Settings, client: Client):
    head = get_store().put(CHANNEL, {"number": "restored"})
    response = ask(client)
    assert is_ended(ask_next(client, response, news=f"{head.epoch}.{head.version + 50}"))
    assert b"restored" in ask(client, STREAM, Last_Event_ID=f"{head.epoch}.50").content


@pytest.mark.parametrize(
    "last", ["", ";", "=,;last-id", "x; last-id=%00", 'a; last-id="', "\xff" * 9, ",,,;;;==="]
)
def test_invalid_grip_last_is_ignored(proxied: Settings, client: Client, last: str):
    get_store().put(CHANNEL, {"number": "all"})
    response = ask(client)
    assert is_ended(ask(client, f"{STREAM}?next=1", Grip_Last=last))
    assert b"all" in ask_next(client, response, news=last.replace(",", "")).content


def test_proxied_request_with_hold_0_gets_finite_answer(proxied: Settings, client: Client):
    response = ask(client, f"{STREAM}?hold=0")
    assert b"retry: 1000" in response.content
    assert "Grip-Hold" not in response


def test_dashboard_without_live_components_answers_204(proxied: Settings, client: Client):
    assert ask(client, "/site/hostile/@stream/").status_code == 200
    assert ask(client, "/site/pie/@stream/").status_code == 204
    assert is_ended(present(client, ticket("/site/pie/@stream/"), "/site/pie/@stream/"))


# ---- Tickets ----


def ticket(path: str = STREAM, salt: str = "dashboards.live.grip", **changes: Any) -> str:
    fields = {
        "address": f"{path}?next=1",
        "user": "",
        "subjects": [],
        "access": "",
        "ends": time.time() + 60,
        "nonce": "",
    }
    signer = signing.Signer(salt=salt, sep=".")
    return signer.sign_object(list({**fields, **changes}.values()))


def present(client: Client, text: str, path: str = STREAM) -> HttpResponse:
    """Request the link with a ticket, as the proxy does."""
    return ask(client, f"{path}?next=1", Grip_Last=f"dashboards:ticket:; last-id={text}")


TICKETS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "garbage": lambda: "garbage",
    "three parts": lambda: "a.b.c",
    "nul": lambda: "%00",
    "cut": lambda: ticket()[:-1],
    "another path": lambda: ticket(STAFF),
    "of age": lambda: ticket(ends=time.time() - 1),
    "no number": lambda: ticket(user="no number"),
    "nobody": lambda: ticket(user="4711"),
    "no time": lambda: ticket(ends="soon"),
    "no text": lambda: ticket(user=["7"]),
    "too much": lambda: ticket(more=1),
    "no list": lambda: signing.Signer(salt="dashboards.live.grip", sep=".").sign_object(7),
    "another salt": lambda: ticket(salt="another"),
}


@pytest.mark.parametrize("name", TICKETS)
def test_invalid_ticket_ends_stream(proxied: Settings, client: Client, name: str):
    assert is_ended(present(client, TICKETS[name]()))


def test_ticket_without_proxy_signature_is_ignored(proxied: Settings, client: Client):
    user = get_user_model().objects.create(username="admin", is_staff=True)
    last = f"dashboards:ticket:; last-id={ticket(STAFF, user=str(user.pk))}"
    assert present(client, ticket(STAFF, user=str(user.pk)), STAFF)["Grip-Hold"] == "stream"
    response = client.get(f"{STAFF}?next=1", headers={"Grip-Last": last})
    assert response.status_code == 403


def test_valid_ticket_authenticates_user(proxied: Settings, client: Client):
    user = get_user_model().objects.create(username="admin", is_staff=True)
    client.force_login(user)
    response = ask(client, STAFF)
    channels = response["Grip-Channel"].split(", ")
    assert channels[1:3] == [f"dashboards:access:user%3A{user.pk}", "dashboards:access:*"]
    # The proxy's own request has no cookies of the client.
    client.logout()
    get_store().put(REVOCATIONS, {user_subject(4711): ""})
    again = ask_next(client, response, STAFF)
    assert again["Grip-Hold"] == "stream"
    assert ask_next(client, again, STAFF)["Grip-Hold"] == "stream"


@pytest.mark.parametrize("is_next", [False, True])
def test_access_revoked_during_request_shows_no_later_value(
    proxied: Settings, client: Client, monkeypatch: pytest.MonkeyPatch, is_next: bool
):
    """Regression: a server was suspended between its check of access and its read of values. The
    user lost access meanwhile, and the answer had a value that was pushed later."""
    user = get_user_model().objects.create(username="admin", is_staff=True)
    client.force_login(user)
    push(Staff, "secret", "before")
    response = ask(client, STAFF)
    assert "before" in response.content.decode()
    is_allowed = Staff.has_permission

    def check_and_stop(self: Staff, request: HttpRequest) -> bool:
        allowed = is_allowed(self, request)
        get_store().put(REVOCATIONS, {user_subject(user.pk): ""})
        push(Staff, "secret", "after")
        return allowed

    monkeypatch.setattr(Staff, "has_permission", check_and_stop)
    response = ask_next(client, response, STAFF) if is_next else ask(client, STAFF)
    assert "Grip-Hold" not in response
    assert "secret" not in response.content.decode()
    assert response.status_code == 200


@pytest.mark.parametrize(
    "change", ["logout", "everybody", "forgotten", "inactive", "gone", "staff"]
)
def test_ticket_of_user_without_access_ends_stream(proxied: Settings, client: Client, change: str):
    user = get_user_model().objects.create(username="admin", is_staff=True)
    get_store().put(REVOCATIONS, {user_subject(user.pk): "long ago"})
    client.force_login(user)
    response = ask(client, STAFF)
    if change == "logout":
        get_store().put(REVOCATIONS, {user_subject(user.pk): ""})
    elif change == "everybody":
        get_store().put(REVOCATIONS, {"*": ""})
    elif change == "forgotten":
        get_store()._channels.clear()  # type: ignore[attr-defined]
    elif change == "gone":
        user.delete()
    else:
        get_user_model().objects.update(
            **{f"is_{change}": False} if change == "staff" else {"is_active": False}
        )
    assert is_ended(ask_next(Client(), response, STAFF))


def test_stream_ends_at_max_age(proxied: Settings, client: Client):
    proxied.DASHBOARDS = {**MEMORY, "STREAM_MAX_AGE_SECONDS": 1}
    response = ask(client)
    assert int(response["Grip-Link"].split("timeout=")[1]) == 1, "soon enough to end in time"
    wait_for(lambda: is_ended(ask_next(client, response)))


def test_ticket_accepted_under_login_required_middleware(proxied: Settings, client: Client):
    """Regression: LoginRequiredMiddleware refused the proxy's own requests, and streams got no
    updates for half a minute."""
    proxied.MIDDLEWARE = [
        *proxied.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert ask(client).status_code == 403
    assert client.get(STREAM).status_code == 403
    assert is_ended(present(client, "garbage"))
    client.force_login(get_user_model().objects.create(username="somebody"))
    response = ask(client)
    assert response["Grip-Hold"] == "stream"
    client.logout()
    assert ask_next(client, response)["Grip-Hold"] == "stream"


# ---- Signatures of the proxy ----


SIGNATURES: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "garbage": lambda: "garbage",
    "another key": lambda: sign("another key that is as long as it has to be"),
    "expired": lambda: sign(exp=time.time() - 1),
    "another issuer": lambda: sign(iss="another"),
    "none": lambda: sign(None, "none"),
    "for ever": lambda: jwt.encode({"iss": "pushpin"}, KEY, algorithm="HS256"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_invalid_grip_sig_is_not_a_proxy(proxied: Settings, client: Client, name: str):
    response = client.get(STREAM, headers={"Grip-Sig": SIGNATURES[name]()})
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("Grip-")]


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_fastly_settings_verify_and_publish(proxied: Settings, client: Client, control: Control):
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    proxied.GRIP_PROXIES = []
    proxied.GRIP_URL = (
        f"http://127.0.0.1:{control.server_port}/service/ID?verify-iss=fastly:ID&key=TOKEN"
    )
    proxied.GRIP_VERIFY_KEY = public.decode()
    good = sign(key, "ES256", iss="fastly:ID")
    assert client.get(STREAM, headers={"Grip-Sig": good})["Grip-Hold"] == "stream"
    for bad in (
        sign(key, "ES256", iss="fastly:ANOTHER"),
        sign(ec.generate_private_key(ec.SECP256R1()), "ES256", iss="fastly:ID"),
        # A public value is not a key.
        sign("TOKEN", iss="fastly:ID"),
    ):
        assert "Grip-Hold" not in client.get(STREAM, headers={"Grip-Sig": bad})
    get_store().put(CHANNEL, {"number": "through Fastly"})
    wait_for(lambda: "through Fastly" in control.contents())
    assert control.requests[-1] == ("/service/ID/publish/", "Bearer TOKEN")


# ---- Publishes ----


def test_put_published_with_previous_version(proxied: Settings, control: Control):
    first = get_store().put(CHANNEL, {"number": "one"})
    wait_for(lambda: "one" in control.contents())
    second = get_store().put(CHANNEL, {"number": "two", "note": "with it"})
    wait_for(lambda: "two" in control.contents())
    item = control.items[-1]
    assert (item["id"], item["prev-id"]) == (str(second), str(first))
    content = item["formats"]["http-stream"]["content"]
    assert content == (
        f"event: note\nversion: {second}\ndata: with it\n\n"
        f"event: number\nid: {second}\nversion: {second}\ndata: two\n\n"
    )
    claim = jwt.decode(
        (control.requests[-1][1] or "").removeprefix("Bearer "), KEY, algorithms=["HS256"]
    )
    assert claim["iss"] == "us"


def test_puts_during_proxy_failure_published_together(proxied: Settings, control: Control):
    control.status = 503
    first = get_store().put(CHANNEL, {"number": "0"})
    wait_for(lambda: control.requests)
    last = first
    for number in range(1, 200):
        last = get_store().put(CHANNEL, {"number": str(number)})
    control.status = 200
    wait_for(lambda: "199" in control.contents())
    published = [item for item in control.items if item["channel"].endswith(CHANNEL)]
    assert len(published) <= 3
    assert published[-1]["id"] == str(last)
    assert last.version == first.version + 199


def test_puts_of_other_process_not_published_twice(proxied: Settings, control: Control):
    store = get_store()
    frames = {"number": "mine"}
    first = store.put(CHANNEL, frames)
    wait_for(lambda: control.items)
    behind_memory = publisher._publishers
    # A put of another process, of which this one publishes nothing.
    publisher._publishers = []
    store.put(CHANNEL, {"note": "theirs"})
    publisher._publishers = behind_memory
    third = store.put(CHANNEL, {"number": "mine again"})
    wait_for(lambda: "mine again" in control.contents())
    assert "theirs" not in control.contents()
    assert control.items[-1]["prev-id"] == f"{first.epoch}.{third.version - 1}"


def test_superseded_version_published_empty(proxied: Settings, control: Control):
    store = get_store()
    control.status = 503
    first = store.put(CHANNEL, {"number": "superseded"})
    wait_for(lambda: control.requests)
    publishers, publisher._publishers = publisher._publishers, []
    store.put(CHANNEL, {"number": "newer, by somebody else"})
    publisher._publishers = publishers
    control.status = 200
    wait_for(lambda: control.items)
    [item] = control.items
    assert item["formats"]["http-stream"]["content"] == ":\n\n"
    assert (item["id"], item["prev-id"]) == (str(first), f"{first.epoch}.0")


def test_frame_too_large_for_proxy_published_as_grip_hint(proxied: Settings, control: Control):
    get_store().put(CHANNEL, {"number": "x" * 1_100_000})
    wait_for(lambda: control.items)
    assert control.items[0]["formats"]["http-stream"] == {"action": "hint"}


@pytest.mark.django_db(transaction=True)
def test_restricted_refresh_marker_published_as_grip_hint(
    proxied: Settings, client: Client, control: Control
):
    """A proxy has one channel for all streams of a dashboard, so all of them got the marker. Now
    the proxy gets a GRIP hint: it requests each stream's link, and each answer depends on its
    user."""
    path = "/site/mixed/@stream/"
    client.force_login(get_user_model().objects.create_user("staff", is_staff=True))
    anonymous, staff = ask(Client(), path), ask(client, path)
    push(Mixed, secret="classified", open="for all")
    channel = f"dashboards:{Mixed().channel}"
    wait_for(lambda: channel in [each["channel"] for each in control.items])

    items = [each["formats"]["http-stream"] for each in control.items if each["channel"] == channel]
    assert all(each == {"action": "hint"} for each in items)
    answers = [ask_next(*each, path).content for each in ((Client(), anonymous), (client, staff))]
    assert [set(re.findall(b"event: (open|@)", each)) for each in answers] == [
        {b"open"},
        {b"open", b"@"},
    ]


def test_announcements_out_of_order_publish_all_puts(control: Control, proxied: Settings):
    store = get_store()
    announcer = publisher.Publisher(HttpClient(configured()[0]), "here")
    publishers, publisher._publishers = publisher._publishers, []
    positions = [store.put(CHANNEL, {f"key{number}": str(number)}) for number in range(4)]
    publisher._publishers = publishers
    with announcer._changed:
        for number in (1, 0, 3, 2):
            announcer.announce(CHANNEL, positions[number])
    announcer.close(5)
    reached = Position(positions[0].epoch, 0)
    for item in control.items:
        assert item["prev-id"] == str(reached)
        parsed = Position.parse(item["id"])
        assert parsed
        reached = parsed
    assert reached == positions[-1]
    assert all(f"data: {number}\n" in control.contents() for number in range(4))


def test_version_announced_where_no_thread_can_be_started_is_published_with_the_next(
    control: Control, proxied: Settings, monkeypatch: pytest.MonkeyPatch
):
    """Regression: if the system allowed no more threads at the first push, the process published
    nothing from then on."""
    store = get_store()
    told = publisher.Publisher(HttpClient(configured()[0]), "here")
    publishers, publisher._publishers = publisher._publishers, []
    positions = [store.put(CHANNEL, {f"key{number}": str(number)}) for number in range(2)]
    publisher._publishers = publishers
    with monkeypatch.context() as patched:
        patched.setattr(publisher, "start", lambda thread: False)
        told.announce(CHANNEL, positions[0])
    told.announce(CHANNEL, positions[1])
    told.close(5)
    assert all(f"data: {number}\n" in control.contents() for number in range(2))


def test_revocation_published_before_update(proxied: Settings, control: Control):
    store = get_store()
    store.put(CHANNEL, {"number": "before"})
    wait_for(lambda: "before" in control.contents())
    publishers, publisher._publishers = publisher._publishers, []
    # In another process, which is killed before it publishes.
    store.put(REVOCATIONS, {user_subject(7): ""})
    publisher._publishers = publishers
    store.put(CHANNEL, {"number": "after"})
    wait_for(lambda: "after" in control.contents())
    look, news = control.items[-2:]
    assert look["channel"] == "dashboards:access:user%3A7"
    assert look["formats"]["http-stream"] == {"action": "hint"}
    assert news["id"]
    # An answer from before the revocation may reach the proxy a moment later.
    store.put(CHANNEL, {"number": "shortly afterwards"})
    wait_for(lambda: "shortly afterwards" in control.contents())
    assert control.items[-2]["channel"] == "dashboards:access:user%3A7"


def test_revocation_repeated_while_old_answers_may_arrive(
    proxied: Settings, control: Control, monkeypatch: pytest.MonkeyPatch
):
    """Regression: a stream was opened just before its user lost access, by a server that was then
    suspended. Its answer reached Pushpin more than three seconds later, and the stream got the next
    update."""
    seconds = 0.0
    now = time.monotonic
    clock = SimpleNamespace(time=time.time, monotonic=lambda: now() + seconds)
    monkeypatch.setattr(recent_revocations, "time", clock)
    store = get_store()
    store.put(REVOCATIONS, {user_subject(7): "", "object:5b2": ""})
    wait_for(lambda: len(control.items) == 2)
    channels = []
    for seconds in (0.0, 10.0, 20.0):
        control.items.clear()
        store.put(CHANNEL, {"number": f"after {seconds} s"})
        wait_for(lambda text=f"after {seconds} s": text in control.contents())  # type: ignore[misc]
        channels.append([item["channel"] for item in control.items if "id" not in item])
    user, thing = "dashboards:access:user%3A7", "dashboards:access:object%3A5b2"
    assert [sorted(each) for each in channels] == [[thing, user], [user], []]


def test_revocation_of_all_users_published_at_most_once_a_second(
    proxied: Settings, control: Control
):
    store = get_store()
    store.put(REVOCATIONS, {ALL_USERS: "", user_subject(7): ""})
    for number in range(5):
        store.put(CHANNEL, {"number": f"number {number}"})
        wait_for(lambda text=f"number {number}": text in control.contents())  # type: ignore[misc]
    looks = [item["channel"] for item in control.items if "id" not in item]
    assert looks == ["dashboards:access:*"]


def test_revocation_failed_is_published_again(proxied: Settings, control: Control):
    control.status = 500
    get_store().put(REVOCATIONS, {user_subject(7): ""})
    wait_for(lambda: len(control.requests) > 1)
    control.status = 200
    wait_for(lambda: control.items)
    assert control.items[0]["channel"] == "dashboards:access:user%3A7"


def test_topic_not_published(proxied: Settings, control: Control):
    get_store().put("changes:auth.user", {})
    get_store().put(CHANNEL, {"number": "published"})
    wait_for(lambda: control.items)
    assert {item["channel"] for item in control.items} == {f"dashboards:{CHANNEL}"}


def test_pending_publishes_are_bounded(proxied: Settings):
    announcer = publisher.Publisher(HttpClient(configured()[0]), "here")
    for number in range(3000):
        announcer._add(f"channel{number}", Position("e", 1))
        announcer._add("channel2999", Position("e", 2 * number))
    assert len(announcer._pending) <= 1000
    assert len(announcer._pending["channel2999"]) <= 16


def test_push_without_proxy_starts_no_publisher(settings: Settings):
    settings.DASHBOARDS = MEMORY
    publisher._forget()
    push(Live, "number", "not published")
    assert publisher._publishers is None


def test_publish_refused_is_logged_once(
    proxied: Settings, control: Control, caplog: pytest.LogCaptureFixture
):
    before = get_metrics()
    control.status = 403
    get_store().put(CHANNEL, {"number": "refused"})
    wait_for(lambda: len(control.requests) > 2)
    control.status = 200
    get_store().put(CHANNEL, {"number": "taken"})
    wait_for(lambda: "taken" in control.contents())
    wait_for(lambda: "proxy_recovered" in [getattr(each, "event", "") for each in caplog.records])
    [failed] = [
        each for each in caplog.records if getattr(each, "event", "") == "proxy_unavailable"
    ]
    message = failed.getMessage()
    assert "cannot be published to the GRIP proxy at " in message
    assert (
        "It is tried again until it works; meanwhile its streams request updates themselves"
        in message
    )
    # One line: the library's chained tracebacks were ninety.
    assert "\n" not in message
    assert failed.exc_info is None
    now = get_metrics()
    assert now["publish_failures"] - before["publish_failures"] >= 2
    assert now["published"] - before["published"] >= 1


def _is_published(control: Control, text: str) -> bool:
    return text in control.contents()


def test_unreadable_channel_does_not_stop_other_publishes(
    proxied: Settings,
    control: Control,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: one row that could not be read stopped every publish of its process for good, and
    the log blamed the proxy. Now streams of that channel get a GRIP hint."""
    store = get_store()
    since = store.since

    def refuse_one(channel: str, position: Any) -> Any:
        if channel == "site.damaged":
            raise ValueError
        return since(channel, position)

    monkeypatch.setattr(store, "since", refuse_one)
    for number in range(3):
        store.put("site.damaged", {"number": str(number)})
        store.put(CHANNEL, {"number": f"published {number}"})
        wait_for(partial(_is_published, control, f"published {number}"))
    assert "proxy_unavailable" not in [getattr(each, "event", "") for each in caplog.records]
    assert [getattr(each, "event", "") for each in caplog.records].count("frame_unreadable") == 1


def test_proxied_stream_gets_503_with_retry_after_while_store_is_down(
    proxied: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
):
    """Regression: each request, of the client or the proxy, was a 500 with a traceback. The next
    request after the outage is answered."""
    store = get_store()
    store.put(CHANNEL, {"number": "stored"})
    response = ask(client)

    def fail(*args: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as down:
        down.setattr(store, "since", fail)
        down.setattr(store, "heads", fail)
        for answer in (ask(client), ask_next(client, response)):
            assert answer.status_code == 503
            assert 1 <= int(answer["Retry-After"]) <= 5
    store.outage.end()
    assert b"stored" in ask(client).content
    assert ask_next(client, response).status_code == 200


def test_store_failure_not_logged_as_proxy_failure(
    proxied: Settings,
    control: Control,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: a store that did not answer was logged as a failure of the proxy. The update is
    published once the store is back."""
    store = get_store()

    def fail(channel: str, position: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as down:
        down.setattr(store, "since", fail)
        store.put(CHANNEL, {"number": "put in the dark"})
        wait_for(lambda: caplog.records)
    wait_for(lambda: "put in the dark" in control.contents())
    wait_for(lambda: len(caplog.records) == 2)
    assert [getattr(each, "event", "") for each in caplog.records] == [
        "store_unavailable",
        "store_recovered",
    ]


def test_http_client_without_proxy_raises_value_error(proxied: Settings):
    dead = HttpClient({"control_uri": f"http://127.0.0.1:{free_port()}", "key": b"token"})
    with pytest.raises(ValueError, match="failed during http call"):
        dead.publish([Message("channel", "content")])
    dead.close()
