"""Settings for mypy alone: its plugin knows only the models of installed apps."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "demo.pieces", "demo.shop"]
