"""Serves plotly.js out of the installed plotly distribution, so that the two always match."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

NAME = "plotly.min.js"
PREFIX = "dashboards/plotly"
PATH = f"{PREFIX}/{NAME}"


class PlotlyFinder(BaseFinder):
    """Finds ``dashboards/plotly/plotly.min.js`` where plotly is installed, nothing elsewhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Found, not imported: importing plotly is slow, and only its file is wanted.
        spec = find_spec("plotly")
        folder = Path(spec.origin).parent / "package_data" if spec and spec.origin else None
        self._folder = folder if folder and (folder / NAME).is_file() else None

    def check(self, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG002
        """Return nothing: whether plotly is needed is checked with the dashboards."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002, FBT001, FBT002
        """Find the one file."""
        if path != PATH or self._folder is None:
            return []
        found = str(self._folder / NAME)
        return [found] if find_all else found

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        """List the one file for ``collectstatic``."""
        if self._folder is None or matches_patterns(NAME, list(ignore_patterns or ())):
            return
        storage = FileSystemStorage(location=self._folder)
        # collectstatic reads the place below STATIC_ROOT from here, as for STATICFILES_DIRS.
        storage.prefix = PREFIX  # type: ignore[attr-defined]
        yield NAME, storage


def with_plotly(finders: Sequence[str]) -> Sequence[str]:
    """Return ``STATICFILES_FINDERS`` with this finder among them."""
    own = f"{PlotlyFinder.__module__}.{PlotlyFinder.__qualname__}"
    return finders if own in finders else [*finders, own]
