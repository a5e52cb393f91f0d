"""Types of values that have no number and no text, or another one than their own."""

import enum
from dataclasses import dataclass

from django.db.models import TextChoices

from dashboards.component import Drawing


class Color(enum.Enum):
    """Has no text of its own."""

    RED = "red"


class State(TextChoices):
    """Has labels."""

    OPEN = "o", "Open door"


@dataclass
class Bars(Drawing):
    """A drawing of one's own."""

    element = "shop-bars"
