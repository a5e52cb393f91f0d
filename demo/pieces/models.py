"""The models of a small shop, which the dashboards show."""

from django.db import models
from django.urls import reverse
from django.utils import timezone


class Country(models.TextChoices):
    """Countries by ISO 3166-1 alpha-3, as plotly.js expects."""

    BRAZIL = "BRA", "Brazil"
    CANADA = "CAN", "Canada"
    FRANCE = "FRA", "France"
    GERMANY = "DEU", "Germany"
    INDIA = "IND", "India"
    ITALY = "ITA", "Italy"
    JAPAN = "JPN", "Japan"
    KENYA = "KEN", "Kenya"
    POLAND = "POL", "Poland"
    SPAIN = "ESP", "Spain"
    SWEDEN = "SWE", "Sweden"
    UNITED_STATES = "USA", "United States"


class Customer(models.Model):
    name = models.CharField(max_length=60)
    country = models.CharField(max_length=3, choices=Country)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dashboards:pieces_customerboard_detail", args=[self.name])


class Order(models.Model):
    class Category(models.TextChoices):
        BOOKS = "books", "Books"
        GARDEN = "garden", "Garden"
        KITCHEN = "kitchen", "Kitchen"
        TOYS = "toys", "Toys"

    class State(models.TextChoices):
        NEW = "new", "New"
        PACKED = "packed", "Packed"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Cancelled"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    category = models.CharField(max_length=10, choices=Category)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    total = models.DecimalField(max_digits=8, decimal_places=2)
    placed = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"Order {self.pk}"
