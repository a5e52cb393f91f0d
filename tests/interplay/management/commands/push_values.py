"""The command of the test site, whose app is not installed here: it is about ``auth.User``."""

from tests.site.management.commands.push_values import Command

__all__ = ["Command"]
