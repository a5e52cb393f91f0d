"""The release that a process serves, as a short hash: pages notice that the server has a new one.

Each page and the first event of each stream contain it. Equal files give equal hashes, in each
process and on each host.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.template import engines
from django.urls import get_script_prefix

from dashboards import __version__, conf
from dashboards.component.base import Component
from dashboards.registry import registry

_LIBRARIES = ("django", "django-htmx", "plotly")
_STATIC = Path(__file__).parent / "static"


def get_release_id() -> str:
    """Return the id of this release; an empty string if pages shall not notice new ones.

    By default it is a hash of the files that pages are made of: the scripts and the style sheet of
    this package, the versions of the libraries with further scripts, the manifest of static files,
    the scripts of components, all templates, and the modules that declare dashboards, components
    and layouts. ``DASHBOARDS["RELEASE"]`` replaces it.
    """
    given = conf.get("RELEASE")
    if given is None:
        return _compute_hash()
    return sha256(str(given).encode()).hexdigest()[:12] if given else ""


@cache
def _compute_hash() -> str:
    """Return the hash, computed once a process: later changes of files are not of its release."""
    whole = sha256()
    for part in _get_parts():
        whole.update(sha256(part).digest())
    return whole.hexdigest()[:12]


def _get_parts() -> Iterator[bytes]:
    yield __version__.encode()
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            yield f"{name} {version(name)}".encode()
    # A project may serve no static files.
    with contextlib.suppress(ImproperlyConfigured):
        yield str(getattr(staticfiles_storage, "manifest_hash", "")).encode()
    yield (settings.STATIC_URL or "").removeprefix(get_script_prefix()).encode()
    for folder in (_STATIC, *dict.fromkeys(_get_template_folders())):
        yield from _read_folder(folder)
    for script in sorted(set(_get_scripts())):
        # One that is on another path of the site, or on another one, is no file of this release.
        with contextlib.suppress(SuspiciousFileOperation):
            yield _read(finders.find(script) or "")
    for module in sorted(_get_modules()):
        file = getattr(sys.modules.get(module), "__file__", None) or ""
        if file.endswith(".py"):
            yield module.encode()
            yield _read(file)


def _get_template_folders() -> Iterator[Path]:
    for backend in engines.all():
        yield from map(Path, backend.template_dirs)
        # The folders of apps, if the settings list the loaders. Not all loaders read files.
        for loader in getattr(getattr(backend, "engine", None), "template_loaders", ()):
            yield from map(Path, getattr(loader, "get_dirs", tuple)())


def _get_components() -> Iterator[Component]:
    for dashboard in registry:
        yield from dashboard.declared.values()


def _get_scripts() -> Iterator[str]:
    for component in _get_components():
        # Read from the class, so that no property runs. A property's code is in a module that is
        # hashed.
        scripts: object = type(component).scripts
        if isinstance(scripts, list | tuple):
            yield from map(str, scripts)


def _get_modules() -> set[str]:
    """Return the names of the modules that declare dashboards and components."""
    kinds = {*registry, *map(type, _get_components())}
    return {base.__module__ for kind in kinds for base in kind.__mro__}


def _read_folder(folder: Path) -> Iterator[bytes]:
    files = {each.relative_to(folder).as_posix(): each for each in folder.rglob("*")}
    for name, file in sorted(files.items()):
        if file.is_file():
            yield os.fsencode(name)  # It may be no UTF-8.
            yield _read(file)


def _read(file: Path | str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""
