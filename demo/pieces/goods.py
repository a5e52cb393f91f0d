"""The orders of the shop: the same each time, up to the present day."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db.models import F, Max
from django.utils import timezone

DAYS = 90
CUSTOMERS = [
    ("Ana Souza", "BRA"),
    ("Paulo Lima", "BRA"),
    ("Emily Tremblay", "CAN"),
    ("Noah Campbell", "CAN"),
    ("Chloé Laurent", "FRA"),
    ("Hugo Moreau", "FRA"),
    ("Jonas Weber", "DEU"),
    ("Mia Schäfer", "DEU"),
    ("Greta Vogel", "DEU"),
    ("Arjun Nair", "IND"),
    ("Priya Sharma", "IND"),
    ("Giulia Conti", "ITA"),
    ("Haruto Tanaka", "JPN"),
    ("Yui Sato", "JPN"),
    ("Achieng Otieno", "KEN"),
    ("Zofia Nowak", "POL"),
    ("Lucía Romero", "ESP"),
    ("Astrid Lindqvist", "SWE"),
    ("Grace Miller", "USA"),
    ("Henry Clark", "USA"),
    ("Olivia Reed", "USA"),
]
NEWCOMER = ("Leo Newman", "DEU")
"""A customer who has not ordered anything yet."""
PRICES = {"books": 18, "garden": 46, "kitchen": 64, "toys": 27}


def fill(apps: Any, **kwargs: Any) -> None:  # noqa: ARG001 - signals pass it
    """Fill an empty shop, or add the orders up to today. Called after each ``migrate``."""
    try:
        customer, order = apps.get_model("pieces.Customer"), apps.get_model("pieces.Order")
    except LookupError:
        return  # Migrated back to a state without these models.
    now, newest = timezone.now(), order.objects.aggregate(newest=Max("placed"))["newest"]
    if newest is not None:
        order.objects.update(placed=F("placed") + timedelta(days=(now - newest).days))
    else:
        _open(customer, order, now)
    customer.objects.get_or_create(name=NEWCOMER[0], defaults={"country": NEWCOMER[1]})


def _open(customer: Any, order: Any, now: datetime) -> None:
    customer.objects.bulk_create(customer(name=name, country=code) for name, code in CUSTOMERS)
    chance = Random(2026)
    customers = list(customer.objects.order_by("pk"))
    # Few customers buy often.
    weights = [1 / (1 + place % 7) for place in range(len(customers))]
    order.objects.bulk_create(
        order(
            customer=chance.choices(customers, weights)[0],
            category=category,
            state=_state(chance, placed, now),
            total=round(Decimal(chance.gammavariate(2.4, PRICES[category] / 2.4)) + 3, 2),
            placed=placed,
        )
        for placed in _moments(chance, now)
        for category in chance.choices(list(PRICES), [5, 2, 3, 3])
    )


def _moments(chance: Random, now: datetime) -> list[datetime]:
    """Return the times of orders: more recent ones, more in the evening and at the weekend."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = []
    for ago in range(DAYS, -1, -1):
        day = midnight - timedelta(days=ago)
        usual = 4 + 3 * (DAYS - ago) / DAYS + (4 if day.weekday() >= 5 else 0)
        for _ in range(max(1, round(chance.gauss(usual, 2)))):
            hour = min(max(chance.gauss(chance.choice([11, 19.5, 20]), 2.2), 0), 23.9)
            moments.append(day + timedelta(hours=hour))
    return sorted(moment for moment in moments if moment < now)


def _state(chance: Random, placed: datetime, now: datetime) -> str:
    if chance.random() < 0.06:
        return "cancelled"
    days = (now - placed).total_seconds() / 86400 + chance.random() * 2 - 1
    return "sent" if days > 3 else "packed" if days > 1.5 else "new"
