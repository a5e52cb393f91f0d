"""Static files as a site serves them: scripts without comments, all compressed, named by hashes."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import brotli
import rjsmin
from django.core.files.base import ContentFile, File
from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage

# The highest quality takes twice as long for plotly.js, and saves 1.5 %.
_LARGE, _QUALITY = 500_000, 10
_HASHED = re.compile(r"\.[0-9a-f]{12}\b")


class _Compressor(Compressor):  # type: ignore[misc]  # it brings no types
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        options = {"quality": _QUALITY, "lgwin": 24} if len(data) > _LARGE else {}
        compressed: bytes = brotli.compress(data, **options)
        return compressed


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it brings no types
    """Compresses the files that pages name, which have a hash in their name."""

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        yield from super().compress_files({path for path in paths if _HASHED.search(path)})

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return _Compressor(**kwargs)

    def _save(self, name: str, content: "File[Any]") -> str:
        # As in a wheel of the package: the demo runs from its sources.
        if name.startswith("dashboards/js/"):
            script = b"".join(content.chunks()).decode()
            content = ContentFile(rjsmin.jsmin(script).encode())
        saved: str = super()._save(name, content)
        return saved
