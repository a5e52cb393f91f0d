"""The documentation site is built from the pages, as ``make docs`` does."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

pytestmark = pytest.mark.timeout(180)  # Five seconds of a quiet processor.


def test_site_is_built_without_a_warning_and_has_every_page(tmp_path: Path):
    [command] = re.findall(
        r"^\t(\$\(PY\) -m sphinx .*) build/docs$", read("Makefile"), re.MULTILINE
    )
    done = subprocess.run(
        [*shlex.split(command.replace("$(PY)", sys.executable)), str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    pages = [page.relative_to(ROOT) for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if not (tmp_path / page.with_suffix(".html")).exists()] == []
    assert 'url=docs/index.html"' in (tmp_path / "index.html").read_text()


def read(name: str) -> str:
    return (ROOT / name).read_text()
