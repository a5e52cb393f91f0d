"""What takes time in the test environment of Django and is used by no unit test is left out."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.template import Context, Template


@pytest.fixture(scope="package", autouse=True)
def _plain_templates(django_test_environment: None) -> Iterator[None]:
    """Render templates as a server does: no test reads a response's templates or contexts."""

    def render(self: Template, context: Context) -> str:
        return self.nodelist.render(context)

    with patch.object(Template, "_render", render):
        yield
