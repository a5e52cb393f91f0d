"""What takes time in the test environment of Django and is used by no unit test is left out."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.contrib.auth.management import create_permissions
from django.db.models.signals import post_migrate
from django.template import Context, Template

_UID = "django.contrib.auth.management.create_permissions"
"""The name under which ``django.contrib.auth`` connects the function."""


# It begins after those of a session: no argument says so, because pytest would go through all that
# the argument needs at each test.
@pytest.fixture(scope="package", autouse=True)
def _plain_templates() -> Iterator[None]:
    """Render templates as a server does: no test reads a response's templates or contexts."""

    def render(self: Template, context: Context) -> str:
        return self.nodelist.render(context)

    with patch.object(Template, "_render", render):
        yield


@pytest.fixture(scope="package")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Make no rows of ``Permission`` after each flush: that took most of the flush's time."""
    post_migrate.disconnect(create_permissions, dispatch_uid=_UID)
    yield
    post_migrate.connect(create_permissions, dispatch_uid=_UID)
