"""Rendering a value once for all viewers."""

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import Client
from django.urls import get_urlconf, path, reverse
from django.utils import translation
from django.views.generic import RedirectView
from pytest_django import Settings

from dashboards.component.broadcast import broadcasting, fit_to_page
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


# Of the test below.
urlpatterns = i18n_patterns(
    path("help/", RedirectView.as_view(url="/"), name="help"), prefix_default_language=False
)


@pytest.mark.parametrize("language", ["de", "en"])
def test_url_in_frame_leads_to_language_of_page_whose_default_has_no_prefix(
    settings: Settings, language: str
):
    """Regression: links of a live table led from a German page to the English one, because an
    English URL has no prefix that a page could replace."""
    settings.ROOT_URLCONF = __name__
    with broadcasting():
        frame = f'<a href="{reverse("help")}">'
    with translation.override(language):
        assert fit_to_page(frame) == f'<a href="{reverse("help")}">'
    assert get_urlconf() is None
