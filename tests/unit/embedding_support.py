"""What tests of embedded dashboards share."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory


def request_of(user: Any = None, **query: str) -> HttpRequest:
    request = RequestFactory().get("/", query)
    request.user = user or AnonymousUser()
    return request
