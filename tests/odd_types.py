"""Types of values that have no number and no text, or another one than their own."""

import enum
from dataclasses import dataclass

from django.db.models import TextChoices

from dashboards.component import Drawing


class Color(enum.Enum):
    """An enum without labels."""

    RED = "red"


class State(TextChoices):
    """An enum with labels."""

    OPEN = "o", "Open door"


@dataclass
class Bars(Drawing):
    """A project's own drawing."""

    element = "shop-bars"
