"""Serves what installed packages bring: plotly.js, so that the two match, and shapes for maps."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

from dashboards import world


class FileFinder(BaseFinder):
    """Finds a file that an installed package brings, and what says its licence beside it."""

    name: ClassVar[str]
    prefix: ClassVar[str]
    beside: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def get_folder(self) -> Path | None:
        """Return the folder that holds the file; ``None`` where the package is not installed."""

    @property
    def path(self) -> str:
        """The file's path among static files."""
        return f"{self.prefix}/{self.name}"

    def check(self, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG002
        """Return nothing: whether the package is needed is checked with the dashboards."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002, FBT001, FBT002
        """Find the file, or what stands beside it."""
        folder, _, name = path.rpartition("/")
        is_package_template = folder == self.prefix and name in (self.name, *self.beside)
        place = self.get_folder() if is_package_template else None
        if place is None:
            return []
        found = str(place / name)
        return [found] if find_all else found

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        """List the file, and what stands beside it, for ``collectstatic``."""
        patterns = list(ignore_patterns or ())
        if matches_patterns(self.name, patterns):
            return
        folder = self.get_folder()
        if folder is None:
            return
        storage = FileSystemStorage(location=folder)
        # collectstatic reads the place below STATIC_ROOT from here, as for STATICFILES_DIRS.
        storage.prefix = self.prefix  # type: ignore[attr-defined]
        for name in (self.name, *self.beside):
            if not matches_patterns(name, patterns):
                yield name, storage


class PlotlyFinder(FileFinder):
    """Finds ``dashboards/plotly/plotly.min.js`` where plotly is installed, nothing elsewhere."""

    name = "plotly.min.js"
    prefix = "dashboards/plotly"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Found, not imported: importing plotly is slow, and only its file is wanted.
        spec = find_spec("plotly")
        folder = Path(spec.origin).parent / "package_data" if spec and spec.origin else None
        self._folder = folder if folder and (folder / self.name).is_file() else None

    def get_folder(self) -> Path | None:
        """Return the folder of the installed distribution."""
        return self._folder


class WorldFinder(FileFinder):
    """Finds ``dashboards/geo/world.json`` where geopip is installed, nothing elsewhere.

    A file of that name among the project's own static files goes before it.
    """

    name = world.NAME
    prefix = "dashboards/geo"
    beside = (world.LICENSE_NAME,)

    def get_folder(self) -> Path | None:
        """Return the folder into which the file was written."""
        return world.folder()


def with_ours(finders: Sequence[str]) -> Sequence[str]:
    """Return ``STATICFILES_FINDERS`` with these finders among them, last."""
    ours = [f"{each.__module__}.{each.__qualname__}" for each in (PlotlyFinder, WorldFinder)]
    return [*finders, *(each for each in ours if each not in finders)]
