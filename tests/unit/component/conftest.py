"""Fixtures of tests of components."""

import pytest
from pytest_django import Settings


@pytest.fixture
def _german(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    settings.USE_THOUSAND_SEPARATOR = True


@pytest.fixture
def _memory(settings: Settings) -> None:
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
    }
