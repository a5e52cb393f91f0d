"""The example project passes the type checkers that users have."""

import subprocess
import sys
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
