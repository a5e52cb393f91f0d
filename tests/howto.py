"""A project made from the blocks of a how-to page: its files, commands and servers.

A fenced block below a file's name is added to that file. What becomes of another says the line
that opens it: ``run`` runs its commands, ``serve`` starts a server, and ``try`` shows something,
which is left to the tests.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.harness import ROOT, wait_for

PAGES = ROOT / "docs" / "howto"
_FENCE = re.compile(
    r"(?:^\*\*`(?P<file>[^`\n]+)`\*\*\n\n)?^```(?P<info>[^\n`]+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    section: str
    language: str
    action: str
    text: str


def read_page(name: str) -> Sequence[Block]:
    """Return the fenced blocks of a page, in order."""
    blocks: list[Block] = []
    for part in re.split(r"^## ", (PAGES / name).read_text(), flags=re.MULTILINE):
        section = part.partition("\n")[0]
        for match in _FENCE.finditer(part):
            language, _, action = match["info"].partition(" ")
            if match["file"]:
                action = f"file={match['file']}"
            blocks.append(Block(section, language, action, match["text"]))
    return blocks


class Project:
    """A folder with the files of the page.

    Args:
        folder: where.
        changes: what is written another way here: ports, and where a broker is.
    """

    def __init__(self, folder: Path, changes: Mapping[str, str]) -> None:
        self.folder = folder
        self._changes = changes
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DJANGO_SETTINGS_MODULE", "COVERAGE_PROCESS_START", "PYTHONPATH"}
        }
        # The page's "python" and "pip install" use this environment, which has all packages.
        bin_folder = str(Path(sys.executable).parent)
        self._environment["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
        self._environment |= {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
        self._servers: list[subprocess.Popen[bytes]] = []

    def follow(self, blocks: Sequence[Block]) -> None:
        """Write the files and run the commands of the blocks, except for servers."""
        for block in blocks:
            if block.action.startswith("file="):
                self.add(block.action.removeprefix("file="), block.text)
            elif block.action == "run":
                self.run(block.text)

    def here(self, text: str) -> str:
        if not self._changes:
            return text
        pattern = "|".join(map(re.escape, self._changes))
        return re.sub(rf"(?<!\d)(?:{pattern})(?!\d)", lambda hit: self._changes[hit[0]], text)

    def add(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            opened.write("\n" + self.here(text))

    def run(self, commands: str, **environment: str) -> str:
        """Run commands; return what they wrote."""
        done = subprocess.run(
            ["bash", "-e", "-c", self.here(commands)],
            cwd=self.folder,
            env={**self._environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout

    def python(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a script that reads standard input and ends with it."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._servers.append(process)
        return process

    def serve(
        self, command: str, ready: Callable[[str], bool], **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a server and wait until a function of its output says that it is ready."""
        log = self.folder / f"server{len(self._servers)}.log"
        with log.open("wb") as opened:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {self.here(command).strip()}"],
                cwd=self.folder,
                env={**self._environment, **environment},
                stdout=opened,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._servers.append(process)

        def is_ready() -> bool:
            assert process.poll() is None, log.read_text()
            return ready(log.read_text())

        wait_for(is_ready, seconds=40)
        return process

    def stop(self) -> None:
        for process in self._servers:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
