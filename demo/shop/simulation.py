"""A shop at work: visitors come, orders arrive, are packed, and leave with a van.

``advance()`` brings the shop up to the present. It is called by the one live value that is computed
every two seconds, so the shop moves while somebody watches; after a pause of minutes or days the
time between is made up for. All that happens is in the database, so a restart changes nothing.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from demo.shop.goods import COUNTRIES, PRODUCTS
from demo.shop.models import Clock, Hour, Order, Product, Reading, Sale

PAST = timedelta(days=3)
ORDERS_KEPT = timedelta(days=1)
READINGS_KEPT = timedelta(hours=1)
VAN = 24
"""Parcels of one van."""

_VISITS, _CONVERSION = 4.2, 0.028  # A second, of a usual day; orders for each visit.
_CODES, _WEIGHTS = list(COUNTRIES), [weight for _, weight in COUNTRIES.values()]


def fill(apps: Any, **kwargs: Any) -> None:  # noqa: ARG001 - signals pass it
    """Open the shop with three days behind it, or bring it up to date. Called after ``migrate``."""
    try:
        apps.get_model("shop.Clock")
    except LookupError:
        return  # Migrated back to a state without these models.
    if not Clock.objects.exists():
        Product.objects.bulk_create(
            Product(name=name, category=category, price=price, shelf=shelf, stock=shelf)
            for name, category, price, shelf in PRODUCTS
        )
        Clock.objects.create(until=timezone.now() - PAST)
    advance()


def advance() -> None:
    """Let everything happen that did since the last call. Of several processes, one does it."""
    now = timezone.now()
    clock = Clock.objects.get()
    if clock.until >= now:
        return
    with transaction.atomic():
        # Whoever moves the hand does the work. Others find that it has moved.
        own = Clock.objects.filter(until=clock.until).update(until=now)
        if own:
            _Run(max(clock.until, now - PAST), now, clock.van).store()


def demand(moment: datetime) -> float:
    """Return how busy the shop is: 1 is usual, less at night, more at the weekend."""
    hour = moment.hour + moment.minute / 60
    day = 1 + 0.5 * math.sin((hour - 9) / 24 * math.tau)
    weekend = 1.15 if moment.weekday() >= 5 else 1
    return day * weekend * (0.92 + 0.16 * _chance(int(moment.timestamp()) // 3600))


def is_slow(moment: datetime) -> bool:
    """Return True if something is wrong with the site: now and then, for a minute or two."""
    part, second = divmod(int(moment.timestamp()), 900)
    return _chance(part) < 0.3 and 0 <= second - 2000 * _chance(part) < 100


@lru_cache
def _chance(seed: int) -> float:
    return Random(seed).random()


class _Run:
    """What happens between two times, first in memory."""

    def __init__(self, since: datetime, until: datetime, van: int) -> None:
        self.until, self.van = until, van
        self.chance = Random(since.timestamp())
        self.products = list(Product.objects.all())
        self.stock = {product.pk: product.stock for product in self.products}
        self.sales = list(Sale.objects.filter(ends__gt=since))
        unsent = Order.objects.exclude(state=Order.State.SENT).order_by("placed")
        self.queue = deque(each for each in unsent if each.state == Order.State.NEW)
        self.packed = [each for each in unsent if each.state == Order.State.PACKED]
        self.orders: list[Order] = []
        self.changed: list[Order] = []
        self.readings: list[Reading] = []
        self.hours: dict[datetime, Counter[str]] = {}
        for moment, seconds in _steps(since, until):
            self.step(moment, seconds)

    def step(self, now: datetime, seconds: float) -> None:
        sale = next((each for each in self.sales if each.begins <= now < each.ends), None)
        busy = demand(now) * (1.5 if sale else 1)
        visits = self.count(_VISITS * seconds * busy)
        trouble = is_slow(now)
        failures = self.count(visits * (0.04 if trouble else 0.0015))
        sums = self.hours.setdefault(now.replace(minute=0, second=0, microsecond=0), Counter())
        sums["visits"] += visits
        sums["failures"] += failures
        for _ in range(self.count((visits - failures) * _CONVERSION * (1.6 if sale else 1))):
            order = self.order(now, sale)
            if order:
                sums["orders"] += 1
                sums["cents"] += int(order.total * 100)
        self.pack(seconds)
        self.deliver(seconds)
        median = 30 + 16 * busy + self.chance.gauss(0, 2.5) + (70 if trouble else 0)
        slow = median * (2.1 + self.chance.random() * 0.5) + (190 if trouble else 0)
        figures = {"visits": visits, "failures": failures, "median": median, "slow": slow}
        if now > self.until - READINGS_KEPT:
            self.readings.append(Reading(at=now, seconds=seconds, **figures))

    def count(self, mean: float) -> int:
        """Return how often something happens that happens ``mean`` times (Poisson)."""
        if mean > 30:
            return max(0, round(self.chance.gauss(mean, math.sqrt(mean))))
        number, product, least = 0, self.chance.random(), math.exp(-mean)
        while product > least:
            number += 1
            product *= self.chance.random()
        return number

    def order(self, now: datetime, sale: Sale | None) -> Order | None:
        """Place an order; None if what the customer wants is sold out."""
        on_sale = sale.category if sale else None
        liked = [4 if each.category == on_sale else 1 for each in self.products]
        product = self.chance.choices(self.products, liked)[0]
        number = self.chance.choices((1, 2, 3), (78, 17, 5))[0]
        if self.stock[product.pk] < number:
            return None
        self.stock[product.pk] -= number
        percent = sale.percent if sale and product.category == on_sale else 0
        total = round(product.price * number * (100 - percent) / Decimal(100), 2)
        country = self.chance.choices(_CODES, _WEIGHTS)[0]
        order = Order(product=product, number=number, country=country, total=total, placed=now)
        self.orders.append(order)
        self.queue.append(order)
        return order

    def pack(self, seconds: float) -> None:
        """Pack what has waited longest, faster if the queue is long; a full van leaves."""
        for _ in range(self.count(seconds * (0.05 + len(self.queue) / 700))):
            if not self.queue:
                break
            order = self.queue.popleft()
            order.state = Order.State.PACKED
            self.packed.append(order)
            self.changed.append(order)
        if len(self.packed) >= VAN:
            for order in self.packed:
                order.state = Order.State.SENT
            self.changed += self.packed
            self.packed = []
            self.van += 1

    def deliver(self, seconds: float) -> None:
        """Fill empty shelves again, some time later."""
        for product in self.products:
            low = self.stock[product.pk] < product.shelf / 4
            if low and self.chance.random() < seconds / 600:
                self.stock[product.pk] = product.shelf

    def store(self) -> None:
        since = self.until - ORDERS_KEPT
        for product in self.products:
            if product.stock != self.stock[product.pk]:
                product.stock = self.stock[product.pk]
                product.save(update_fields=["stock"])
        placed = [each for each in self.orders if each.placed > since]
        stored = {each.pk: each for each in self.changed if each.pk}
        for state in (Order.State.PACKED, Order.State.SENT):
            keys = [key for key, each in stored.items() if each.state == state]
            Order.objects.filter(pk__in=keys).update(state=state)
        Order.objects.bulk_create(placed[:-1])
        Reading.objects.bulk_create(self.readings)
        for begins, sums in self.hours.items():
            hour, _ = Hour.objects.get_or_create(begins=begins)
            for name in ("orders", "visits", "failures"):
                setattr(hour, name, F(name) + sums[name])
            hour.revenue = F("revenue") + Decimal(sums["cents"]) / 100
            hour.save()
        Clock.objects.update(van=self.van)
        # Neither bulk_create() nor update() sends the signal that OnChange follows: save() does.
        for each in (placed or list(stored.values()))[-1:]:
            each.save()
        Hour.objects.filter(begins__lt=self.until - PAST - timedelta(hours=1)).delete()
        Reading.objects.filter(at__lt=self.until - READINGS_KEPT).delete()
        Sale.objects.filter(ends__lt=since).delete()
        Order.objects.filter(placed__lt=since).delete()


def _steps(since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """Yield times and the seconds that lead to them: larger steps long ago."""
    moment = since
    while moment < until:
        left = (until - moment).total_seconds()
        seconds = 60 if left > 90_000 else 10 if left > 600 else min(left, 2)
        moment += timedelta(seconds=seconds)
        yield moment, seconds
