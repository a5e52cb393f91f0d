"""Writes a first live dashboard into an app, with its URL and a test."""

import ast
import keyword
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import NoReverseMatch, reverse

from dashboards.dashboard.base import get_default_name

_TEMPLATES = Path(__file__).parents[1] / "templates"
_INCLUDE = 'path("dashboards/", include("dashboards.urls"))'


class Command(BaseCommand):
    """``manage.py startdashboard app [Name]``."""

    help = (
        "Writes a live dashboard into the dashboards.py of an app, with a test, and includes "
        "dashboards.urls in the project's URLs. It changes no file that has one already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the app and the name."""
        parser.add_argument("app", help="label of an app in INSTALLED_APPS")
        parser.add_argument(
            "name", nargs="?", default="Operations", help="name of the class; default Operations"
        )

    def handle(self, *, app: str, name: str, **options: Any) -> None:  # noqa: ARG002
        """Write the files, and print what was written and what to do next."""
        if not name.isidentifier() or keyword.iskeyword(name):
            msg = f"{name!r} is no name of a class: use letters and digits, and no keyword."
            raise CommandError(msg)
        try:
            config = apps.get_app_config(app)
        except LookupError as error:
            msg = f"{error} INSTALLED_APPS must contain the app."
            raise CommandError(msg) from error
        folder = Path(config.path)
        tests = folder / "tests" if (folder / "tests").is_dir() else folder
        files = {
            folder / "dashboards.py": "dashboards.py-tpl",
            tests / "test_dashboards.py": "test_dashboards.py-tpl",
        }
        if existing := [path for path in files if path.exists()]:
            msg = f"{existing[0]} exists already; nothing was written."
            raise CommandError(msg)
        values = {"name": name, "title": get_default_name(name), "module": config.name}
        texts = {
            path: Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
            for path, template in files.items()
        }
        write_all(texts)
        for path in texts:
            self.stdout.write(f"Wrote {path}")
        self._include_urls()
        self.stdout.write(
            f"Next: manage.py migrate, manage.py test {config.name}, manage.py runserver, and open "
            f"/dashboards/{config.label}/{name.lower()}/"
        )

    def _include_urls(self) -> None:
        """Include ``dashboards.urls`` in the project's URLs, unless they are included."""
        try:
            reverse("dashboards:index")
        except NoReverseMatch:
            path = Path(str(import_module(settings.ROOT_URLCONF).__file__))
            try:
                source = path.read_bytes().decode()
                changed = add_include(source)
                if changed is not None:
                    path.write_bytes(changed.encode())
            except (OSError, UnicodeDecodeError):
                changed = None  # The author can do it: the file cannot be read or written here.
            if changed is None:
                self.stdout.write(f"Add to the urlpatterns of {path}: {_INCLUDE}")
            else:
                self.stdout.write(f"Changed {path}")


def write_all(texts: Mapping[Path, str]) -> None:
    """Write new files, or none of them.

    Raises:
        CommandError: one of them cannot be written.
    """
    begun = []
    try:
        for path, text in texts.items():
            # "x": another process may have made it meanwhile.
            with path.open("x", encoding="utf-8") as file:
                begun.append(path)
                file.write(text)
    except OSError as error:
        for path in begun:
            path.unlink()
        msg = f"{error}; nothing was written."
        raise CommandError(msg) from error


def add_include(source: str) -> str | None:
    """Return the source of a URLconf with the dashboards' URLs, or None if it is written otherwise.

    Args:
        source: Python code that imports ``path`` from ``django.urls`` in one line, and assigns a
            list that ends in a line of its own to ``urlpatterns``.
    """
    # Not splitlines(), which also splits at characters that may be inside of texts.
    end = "\r\n" if "\r\n" in source else "\n"
    lines = source.split(end)
    if source.startswith("\ufeff") or any("\r" in line or "\n" in line for line in lines):
        return None  # A byte order mark, or line ends of several kinds.
    body = ast.parse(source).body
    imported = _find_import(body, lines)
    closing = _find_end_of_patterns(body, lines)
    if imported is None or closing is None:
        return None
    lines.insert(closing, f"    {_INCLUDE},")
    number, names = imported
    lines[number] = f"from django.urls import {', '.join(sorted({*names, 'include'}))}"
    return end.join(lines)


def _find_import(
    body: Sequence[ast.stmt], lines: Sequence[str]
) -> tuple[int, Sequence[str]] | None:
    """Return the index of the line that imports ``path``, and the names that it imports."""
    for each in body:
        if not (isinstance(each, ast.ImportFrom) and each.module == "django.urls"):
            continue
        names = [alias.name for alias in each.names]
        number = each.lineno - 1
        if "path" in names and lines[number] == f"from django.urls import {', '.join(names)}":
            return number, names
    return None


def _find_end_of_patterns(body: Sequence[ast.stmt], lines: Sequence[str]) -> int | None:
    """Return the index of the line that ends the list ``urlpatterns``."""
    for each in body:
        if (
            isinstance(each, ast.Assign)
            and isinstance(each.value, ast.List)
            and [target.id for target in each.targets if isinstance(target, ast.Name)]
            == ["urlpatterns"]
        ):
            closing = each.value.end_lineno
            if closing and lines[closing - 1] == "]" and lines[closing - 2].endswith((",", "[")):
                return closing - 1
    return None
