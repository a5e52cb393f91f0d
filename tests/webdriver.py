"""Firefox and WebKitGTK, each by what it speaks itself: WebDriver BiDi, and WebDriver over HTTP.

A page is asked in JavaScript, so that a test is the same for both.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.harness import free_port, wait_for

# The machine may be without a network, where these would look for Mozilla's hosts.
_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

# Notes errors of a page whose browser tells nobody.
_LISTEN = """
window.complaints = [];
for (const name of ["error", "unhandledrejection", "securitypolicyviolation"]) {
  const note = ({message, reason, violatedDirective}) =>
    window.complaints.push(String(message ?? reason ?? violatedDirective));
  addEventListener(name, note);
}
console.error = (...texts) => window.complaints.push(texts.join(" "));
"""


class Browser(ABC):
    """One window of a browser, and the errors on its console."""

    complaints: list[str]

    @abstractmethod
    def open(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""

    @abstractmethod
    def run(self, expression: str) -> Any:
        """Return the value of an expression on the page."""

    @abstractmethod
    def take_screenshot(self) -> bytes:
        """Return a picture of the page."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""

    def wait(self, expression: str, *, seconds: float = 20) -> Any:
        """Wait until an expression is true on the page."""
        return wait_for(lambda: self.run(expression), seconds=seconds, pause=0.1)


@contextlib.contextmanager
def _start(command: Sequence[str], **kwargs: Any) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, start_new_session=True, **kwargs) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Firefox(Browser):
    """Firefox without a window."""

    def __init__(self, socket: ClientConnection) -> None:
        self.complaints = []
        self._socket = socket
        self._number = 0
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        [tree] = self._send("browsingContext.getTree")["contexts"]
        self._context = tree["context"]

    @classmethod
    @contextlib.contextmanager
    def start(cls, folder: Path) -> Iterator[Self]:
        """Start Firefox with a new profile in a folder."""
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in _PREFERENCES.items()
        ]
        (folder / "user.js").write_text("\n".join(lines))
        command = [
            *("firefox-esr", "--headless", "--no-remote", "--profile", str(folder)),
            *("--remote-debugging-port", "0", "about:blank"),
        ]
        address = folder / "WebDriverBiDiServer.json"
        environment = {**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"}
        with (
            (folder / "firefox.log").open("wb") as log,
            _start(command, stdout=log, stderr=log, env=environment),
        ):
            wait_for(address.exists, seconds=30)
            at = wait_for(lambda: json.loads(address.read_text() or "{}"))
            url = f"ws://{at['ws_host']}:{at['ws_port']}/session"
            with connect(url, max_size=None) as socket:
                yield cls(socket)

    def _send(self, method: str, **params: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("method") == "log.entryAdded":
                self._note(answer["params"])
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def _note(self, entry: Mapping[str, Any]) -> None:
        # Firefox says so of each request of a page that is left meanwhile.
        if entry["level"] == "error" and "NetworkError when attempting" not in entry["text"]:
            self.complaints.append(entry["text"])

    def open(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def run(self, expression: str) -> Any:
        answer = self._send(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._context},
            awaitPromise=False,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def take_screenshot(self) -> bytes:
        answer = self._send("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(answer["data"])

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        self._send("browsingContext.setViewport", context=self._context, viewport=size)


class WebKit(Browser):
    """WebKitGTK's own small browser, in a window that nobody sees."""

    complaints: list[str]

    def __init__(self, client: httpx.Client, session: str) -> None:
        self.complaints = []
        self._client = client
        self._session = session

    @classmethod
    @contextlib.contextmanager
    def start(cls, folder: Path) -> Iterator[Self]:
        """Start the browser with a new home in a folder."""
        [binary, *_] = Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")
        port = free_port()
        screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"]
        with (
            (folder / "webkit.log").open("wb") as log,
            _start(screen, stdout=subprocess.PIPE, stderr=log) as server,
        ):
            assert server.stdout
            environment = {
                **os.environ,
                "DISPLAY": f":{server.stdout.readline().decode().strip()}",
                "HOME": str(folder),
                "LIBGL_ALWAYS_SOFTWARE": "1",
                # Its sandbox needs rights that a container has not.
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            }
            command = ["WebKitWebDriver", f"--port={port}"]
            with (
                _start(command, env=environment, stdout=log, stderr=log),
                httpx.Client(
                    base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
                ) as client,
            ):
                options = {"binary": str(binary), "args": ["--automation"]}
                wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}

                def answers() -> bool:
                    with contextlib.suppress(httpx.TransportError):
                        return client.get("/status").is_success
                    return False

                wait_for(answers, seconds=30)
                made = client.post("/session", json={"capabilities": wanted}).json()["value"]
                yield cls(client, made["sessionId"])
                client.delete(f"/session/{made['sessionId']}")

    def _send(self, method: str, path: str, **body: Any) -> Any:
        content = None if method == "GET" else body
        answer = self._client.request(method, f"/session/{self._session}/{path}", json=content)
        assert answer.is_success, answer.text
        return answer.json()["value"]

    def open(self, url: str) -> None:
        self._collect()
        self._send("POST", "url", url=url)
        self._send("POST", "execute/sync", script=_LISTEN, args=[])

    def _collect(self) -> None:
        script = "return window.complaints?.splice(0) ?? []"
        self.complaints += self._send("POST", "execute/sync", script=script, args=[])

    def run(self, expression: str) -> Any:
        self._collect()
        script = f"return JSON.stringify({expression}) ?? 'null'"
        return json.loads(self._send("POST", "execute/sync", script=script, args=[]))

    def take_screenshot(self) -> bytes:
        return base64.b64decode(self._send("GET", "screenshot"))

    def resize(self, width: int, height: int) -> None:
        self._send("POST", "window/rect", width=width, height=height)
