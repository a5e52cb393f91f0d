"""Models for tables and forms of the tests."""

from django.contrib.auth.models import User
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/authors/{self.pk}/"


class Book(models.Model):
    class Genre(models.TextChoices):
        NOVEL = "n", "Novel"
        POETRY = "p", "Poems"

    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="books")
    editors = models.ManyToManyField(Author, related_name="edited")
    pages = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    weight = models.FloatField(null=True)
    published = models.DateField(null=True)
    sold = models.DateTimeField(null=True)
    in_print = models.BooleanField(default=True)
    genre = models.CharField(max_length=1, choices=Genre, default=Genre.NOVEL)
    code = models.UUIDField(null=True)
    secret = models.CharField(max_length=100, default="hush")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/books/{self.pk}/"

    @property
    def shout(self) -> str:
        return self.title.upper()


class Classic(Book):
    """A proxy of Book."""

    class Meta:
        proxy = True


class Paperback(Book):
    """A child of Book with a table of its own."""

    format = models.CharField(max_length=20, default="pocket")


class Member(User):
    """A proxy of User."""

    class Meta:
        proxy = True


class Employee(User):
    """A child of User with a desk."""

    desk = models.CharField(max_length=20, default="")
