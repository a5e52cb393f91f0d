"""Minifies the package's scripts and compiles its translations while a wheel is built.

Of scripts, comments and spaces are removed, names stay: pages load half as many bytes. An editable
installation keeps the scripts as they are written; translations are compiled beside their sources.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polib
import rjsmin
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildFiles(BuildHookInterface):  # type: ignore[type-arg] - hatchling has no public type for it
    """Puts minified scripts and compiled translations into a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the built files, and name them to the builder of the wheel."""
        source = Path(self.root, "src")
        if version == "editable":
            self._compile(source, source)
            return
        self._folder = TemporaryDirectory()
        built = Path(self._folder.name)
        for script in source.rglob("dashboards/static/**/*.js"):
            minified = built / script.relative_to(source)
            minified.parent.mkdir(parents=True, exist_ok=True)
            minified.write_text(rjsmin.jsmin(script.read_text(encoding="utf-8")), encoding="utf-8")
        self._compile(source, built)
        for path in built.rglob("*.*"):
            build_data["force_include"][str(path)] = path.relative_to(built).as_posix()

    def _compile(self, source: Path, target: Path) -> None:
        for path in source.glob("dashboards/locale/*/LC_MESSAGES/*.po"):
            compiled = target / path.relative_to(source).with_suffix(".mo")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            polib.pofile(str(path)).save_as_mofile(str(compiled))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what ``initialize`` has written for a wheel."""
        if version != "editable":
            self._folder.cleanup()
