"""Fixtures of tests of dashboards."""

import pytest
from django.contrib.auth.models import User


@pytest.fixture
def users() -> list[User]:
    return [User.objects.create_user(name) for name in ("ada", "bob")]
