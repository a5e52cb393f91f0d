"""Tables in every form that a value may have."""

import itertools
from typing import Any

from django_tables2 import Column

from dashboards.component import BasicTable, Table
from dashboards.component.table import TableSerializer
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard
from dashboards.live import Every, OnChange
from dashboards.permissions import IsAdminUser
from dashboards.registry import registry
from tests.books.models import Book

_turns = itertools.count(1)


class Books(TableSerializer):
    class Meta:
        title = "Books"
        columns = {  # noqa: RUF012 - as users write it
            "title": "Title",
            "author__name": Column("Author", linkify=True),
            "pages": "Pages",
            "price": NumberColumn(decimals=2, suffix=" €"),
            "published": "Published",
            "in_print": "In print",
            "genre": "Genre",
            "shout": "Loud",
        }
        model = Book
        order = "title"
        first_as_absolute_url = True

    @staticmethod
    def get_genre_value(obj: Book) -> str:
        return f"*{obj.get_genre_display()}*"


@registry.register
class Shelf(Dashboard):
    """Tables of a model, of a list, deferred, and live."""

    books = Table(value=Books, grid_css_classes="span-12")
    later = Table(defer=Books, page_size=10)
    plain = BasicTable(value=[{"name": "<b>bold</b>", "n": 1}, {"name": "b", "n": 2}])
    live = Table(value=Books, live=OnChange("books.Book"), grid_css_classes="span-12")
    pushed = Table(live=True)


def turns() -> list[dict[str, Any]]:
    turn = next(_turns)
    return [{"name": f"row {n:02}", "turn": turn} for n in range(60)]


@registry.register
class Ticking(Dashboard):
    """Tables that change every second: sent to all, loaded when told to, and polled."""

    rows = Table(value=turns, live=Every(seconds=1), page_size=10, grid_css_classes="span-12")
    told = Table(value=turns, live=Every(seconds=1, how="refresh", spread=0), page_size=10)
    polled = Table(value=turns, poll_rate=1, page_size=10)


@registry.register
class Vault(Dashboard):
    """For staff only."""

    books = Table(value=Books)

    class Meta:
        permission_classes = (IsAdminUser,)
