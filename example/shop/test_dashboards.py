"""Tests of the dashboards of the shop."""

from decimal import Decimal

from django.test import TestCase

from dashboards.live import push
from dashboards.testing import DashboardTestMixin, connect, render
from shop.dashboards import Operations
from shop.models import Order


class OperationsTests(DashboardTestMixin, TestCase):
    """The dashboard of the shop."""

    def test_page_shows_the_revenue(self) -> None:
        """A page that is opened after an order shows its total."""
        Order.objects.create(customer="Ann", total=Decimal("19.90"))
        self.assertIn("19.90", render(Operations)["revenue"].text)

    def test_order_reaches_an_open_page(self) -> None:
        """A page that is open shows a new order."""
        live = connect(Operations)
        Order.objects.create(customer="Ben", total=Decimal(5))
        live.expect(customers="Ben")

    def test_push_reaches_an_open_page(self) -> None:
        """A page that is open shows a value that is pushed."""
        live = connect(Operations)
        push(Operations, "deploy", 40)
        live.expect(deploy=40)
