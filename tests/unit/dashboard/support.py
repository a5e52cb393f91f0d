"""Helpers of the tests of dashboards."""

from dataclasses import dataclass, field
from typing import Any, Optional

from django.contrib.auth.models import User
from django.test import Client

from dashboards.component import Component, Stat
from dashboards.dashboard import Dashboard
from dashboards.permissions import IsAuthenticated


class Base(Dashboard):
    # Typed so that subclasses may declare another kind of component, or None.
    first: Any = Stat(value=1)
    second: Any = Stat(value=2)

    class Meta:
        app_label = "site"
        name = "The base"
        permission_classes = (IsAuthenticated,)


@dataclass
class Badge(Stat):
    """A component of a project: redefined fields, and a method that its template calls."""

    template: str = "site/badge.html"
    poll_rate: Optional[int] = 10  # noqa: UP045 - written as users write it
    thresholds: list[int] = field(default_factory=lambda: [1, 2])

    @staticmethod
    def badge() -> str:
        return "★ <new>"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def declare(component: Component, **namespace: Any) -> type[Dashboard]:
    """Declare a dashboard with a component ``total``, and more members."""
    meta = type("Meta", (), {"app_label": "site"})
    return type("Sales", (Dashboard,), {"Meta": meta, "total": component, **namespace})
