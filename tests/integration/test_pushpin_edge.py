"""Streams through a real Pushpin behave like those of LiveStreamMiddleware."""

import json
import re
import resource
import selectors
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from deploy.pushpin import Ports, Pushpin, pushpin
from tests.harness import ROOT, Site, Stream, free_port, wait_for

KEY = "as-long-as-the-standard-wants-a-key-to-be"
LIVE, QUIET, STAFF = (f"/site/{name}/@stream/" for name in ("live", "quiet", "staff"))
POLL_SECONDS = 3


def grip_settings(ports: Ports, *, zmq: bool) -> str:
    entry = {
        "control_uri": f"http://127.0.0.1:{ports.control}",
        "key": KEY,
        "verify_iss": "pushpin",
    }
    if zmq:
        entry["control_zmq_uri"] = f"tcp://127.0.0.1:{ports.command}"
    return json.dumps({"GRIP_PROXIES": [entry]})


class Proxied:
    """A site and the Pushpin before it."""

    def __init__(self, site: Site, proxy: Pushpin) -> None:
        self.site = site
        self.proxy = proxy
        self._stack = ExitStack()

    def open(self, path: str = LIVE, *, timeout: float = 15, **headers: str) -> Stream:
        return Stream(self.proxy.ports.http, path, timeout=timeout, **headers)

    def pusher(self, *, zmq: bool = True, tells: bool = True) -> Site:
        """Return another process of the site, which publishes to the proxy or does not."""
        pusher = self.site.twin()
        pusher.environment = dict(self.site.environment)
        pusher.process = None
        pusher._pushers = []
        if tells:
            pusher.environment["TEST_GRIP"] = grip_settings(self.proxy.ports, zmq=zmq)
        else:
            del pusher.environment["TEST_GRIP"]
        self._stack.callback(pusher.stop)
        return pusher

    def wait_until_ready(self) -> None:
        """Wait until Pushpin and its zurl have found each other, a moment after their start.

        What is asked before is lost, and would be waited for in vain.
        """

        def answers() -> bool:
            try:
                with self.open(QUIET, timeout=2) as stream:
                    return stream.response.status == 200
            except OSError:
                return False

        wait_for(answers, seconds=20)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    ports = Ports(*(free_port() for _ in range(5)))
    site = Site(
        tmp_path_factory.mktemp("site"),
        TEST_GRIP=grip_settings(ports, zmq=True),
        TEST_GRIP_POLL=str(POLL_SECONDS),
    )
    site.start()
    try:
        with pushpin(site.port, ports, key=KEY, options={"message_wait": "500"}) as proxy:
            proxied = Proxied(site, proxy)
            proxied.wait_until_ready()
            yield proxied
            proxied.close()
    finally:
        site.stop()


@pytest.fixture(scope="module")
def quiet_pusher(running: Proxied) -> Site:
    """Pushes without publishing to the proxy: each of its publishes is lost."""
    return running.pusher(tells=False)


@pytest.fixture(scope="module")
def pusher(running: Proxied) -> Site:
    """Pushes, and publishes to the proxy by ZMQ."""
    return running.pusher()


@pytest.fixture(scope="module", params=["http", "zmq"])
def either_pusher(running: Proxied, pusher: Site, request: pytest.FixtureRequest) -> Site:
    return pusher if request.param == "zmq" else running.pusher(zmq=False)


@pytest.fixture
def proxied(running: Proxied, pusher: Site) -> Proxied:
    # Started before the test: its start takes long, and its first publish repairs earlier losses.
    pusher.push(number="ready")
    return running


def version_at(stream: Stream, event: dict[str, str]) -> int:
    return int(stream.position(event).split(".")[1])


# ---- News ----


def test_push_from_other_process_reaches_proxied_stream(proxied: Proxied, either_pusher: Site):
    with proxied.open(Accept_Encoding="gzip") as stream:
        assert stream.response.getheader("Content-Type") == "text/event-stream"
        assert stream.response.getheader("Content-Encoding") is None
        assert not [name for name, _ in stream.response.getheaders() if name.startswith("Grip")]
        either_pusher.push(number="first")
        first = stream.until("first")
        shown = version_at(stream, first)
        times = either_pusher.push(number="second", note="with it" + "x" * 5000)
        second = [stream.until("with it"), stream.until("second")]
        assert time.time() - times["ended"] < 1, "by a publish, not by the poll"
        assert first["event"] == second[1]["event"] == "number"
        assert "id" not in second[0], "a batch cut short must be sent again as a whole"
        assert version_at(stream, second[1]) > shown


def test_pushed_points_are_appended(proxied: Proxied, either_pusher: Site):
    path = "/site/series/@stream/"
    either_pusher.push_to("Series", pushed={"x": 0, "y": 0})
    with proxied.open(path) as stream:
        either_pusher.push_to("Series", pushed=[{"x": 1, "y": 11}])
        event = stream.until("11")
        while event["event"] != "pushed:append":
            event = stream.until("11")
        assert re.findall(r'data-dashboards-point="(\d+)"', event["data"])


def test_direct_stream_equals_proxied_stream(proxied: Proxied, pusher: Site):
    with proxied.open() as through, proxied.site.open_stream() as direct:
        pusher.push(number="to both")
        events = [stream.until("to both") for stream in (through, direct)]
        for each in events:
            each.pop("release", None)  # In the first event of a stream, which may be this one.
        assert events[0] == events[1]


def test_concurrent_pushes_of_two_processes_all_arrive(proxied: Proxied):
    pushers = [proxied.pusher(), proxied.pusher(zmq=False)]
    for each in pushers:
        each.push(dial=1)
    with proxied.open() as stream:
        for number in range(30):
            pushers[0].push(number=f"number {number}")
            pushers[1].push(note=f"note {number}")
        seen: list[int] = []
        missing = {"number 29", "note 29"}
        while missing:
            event = stream.event()
            missing -= {each for each in missing if each in event["data"]}
            if "id" in event:
                seen.append(int(event["id"].split(".")[1]))
        assert seen == sorted(seen)
    for each in pushers:
        each.stop()


def test_user_audience_receives_own_channel(running: Proxied):
    path = "/site/mine/@stream/"
    with (
        running.open(path, Cookie=log_in(running, "one")) as one,
        running.open(path, Cookie=log_in(running, "other")) as other,
    ):
        for name in ("one", "other"):
            # A process that pushes once and ends, like a cron job.
            running.site.run(
                "shell",
                "-v0",
                "-c",
                "from django.contrib.auth.models import User; from dashboards.live import push;"
                "from tests.site.dashboards import Mine;"
                f"push(Mine(user=User.objects.get(username='{name}')), 'note', 'for {name}')",
            )
        started = time.time()
        assert "for one" in one.until("for ")["data"]
        assert "for other" in other.until("for ")["data"]
        assert time.time() - started < 1, "published before the process ended"


def test_live_command_computes_values_for_proxied_streams(running: Proxied):
    computer = running.site.python("django", "live", "site_live", stdout=subprocess.DEVNULL)
    try:
        with running.open() as stream:
            while f">{computer.pid}/" not in stream.until("/")["data"]:
                pass
            # One after the other, each published at once.
            stream.until(f">{computer.pid}/")
    finally:
        computer.terminate()
        computer.wait(60)


# ---- Positions ----


def test_reconnect_gets_missed_frames_only(proxied: Proxied, pusher: Site):
    with proxied.open() as stream:
        pusher.push(note="known", number="known too")
        position = stream.position(stream.until("known too"))
    pusher.push(number="missed")
    with proxied.open(Last_Event_ID=position) as stream:
        seen = [stream.event()["data"]]
        while "missed" not in seen[-1]:
            seen.append(stream.event()["data"])
    assert "known" not in "".join(seen)


@pytest.mark.parametrize("position", ["", "nobody.7", "%00", "future"])
def test_unknown_position_gets_whole_state(proxied: Proxied, pusher: Site, position: str):
    pusher.push(number="all", note="of it")
    if position == "future":
        with proxied.open() as stream:
            epoch, at = stream.position(stream.until("all")).split(".")
            position = f"{epoch}.{int(at) + 1000}"
    with proxied.open(f"{LIVE}?position={position}") as stream:
        stream.until("all")
    with proxied.open(f"{LIVE}?position={position}") as stream:
        stream.until("of it")
        pusher.push(number="next")
        stream.until("next")


def test_rows_deleted_start_new_epoch_on_open_stream(proxied: Proxied, pusher: Site):
    with proxied.open() as stream:
        pusher.push(number="before")
        before = stream.position(stream.until("before"))
        proxied.site.empty("dashboards")
        pusher.push(number="after")
        after = stream.position(stream.until("after"))
        assert before.split(".")[0] != after.split(".")[0]


# ---- Publishes that go wrong ----


def test_lost_publish_recovered_at_next_publish(
    proxied: Proxied, either_pusher: Site, quiet_pusher: Site
):
    with proxied.open() as stream:
        either_pusher.push(number="seen")
        stream.until("seen")
        quiet_pusher.push(note="lost")
        either_pusher.push(number="published")
        texts = [stream.until("lost")["data"]]
        assert "published" not in texts[0]
        stream.until("published")


def test_lost_publish_recovered_by_link_request(proxied: Proxied, quiet_pusher: Site):
    with proxied.open(QUIET) as stream:
        quiet_pusher.push_to("Quiet", silence="lost, and nothing follows")
        stream.until("nothing follows")


def test_late_publish_does_not_restore_older_value(proxied: Proxied, quiet_pusher: Site):
    with proxied.open(QUIET) as stream:
        for number in range(4):
            quiet_pusher.push_to("Quiet", silence=f"version {number}")
        epoch, at = stream.until("version 3")["id"].split(".")
        seen = [int(at)]
        for number in range(4, 7):
            quiet_pusher.push_to("Quiet", silence=f"version {number}")
        for late in (3, 2, 1):
            publish(
                proxied,
                "site.quiet",
                f"event: silence\nid: {epoch}.{int(at) + late}\ndata: version {late + 3}\n\n",
                f"{epoch}.{int(at) + late}",
                f"{epoch}.{int(at) + late - 1}",
            )
        quiet_pusher.push_to("Quiet", silence="the last")
        while seen[-1] < int(at) + 4:
            seen.append(version_at(stream, stream.event()))
        assert seen == sorted(set(seen))


def publish(proxied: Proxied, channel: str, content: str, id_: str, previous: str) -> None:
    item = {
        "channel": f"dashboards:{channel}",
        "id": id_,
        "prev-id": previous,
        "formats": {"http-stream": {"content": content}},
    }
    request = urllib.request.Request(
        f"{proxied.proxy.control_url}/publish/",
        json.dumps({"items": [item]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def test_pushpin_restart_resumes_streams(proxied: Proxied, pusher: Site):
    with proxied.open() as stream:
        pusher.push(number="before")
        position = stream.position(stream.until("before"))
        proxied.proxy.kill()
    times = pusher.push(number="while it was dead")
    assert times["ended"] - times["started"] < 2, "nobody waits for a dead proxy"
    proxied.proxy.start()
    proxied.wait_until_ready()
    with proxied.open(Last_Event_ID=position) as stream:
        stream.until("while it was dead")
        pusher.push(number="after")
        stream.until("after")


def test_backend_restart_resumes_streams(proxied: Proxied, pusher: Site):
    with proxied.open(QUIET) as stream:
        try:
            pusher.push_to("Quiet", silence="before")
            position = stream.position(stream.until("before"))
            proxied.site.kill()
            pusher.push_to("Quiet", silence="while nobody answers")
            # Unless the proxy was just requesting it: then the stream ends, and the client connects
            # again.
            seen = stream.event() or None
            assert seen is None or "while nobody answers" in seen["data"]
        finally:
            proxied.site.start()
    with proxied.open(QUIET, Last_Event_ID=position) as stream:
        stream.until("while nobody answers")
        pusher.push_to("Quiet", silence="after")
        stream.until("after")


# ---- Access ----


def log_in(proxied: Proxied, username: str) -> str:
    status, headers, _ = proxied.site.get(f"/login/{username}/")
    assert status == 200
    return headers["Set-Cookie"].split(";")[0]


def shows_until_its_end(stream: Stream) -> set[str]:
    """Return the values that a stream carries until it ends.

    Earlier values may be repeated, as Pushpin may repeat any event.
    """
    events = list(iter(stream.event, {}))
    values = (re.sub(r"<[^>]*>", "", each["data"]).strip() for each in events)
    return {value for value in values if value}


def test_logout_ends_proxied_streams_of_that_user(proxied: Proxied, either_pusher: Site):
    cookie = log_in(proxied, "admin")
    with proxied.open(STAFF, Cookie=cookie) as stream, proxied.open() as anonymous:
        either_pusher.push_to("Staff", secret="before")
        stream.until("before")
        started = time.monotonic()
        proxied.site.get("/logout/", Cookie=cookie)
        assert shows_until_its_end(stream) <= {"before"}
        assert time.monotonic() - started < 10  # Not at its age, 300 s.
        either_pusher.push_to("Staff", secret="after")
        either_pusher.push(number="for everybody")
        anonymous.until("for everybody")
    with proxied.open(STAFF, Cookie=cookie) as stream:
        assert stream.response.status == 403


def test_publishes_counted_in_metrics(proxied: Proxied, either_pusher: Site):
    """Publishes were counted nowhere. The metrics of the process count them, by ZMQ and HTTP."""
    with proxied.open() as stream:
        either_pusher.push(number="counted")
        stream.until("counted")
    either_pusher.execute(
        "from dashboards.live.metrics import get_metrics\n"
        "from tests.harness import wait_for\n"
        "wait_for(lambda: get_metrics()['published'] >= 1)"
    )


def test_restricted_refresh_marker_reaches_permitted_streams_only(proxied: Proxied, pusher: Site):
    """Behind Pushpin all streams of a dashboard get the same publishes, so all of them got the
    marker. Each stream now requests it, and later updates arrive in all of them."""
    cookie, path = log_in(proxied, "admin"), "/site/mixed/@stream/"
    with proxied.open(path) as anonymous, proxied.open(path, Cookie=cookie) as stream:
        pusher.push_to("Mixed", secret="classified")
        while not stream.event()["event"].startswith("@"):
            pass
        pusher.push_to("Mixed", open="for all")
        stream.until("for all")
        names = set()
        while event := anonymous.event():
            names.add(event["event"])
            if "for all" in event["data"]:
                break
    assert names - {"dashboards:heartbeat"} == {"open"}


@pytest.mark.parametrize("named", ["session=session", "dashboard=Staff"])
def test_session_or_dashboard_revoked_ends_proxied_streams(
    proxied: Proxied, pusher: Site, named: str
):
    # Regression: a deleted session was not noticed until the stream's maximum age, because
    # Pushpin's requests have no cookies of the client.
    cookie = log_in(proxied, "admin")
    key = cookie.partition("=")[2]
    with proxied.open(STAFF, Cookie=cookie) as stream, proxied.open() as anonymous:
        pusher.push_to("Staff", secret=f"before {named}")
        stream.until(f"before {named}")
        pusher.execute(
            "from dashboards.live import revoke\n"
            "from tests.site.dashboards import Staff\n"
            f"session = {key!r}\nrevoke({named})"
        )
        assert shows_until_its_end(stream) <= {f"before {named}"}
        pusher.push(number="for everybody")
        anonymous.until("for everybody")


def test_session_row_deleted_ends_proxied_streams(proxied: Proxied, pusher: Site):
    # As above, by Django's own signal in place of a call.
    cookie = log_in(proxied, "admin")
    with proxied.open(STAFF, Cookie=cookie) as stream:
        pusher.push_to("Staff", secret="before the deletion")
        stream.until("before the deletion")
        pusher.execute(
            "from django.contrib.sessions.models import Session\nSession.objects.all().delete()"
        )
        assert shows_until_its_end(stream) <= {"before the deletion"}
    with proxied.open(STAFF, Cookie=cookie) as stream:
        assert stream.response.status == 403


def test_lost_revocation_publish_shows_no_later_value(
    proxied: Proxied, pusher: Site, quiet_pusher: Site
):
    cookie = log_in(proxied, "admin")
    pusher.push_to("Staff", secret="long before")
    with proxied.open(STAFF, Cookie=cookie) as stream:
        pusher.push_to("Staff", secret="before")
        stream.until("before")
        quiet_pusher.run("shell", "-v0", "-c", CHANGE)
        pusher.push_to("Staff", secret="too late")
        while event := stream.event():
            assert "too late" not in event["data"]


CHANGE = (
    "from django.contrib.auth.models import User; u = User.objects.get(username='admin');u.save()"
)


def test_lost_revocation_publish_recovered_by_link_request(running: Proxied, quiet_pusher: Site):
    cookie = log_in(running, "admin")
    with running.open(STAFF, Cookie=cookie) as stream:
        quiet_pusher.run("shell", "-v0", "-c", CHANGE)
        while stream.event():
            pass


def test_signed_in_stream_survives_proxy_requests_without_cookie(running: Proxied, pusher: Site):
    """The stream stays open past several of the proxy's own requests, which have no cookie."""
    with running.open(STAFF, Cookie=log_in(running, "admin")) as stream:
        end = time.monotonic() + POLL_SECONDS + 1
        number = 0
        while time.monotonic() < end:
            number += 1
            pusher.push_to("Staff", secret=f"n{number}")
            stream.until(f"n{number}")
            time.sleep(0.2)


def test_forged_signature_gets_direct_stream(running: Proxied):
    with running.site.open_stream(Grip_Sig="forged") as stream:
        assert stream.response.getheader("Grip-Hold") is None
        assert stream.response.getheader("Content-Length") is None


# ---- A proxy that does not answer ----

PUSH_IN_A_SHELL = """
import time
from dashboards.live import push
from tests.site.dashboards import Live
began = time.monotonic()
for number in range(3):
    push(Live, "number", number)
print(time.monotonic() - began, flush=True)
"""


def push_once(site: Site) -> tuple[float, float]:
    """Return how long three pushes took in a process of their own, and its end after them."""
    with site.python(
        "django", "shell", "-v0", "-c", PUSH_IN_A_SHELL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        pushing = float(process.stdout.readline())
        pushed = time.monotonic()
        assert process.wait(20) == 0
        return pushing, time.monotonic() - pushed


@pytest.mark.parametrize("kind", ["refuses http", "refuses zmq", "swallows http"])
def test_unresponsive_proxy_does_not_delay_pushes(tmp_path: Path, kind: str):
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        if kind.startswith("swallows"):
            hole.listen()  # It accepts, and never answers.
        port = hole.getsockname()[1]
        uri = {"control_zmq_uri": f"tcp://127.0.0.1:{port}"}
        if kind.endswith("http"):
            uri = {"control_uri": f"http://127.0.0.1:{port}"}
        site = Site(tmp_path, TEST_GRIP=json.dumps({"GRIP_PROXIES": [{**uri, "key": KEY}]}))
        pushing, ending = push_once(site)
    # Another thread waits ten seconds for the proxy's answer.
    assert pushing < 8
    # The limit is three seconds; the exit takes some more, on a busy machine even longer.
    assert ending < 8


# ---- A deploy ----


def test_proxied_stream_after_deploy_sends_new_release(proxied: Proxied):
    """Regression: a proxy holds streams across a deploy, and their pages did not learn of the new
    release."""
    site = proxied.site

    def read_release(stream: Stream) -> str:
        while line := stream.response.readline().decode():
            if line.startswith("release: "):
                return line.removeprefix("release: ").rstrip()
        msg = "The stream ended."
        raise AssertionError(msg)

    with proxied.open() as stream:
        before = read_release(stream)
        site.kill()
        site.environment["TEST_RELEASE"] = "second"
        site.start()
        after = read_release(stream)

    assert after != before
    assert f'data-dashboards-site-release="{after}"' in site.get("/site/live/")[2]


# ---- WSGI ----

READERS = 1000


# Twelve seconds, most of them for opening; three times that on a busy machine.
@pytest.mark.timeout(180)
def test_thousand_proxied_streams_on_one_sync_worker(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 3 * READERS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    ports = Ports(*(free_port() for _ in range(5)))
    site = Site(
        # Opening takes long; the first poll must not start before the last stream is open.
        *(tmp_path, "gunicorn"),
        TEST_GRIP=grip_settings(ports, zmq=True),
        TEST_GRIP_POLL="300",
    )
    site.start()
    try:
        with pushpin(site.port, ports, key=KEY) as proxy, Crowd(ports.http) as crowd:
            Proxied(site, proxy).wait_until_ready()
            site.push_to("Quiet", silence="ready")
            for _ in range(READERS // 50):
                crowd.open(50)
                crowd.read_until(b"ready")
            site.push_to("Quiet", silence="seen by all")
            crowd.read_until(b"seen by all")
            assert site.get("/site/quiet/")[0] == 200, "the worker is free for pages"
    finally:
        site.stop()


class Crowd:
    """Many readers on plain sockets."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._received: dict[socket.socket, bytearray] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for reader in self._received:
            reader.close()
        self._selector.close()

    def open(self, count: int) -> None:
        for _ in range(count):
            reader = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            reader.sendall(f"GET {QUIET} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            self._selector.register(reader, selectors.EVENT_READ)
            self._received[reader] = bytearray()

    def read_until(self, text: bytes, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        waiting = {each for each, received in self._received.items() if text not in received}
        while waiting:
            assert time.monotonic() < end, f"{len(waiting)} wait for {text!r}"
            for key, _ in self._selector.select(1):
                reader: Any = key.fileobj
                chunk = reader.recv(65536)
                assert chunk, bytes(self._received[reader])
                self._received[reader] += chunk
                if text in self._received[reader]:
                    waiting.discard(reader)


def test_package_works_without_grip_libraries():
    code = (
        "import sys\n"
        "for name in ('gripcontrol', 'pubcontrol', 'django_grip', 'zmq', 'tnetstring'):\n"
        "    sys.modules[name] = None\n"
        "import django; django.setup()\n"
        "from dashboards.live.grip import proxies\n"
        "assert not proxies.INSTALLED and not proxies.ZMQ_INSTALLED\n"
        "import dashboards.views"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
