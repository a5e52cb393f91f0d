"""A MariaDB server for tests: private folder, private socket, removed afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from tests.harness import wait_for

# Pure Python: Django's default driver needs a compiler.
pymysql.install_as_MySQLdb()


@contextmanager
def mariadb() -> Iterator[dict[str, Any]]:
    """Run a server; yields the ``DATABASES`` entry that reaches it."""
    folder = Path(tempfile.mkdtemp(prefix="dashboards-mariadb-"))
    socket = folder / "socket"
    user = None
    if os.getuid() == 0:
        # The server should not run as root; Debian's package brings this user.
        user = "mysql"
        shutil.chown(folder, user)
    # The server's program is not on every user's PATH.
    path = f"{os.environ['PATH']}:/usr/sbin"
    with (folder / "log").open("wb") as log:

        def start(program: str, *options: str) -> subprocess.Popen[bytes]:
            command = [shutil.which(program, path=path) or program, "--no-defaults", *options]
            return subprocess.Popen(
                [*command, f"--datadir={folder}/data"], cwd="/", user=user, stdout=log, stderr=log
            )

        made = start("mariadb-install-db", "--auth-root-authentication-method=normal").wait(60)
        assert made == 0, (folder / "log").read_text()
        process = start(
            "mariadbd",
            f"--socket={socket}",
            f"--pid-file={folder}/pid",
            "--skip-networking",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
        )

    def ready() -> bool:
        output = (folder / "log").read_text()
        assert process.poll() is None, output
        return "ready for connections" in output

    try:
        wait_for(ready, seconds=30)
        with pymysql.connect(unix_socket=str(socket), user="root") as connection:
            connection.cursor().execute("CREATE DATABASE tests")
        yield {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "tests",
            "USER": "root",
            "HOST": str(socket),
        }
    finally:
        process.kill()
        process.wait(20)
        shutil.rmtree(folder)
