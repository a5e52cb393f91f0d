"""What users build on: the example project has no type error, versions claimed are tested."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example"


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "command",
    [("mypy", "."), ("pyright", "--pythonpath", sys.executable, ".")],
    ids=lambda command: command[0],
)
def test_example_has_no_type_error(command: Sequence[str]):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=EXAMPLE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_version_among_the_classifiers_is_in_the_test_matrix():
    root = EXAMPLE.parent
    classifiers = tomllib.loads((root / "pyproject.toml").read_text())["project"]["classifiers"]
    matrix = (root / "scripts/test-matrix.sh").read_text()
    rows = re.findall(r'^    "\S+ (\S+) (\S+) \S+"$', matrix, re.MULTILINE)

    for name, tested in zip(("Python", "Django"), zip(*rows, strict=True), strict=True):
        found = [re.search(rf":: {name} :: (\d+\.\d+)$", each) for each in classifiers]
        claimed = {each[1] for each in found if each}
        assert claimed
        assert claimed <= set(tested)
