"""The figures of the board, each derived from the same orders and visits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from demo.shop.goods import COUNTRIES
from demo.shop.models import Clock, Hour, Order, Product, Reading, Sale
from demo.shop.simulation import VAN, advance

# The value of each line at one time.
Moment = Sequence[dict[str, Any] | None]

DAY = timedelta(days=1)


def day(ago: int = 0) -> QuerySet[Hour]:
    """Return the hours of a day that ends now, or so many days ago."""
    this = timezone.now().replace(minute=0, second=0, microsecond=0) - ago * DAY
    return Hour.objects.filter(begins__gt=this - DAY, begins__lte=this).order_by("begins")


def sums(ago: int = 0) -> dict[str, Any]:
    names = ("orders", "revenue", "visits", "failures")
    return day(ago).aggregate(**{name: Sum(name, default=0) for name in names})


def full_hours(name: str) -> list[float]:
    """Return a sum for each full hour of the day: the present hour has just begun."""
    return [float(each) for each in day().values_list(name, flat=True)][:-1]


def beside_the_day_before(name: str) -> dict[str, Any]:
    """Return a sum of the day, and its change since the day before in percent."""
    now, before = sums()[name], sums(1)[name]
    change = None
    if before:
        percent = round(100 * float(now - before) / float(before), 1)
        change = {"by": percent, "unit": "%", "period": "in a day"}
    return {"text": now, "change": change, "sparkline": full_hours(name)}


def revenue() -> dict[str, Any]:
    return beside_the_day_before("revenue")


def orders() -> dict[str, Any]:
    return beside_the_day_before("orders")


def conversion() -> dict[str, Any]:
    now = sums()
    percent = 100 * now["orders"] / max(now["visits"], 1)
    basket = now["revenue"] / max(now["orders"], 1)
    shares = [100 * each.orders / max(each.visits, 1) for each in day()][:-1]
    return {
        "text": percent,
        "sub_text": f"€{basket:.2f} an order",
        "sparkline": shares,
    }


def visitors() -> dict[str, Any]:
    """Let the shop move, and count its visitors."""
    advance()
    minute = recent(timedelta(minutes=1))
    parts = recent(timedelta(minutes=15))
    now, bins = timezone.now(), [0] * 30
    for each in parts:
        bins[min(int((now - each.at).total_seconds() // 30), 29)] += each.visits
    return {
        "text": sum(each.visits for each in minute),
        "sub_text": "in the last minute",
        "sparkline": bins[:0:-1],
    }


def recent(span: timedelta) -> QuerySet[Reading]:
    return Reading.objects.filter(at__gt=timezone.now() - span).order_by("at")


def failures() -> dict[str, Any]:
    readings = recent(timedelta(minutes=5))
    visits, failed = (
        sum(getattr(each, name) for each in readings) for name in ("visits", "failures")
    )
    percent = 100 * failed / max(visits, 1)
    return {"value": percent, "sub_text": f"{failed} of {visits:,} requests in 5 minutes"}


def queue() -> dict[str, Any]:
    waiting = Order.objects.filter(state=Order.State.NEW)
    oldest = waiting.order_by("placed").first()
    minutes = int((timezone.now() - oldest.placed).total_seconds() // 60) if oldest else 0
    return {"value": waiting.count(), "sub_text": f"the oldest for {minutes} min"}


def by_hour() -> dict[str, Any]:
    """Return the figure of two days, hour by hour."""
    today, before = list(day()), list(day(1))
    hours = [each.begins for each in today]
    return {
        "data": [
            {
                "type": "bar",
                "name": "Last 24 hours",
                "x": hours,
                "y": [each.revenue for each in today],
                "hovertemplate": "€%{y:,.0f}",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "The day before",
                "x": hours,
                "y": [each.revenue for each in before],
                "line": {"shape": "spline"},
                "hovertemplate": "€%{y:,.0f}",
            },
        ],
        "layout": {
            "bargap": 0.25,
            "hovermode": "x unified",
            "xaxis": {"type": "date", "tickformat": "%H:%M", "showgrid": False, "tickangle": 0},
            "yaxis": {"tickprefix": "€", "tickformat": "~s", "rangemode": "tozero", "nticks": 5},
        },
    }


def by_country() -> dict[str, Any]:
    counts = Order.objects.values("country").annotate(orders=Count("pk")).order_by("-orders")
    return {
        "data": [
            {
                "type": "choropleth",
                "locations": [each["country"] for each in counts],
                "z": [each["orders"] for each in counts],
                "text": [COUNTRIES[each["country"]][0] for each in counts],
                "hovertemplate": "%{text}: %{z:,} orders<extra></extra>",
                "showscale": False,
            }
        ],
        "layout": {
            "geo": {
                "projection": {"type": "natural earth"},
                "lataxis": {"range": [-56, 78]},
                "showcountries": True,
            },
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        },
    }


def newest() -> list[dict[str, Any]]:
    shown = Order.objects.select_related("product").order_by("-placed", "-pk")[:9]
    return [
        {
            "product": f"{each.number} × {each.product}" if each.number > 1 else str(each.product),  # noqa: RUF001 - the sign of multiplication is meant
            "country": COUNTRIES[each.country][0],
            "total": each.total,
            "placed": each.placed,
        }
        for each in shown
    ]


def stock() -> Sequence[Product]:
    return list(Product.objects.order_by("name"))


def dispatch() -> dict[str, Any]:
    packed = Order.objects.filter(state=Order.State.PACKED).count()
    van = Clock.objects.get().van
    return {
        "value": packed,
        "max": VAN,
        "step": "Load" if packed > VAN - 5 else "Pack" if packed else "Pick",
        "text": f"Van {van}: {packed} of {VAN} parcels",
    }


def sale() -> dict[str, Any]:
    now = timezone.now()
    running = Sale.objects.filter(begins__lte=now, ends__gt=now).last()
    if running is None:
        return {"text": "None", "sub_text": "Start one: orders rise within seconds."}
    sold = Order.objects.filter(product__category=running.category, placed__gte=running.begins)
    return {
        "text": str(running),
        "sub_text": f"{sold.count()} orders so far, until {running.ends:%H:%M:%S}",
    }


class Points:
    """The value of a growing chart: the readings since its previous call.

    Whoever did not compute the turn before does not know what pages show: another process computed
    it, or nobody was watching. Then all points are returned, in place of those that there were.
    """

    def __init__(self, *names: str, limit: int) -> None:
        self.names, self.limit = names, limit
        self.until: datetime | None = None

    def __call__(self) -> Sequence[Moment]:
        readings = Reading.objects.order_by("-at")
        known = self.until and timezone.now() - self.until < timedelta(seconds=5)
        shown = readings.filter(at__gt=self.until) if known else readings[: self.limit]
        found = list(shown)[::-1]
        if found:
            self.until = found[-1].at
        points: list[Moment] = [
            [{"x": each.at, "y": round(getattr(each, name), 1)} for name in self.names]
            for each in found
        ]
        nothing: list[Moment] = [[None] * len(self.names)] * (self.limit - len(points))
        return points if known else [*nothing, *points]
