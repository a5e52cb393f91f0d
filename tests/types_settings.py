"""Settings for mypy alone: its plugin knows the models of installed apps, and of no others."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "demo.pieces"]
