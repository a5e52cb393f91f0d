"""Tables that are live or deferred."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from dashboards.component import Table
from dashboards.component.release import strip_mark
from dashboards.exceptions import ValueTooLargeError
from dashboards.live import Every, push
from dashboards.live.stores import get_store
from tests.books.boards import Shelf
from tests.unit.component.table.support import PAGE, bind, make_books

pytestmark = pytest.mark.django_db


def put(key: str, value: Any) -> str:
    target = Shelf()
    with target.broadcasting():
        frame = target.prepare_pushed(key, value, 0).render()
    get_store().put(target.channel, {key: frame})
    assert isinstance(frame, str)
    return frame


def test_pushed_table_shows_all_rows_without_controls(client: Client):
    frame = put("pushed", [{"n": n} for n in range(40)])

    assert frame.count("<tr>") == 41
    assert "hx-" not in frame
    answer = client.get("/books/shelf/@component/pushed/?pushed-sort=-n&pushed-export=csv")
    assert answer.content.decode() == strip_mark(frame)


def test_push_of_a_million_rows_is_refused_unrendered():
    """A million rows without pages took minutes to render, and were to be sent to every page. They
    are refused by their number, with the limit and the setting."""
    rows = [{"n": 1}] * 1_000_000
    with pytest.raises(ValueTooLargeError) as refused:
        push(Shelf, "pushed", rows)
    assert str(refused.value) == (
        "Shelf.pushed: a table without pages shows 111,111 rows at most, for 2,000,000 bytes are "
        "stored and sent to pages. Show fewer, let it be loaded in pages (a Table whose value is "
        "callable), or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )


def test_pushed_table_is_in_the_language_of_the_site():
    with translation.override("de"):
        frame = put("pushed", [{"yes": True, "n": 1234.5}])

    assert '<th scope="row">yes</th>' in frame
    assert "1234.5" in frame


def test_sorted_live_table_is_loaded_by_its_viewer_alone(client: Client):
    make_books(60)
    url = "/books/shelf/@component/live/"
    shared = client.get(url).content.decode()

    own = client.get(f"{url}?live-sort=-pages").content.decode()

    assert "data-dashboards-view-url" not in shared
    assert f'data-dashboards-view-url="{url}?live-sort=-pages"' in own
    assert "Book 000059" in own
    assert "Book 000059" not in shared
    page = client.get(f"{PAGE}?live-sort=-pages").content.decode()
    assert f'data-dashboards-view-url="{url}?live-sort=-pages"' in page
    stream = client.get("/books/shelf/@stream/").content.decode()
    assert "Book 000059" not in stream


def test_deferred_table_loads_with_the_parameters_of_its_page(client: Client):
    make_books(60)

    page = client.get(f"{PAGE}?later-page=3&later-sort=-pages").content.decode()

    [address] = re.findall(r'hx-get="([^"]*/later/[^"]*)"[^>]*hx-trigger="dashboards:seen', page)
    assert unescape(address).endswith("/later/?later-page=3&later-sort=-pages")
    answer = client.get(unescape(address)).content.decode()
    assert "21–30 of 60" in answer  # noqa: RUF001


def test_foreign_parameters_leave_a_computed_table_shared():
    calls: list[int] = []

    def rows() -> list[dict[str, int]]:
        calls.append(1)
        return [{"n": 1}]

    bound = bind(Table(value=rows, live=Every(seconds=1)), "it-nothing=1&other-sort=n")

    assert bound.is_customized is False
    assert bound.addresses.url.endswith("/@component/it/")


def test_pushed_rows_are_read_at_the_push(django_capture_on_commit_callbacks: Any, settings: Any):
    rows = [{"n": 1}]
    with django_capture_on_commit_callbacks(execute=True):
        push(Shelf, "pushed", rows)
        rows.append({"n": 2})

    html = str(Shelf(RequestFactory().get("/")).render_content("pushed"))
    assert html.count("<tr>") == 2
