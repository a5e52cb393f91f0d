"""The base class of forms."""

import pytest

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from tests.books.boards import Find
from tests.books.models import Book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    Book.objects.create(title="Long <novel>", pages=900)
    Book.objects.create(title="Short poems", pages=20, genre="p")


def test_asdict_has_values_choices_and_labels():
    [genre, least, _] = Find(initial={"genre": "p"}).asdict()
    assert genre["value"] == "p"
    assert genre["choices"][0] == ("", "All")
    assert least["label"] == "At least pages"
    assert least["field_type"] == "NumberInput"
