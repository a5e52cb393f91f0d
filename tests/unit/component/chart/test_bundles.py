"""The bundles of plotly.js that a site has among its static files."""

from types import SimpleNamespace

import pytest

from dashboards.component.chart import bundles
from dashboards.component.chart.bundles import BUNDLES, PLOTLY, find_bundles, read_version
from dashboards.embedding import render_scripts

BASIC = BUNDLES["basic"]


def test_site_without_smaller_bundles_offers_none():
    assert find_bundles.__wrapped__() == {}


def test_bundle_that_a_finder_finds_is_offered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("django.contrib.staticfiles.finders.find", {BASIC: "/a/file"}.get)

    assert find_bundles.__wrapped__() == {"basic": BASIC}


def test_bundle_that_was_collected_is_offered_without_its_source(monkeypatch: pytest.MonkeyPatch):
    storage = SimpleNamespace(hashed_files={BASIC: "dashboards/plotly/plotly-basic.min.1f.js"})
    monkeypatch.setattr(bundles, "staticfiles_storage", storage)

    assert find_bundles.__wrapped__() == {"basic": BASIC}


def test_page_names_the_addresses_of_bundles(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.embedding.find_bundles", lambda: {"basic": BASIC})
    # Of other bundles another test may have rendered them.
    monkeypatch.setattr("dashboards.component.fragments._fragments", {})

    offered = f"{{&quot;basic&quot;: &quot;/static/{BASIC}&quot;}}"
    assert f'data-dashboards-plotly-bundles="{offered}"' in render_scripts([])


def test_version_is_read_from_the_first_lines_and_empty_without_a_file():
    pytest.importorskip("plotly")
    assert read_version(PLOTLY).count(".") == 2
    assert read_version(BASIC) == ""
