"""The how-to pages as projects: what each says is added to what the tutorial installs."""

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import metadata
from pathlib import Path

from tests.consoles import Console, console
from tests.howto import Block, Project, read_page

ADDRESS = re.compile(r"<http://127\.0\.0\.1:8000(/[^>]*)>")
BEGIN = """
from django.contrib.auth.models import User
client = Client()
client.force_login(User.objects.create(username="ada", is_staff=True, is_superuser=True))
get = lambda url, **data: client.get(url, data).content.decode()
"""
_MANAGE = "python manage.py "
_INSTALL = "python -m pip install "


@contextmanager
def open_page(name: str, base: Path, socket_path: Path, folder: Path) -> Iterator[Console]:
    """Make the project of a page, and execute code in it.

    Args:
        name: the page's file in docs/howto.
        base: the project that ``build_base`` has made; it is copied.
        socket_path: the socket of ``tests.consoles``.
        folder: an empty folder.
    """
    shutil.copytree(base, folder, dirs_exist_ok=True)
    blocks = read_page(name)
    project = Project(folder, {})
    for block in blocks:
        if block.action.startswith("file="):
            project.add(block.action.removeprefix("file="), block.text)
    with console(socket_path, folder) as opened:
        for line in commands(blocks):
            run(opened, line)
        opened.run(BEGIN)
        for block in blocks:
            if (block.language, block.action) == ("python", "try"):
                opened.run(block.text)
        yield opened


def build_base(folder: Path) -> None:
    """Make the project that the tutorial begins with."""
    project = Project(folder, {})
    project.follow([each for each in read_page("../tutorial.md") if each.section == "Install"])
    project.run("python manage.py migrate --verbosity 0")


def commands(blocks: Sequence[Block]) -> list[str]:
    return [line for each in blocks if each.action == "run" for line in each.text.splitlines()]


def run(opened: Console, line: str) -> None:
    """Do what a command does, without a process of its own."""
    if line.startswith(_INSTALL):
        for requirement in shlex.split(line.removeprefix(_INSTALL)):
            name, _, extras = requirement.rstrip("]").partition("[")
            known = metadata(name).get_all("Provides-Extra") or []
            assert set(filter(None, extras.split(","))) <= set(known), requirement
    else:
        assert line.startswith(_MANAGE), line
        arguments = [*shlex.split(line.removeprefix(_MANAGE)), "--verbosity", "0"]
        opened.run(f"call_command(*{arguments!r})")
