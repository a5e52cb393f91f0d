"""The store of the tests of ``push``."""

import pytest
from pytest_django import Settings

from tests.unit.live.publish.support import MEMORY


@pytest.fixture(autouse=True)
def _memory(settings: Settings) -> None:
    """Store pushes outside of the database: these tests are about its transactions."""
    settings.DASHBOARDS = MEMORY
