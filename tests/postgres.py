"""A PostgreSQL server of the tests' own: private folder, private port, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness import free_port


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@contextmanager
def postgresql() -> Iterator[dict[str, str]]:
    """Run a server; yields the ``DATABASES`` entry that reaches it."""
    programs = _programs()
    # Not below pytest's own folders, which only their owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="dashboards-postgresql-"))
    as_user: list[str] = []
    if os.getuid() == 0:
        # The server refuses to run as root; Debian's package brings this user.
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    port = str(free_port())
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    run("initdb", "-D", str(data), "-U", "tests", "-A", "trust", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses= -c fsync=off"
    run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "tests",
            "HOST": str(folder),
            "PORT": port,
        }
    finally:
        run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)
