"""Finders of static files from installed packages: plotly.js, and the shapes of maps.

The plotly.js that pages load is the one of the installed plotly, so that their versions match.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

from dashboards import countries


class FileFinder(BaseFinder):
    """Finds a file of an installed package, and further files beside it."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    beside: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def get_directory(self) -> Path | None:
        """Return the directory of the file, or None if the package is not installed."""

    @property
    def path(self) -> str:
        """The file's path among static files."""
        return f"{self.prefix}/{self.name}"

    def check(self, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG002
        """Return no messages: the checks of components report packages that are missing."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002, FBT001, FBT002
        """Find the file, or one of those beside it."""
        prefix, _, name = path.rpartition("/")
        is_known = prefix == self.prefix and name in (self.name, *self.beside)
        directory = self.get_directory() if is_known else None
        if directory is None:
            return []
        found = str(directory / name)
        return [found] if find_all else found

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        """List the file, and those beside it, for ``collectstatic``."""
        patterns = list(ignore_patterns or ())
        if matches_patterns(self.name, patterns):
            return
        directory = self.get_directory()
        if directory is None:
            return
        storage = FileSystemStorage(location=directory)
        # collectstatic reads the path below STATIC_ROOT from here, as for STATICFILES_DIRS.
        storage.prefix = self.prefix  # type: ignore[attr-defined]
        for name in (self.name, *self.beside):
            if not matches_patterns(name, patterns):
                yield name, storage


class PlotlyFinder(FileFinder):
    """Finds ``dashboards/plotly/plotly.min.js`` if plotly is installed."""

    name = "plotly.min.js"
    prefix = "dashboards/plotly"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not imported: importing plotly is slow, and only its file is needed.
        spec = find_spec("plotly")
        path = Path(spec.origin).parent / "package_data" if spec and spec.origin else None
        self._directory = path if path and (path / self.name).is_file() else None

    def get_directory(self) -> Path | None:
        """Return the directory of plotly.js in the installed package."""
        return self._directory


class WorldFinder(FileFinder):
    """Finds ``dashboards/geo/world.json`` if geopip is installed.

    A project's own static file of that name takes precedence.
    """

    name = countries.NAME
    prefix = "dashboards/geo"
    beside = (countries.LICENSE_NAME,)

    def get_directory(self) -> Path | None:
        """Return the directory into which the file was written."""
        return countries.build_directory()


def with_package_finders(finders: Sequence[str]) -> Sequence[str]:
    """Return ``STATICFILES_FINDERS`` with these finders at the end, unless they are listed.

    Django has no way for an app to add a finder, and a project should not have to list these in its
    settings. So ``DashboardsConfig.ready`` assigns the result to ``settings.STATICFILES_FINDERS``:
    the only setting that this package changes. Django reads it later, when it first needs a finder.
    """
    own = [f"{each.__module__}.{each.__qualname__}" for each in (PlotlyFinder, WorldFinder)]
    return [*finders, *(each for each in own if each not in finders)]
