"""Places an order, and pushes the progress of its delivery."""

from decimal import Decimal

from django.core.management.base import BaseCommand

from dashboards.live import push
from shop.dashboards import Operations
from shop.models import Order


class Command(BaseCommand):
    """``manage.py place_order``."""

    help = "Places an order, and pushes the progress of a deploy."

    def handle(self, *args: object, **options: object) -> None:
        """Save an order, and push."""
        Order.objects.create(customer="Ann", total=Decimal("19.90"))
        push(Operations, "deploy", {"value": 40, "text": "Copying"})
