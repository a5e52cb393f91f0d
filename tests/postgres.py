"""A PostgreSQL server for tests: private folder, private port, removed afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.harness import free_port


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


class PostgreSQLServer:
    def __init__(self) -> None:
        self._programs = _programs()
        # Not below pytest's folders, which only their owner may enter.
        self._folder = Path(tempfile.mkdtemp(prefix="dashboards-postgresql-"))
        self._as_user: list[str] = []
        if os.getuid() == 0:
            # The server refuses to run as root; Debian's package brings this user.
            self._as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self._folder, "postgres")
        self._port = str(free_port())
        self._run("initdb", "-U", "tests", "-A", "trust", "--no-sync")
        self._control("start")

    @property
    def database(self) -> dict[str, Any]:
        """The ``DATABASES`` entry that reaches it."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "tests",
            "HOST": str(self._folder),
            "PORT": self._port,
        }

    @property
    def connection(self) -> dict[str, Any]:
        """The connection string for psycopg."""
        return {"host": str(self._folder), "port": self._port, "user": "tests"} | {
            "dbname": "postgres"
        }

    @property
    def socket(self) -> Path:
        """Its port."""
        return self._folder / f".s.PGSQL.{self._port}"

    def count_connections(self) -> int:
        """Return the number of client connections, without this one."""
        with psycopg.connect(
            dbname="postgres", user="tests", host=str(self._folder), port=self._port
        ) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        assert row
        return int(row[0])

    def restart(self) -> None:
        """Restart like after a crash: every connection is lost."""
        self._control("restart", "-m", "immediate")

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder)

    def _control(self, *command: str) -> None:
        options = f"-p {self._port} -k {self._folder} -c listen_addresses= -c fsync=off"
        self._run("pg_ctl", "-o", options, "-l", str(self._folder / "log"), "-w", *command)

    def _run(self, program: str, *arguments: str) -> None:
        place = ["-D", str(self._folder / "data")]
        command = [*self._as_user, str(self._programs / program), *place, *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)


@contextmanager
def postgresql() -> Iterator[PostgreSQLServer]:
    server = PostgreSQLServer()
    try:
        yield server
    finally:
        server.stop()
