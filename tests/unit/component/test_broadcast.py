"""Rendering a value once for all viewers."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from dashboards.live import push
from tests.site.dashboards import Figures


@pytest.mark.django_db
def test_pushed_value_is_in_the_language_of_the_site(
    django_capture_on_commit_callbacks: Any,
):
    pytest.importorskip("markdown_it")
    pytest.importorskip("nh3")
    with translation.override("de"), django_capture_on_commit_callbacks(execute=True):
        push(Figures, errors=1234.5)
    html = Client().get("/site/figures/").content.decode()
    assert "1,234.5" in html
    assert "1,234,567" in html, "computed"
