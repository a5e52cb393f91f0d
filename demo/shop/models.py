"""What a shop knows: goods, orders, sales, and how its site is."""

from django.db import models


class Product(models.Model):
    class Category(models.TextChoices):
        BOOKS = "books", "Books"
        GARDEN = "garden", "Garden"
        KITCHEN = "kitchen", "Kitchen"
        TOYS = "toys", "Toys"

    name = models.CharField(max_length=40)
    category = models.CharField(max_length=10, choices=Category)
    price = models.DecimalField(max_digits=6, decimal_places=2)
    shelf = models.PositiveIntegerField(help_text="How many there are after a delivery.")
    stock = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """An order of the last day; older ones are in the sums of their hours."""

    class State(models.TextChoices):
        NEW = "new", "New"
        PACKED = "packed", "Packed"
        SENT = "sent", "Sent"

    product = models.ForeignKey(Product, models.CASCADE)
    number = models.PositiveIntegerField()
    country = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=8, decimal_places=2)
    state = models.CharField(max_length=6, choices=State, default=State.NEW, db_index=True)
    placed = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"#{self.pk}"


class Sale(models.Model):
    category = models.CharField(max_length=10, choices=Product.Category)
    percent = models.PositiveIntegerField()
    begins = models.DateTimeField()
    ends = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.percent} % off {self.get_category_display()}"


class Hour(models.Model):
    """The sums of one hour."""

    begins = models.DateTimeField(unique=True)
    orders = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    visits = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m-%d %H:00}"


class Reading(models.Model):
    """What the shop's site did in some seconds of the last hour."""

    at = models.DateTimeField(db_index=True)
    seconds = models.FloatField()
    visits = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    median = models.FloatField(help_text="Milliseconds of half of the answers.")
    slow = models.FloatField(help_text="Milliseconds that one answer of twenty exceeds.")

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S}"


class Clock(models.Model):
    """One row: the time up to which everything above has happened."""

    until = models.DateTimeField()
    van = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.until:%H:%M:%S}"
