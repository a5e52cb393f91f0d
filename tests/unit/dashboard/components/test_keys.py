"""Keys of components that are names of attributes: they work everywhere, or are refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLResolver

import dashboards
from dashboards.component import Component, Stat
from dashboards.component.bound import BoundComponent
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.dashboard.components import READ_BY_TEMPLATES
from dashboards.exceptions import DeclarationError
from dashboards.registry import Registry
from tests.addresses import addresses

TEMPLATES = Path(dashboards.__file__).parent / "templates"
NAMES = sorted(
    name
    for name in {
        *dir(ModelDashboard),
        *vars(ModelDashboard()),
        *dir(BoundComponent),
        *vars(BoundComponent(ModelDashboard(), Stat(), "key")),
        *("component", "dashboard", "kiosk", "kiosk_url", "rendered_value", "stream_url"),
    }
    if not name.startswith("_")
)
"""The public names of classes and instances, and of the contexts of templates."""

urlpatterns: list[URLResolver] = []


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    with (
        mock.patch("dashboards.views.index.registry", registry),
        mock.patch("dashboards.menus.menu.registry", registry),
        mock.patch("dashboards.views.kiosk.registry", registry),
    ):
        yield registry


def declare(key: str, base: type[Dashboard], **meta: Any) -> type[Dashboard]:
    options = type("Meta", (), {"app_label": "site", **meta})
    component: Component = Stat(value=f"value of {key}", live=True)
    return type(f"Keyed{base.__name__}", (base,), {key: component, "Meta": options})


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("base", [Dashboard, ModelDashboard])
@pytest.mark.parametrize("key", sorted(set(NAMES) - READ_BY_TEMPLATES))
def test_key_that_names_an_attribute_works_on_every_page(
    base: type[Dashboard],
    key: str,
    client: Client,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
):
    meta = {"model": Group} if base is ModelDashboard else {}
    dashboard = declare(key, base, **meta)
    registry.register(dashboard)
    group = Group.objects.create(name="The group")
    monkeypatch.setitem(globals(), "urlpatterns", addresses(dashboard))
    is_model = base is ModelDashboard
    path = f"/site/{dashboard.__name__.lower()}/" + (f"{group.pk}/" if is_model else "")
    title = "The group" if is_model else f"Keyed{base.__name__}".removesuffix("Dashboard")

    def get(url: str) -> str:
        response = client.get(url)
        assert response.status_code == 200
        return response.content.decode()

    with override_settings(ROOT_URLCONF=_as_module(urlpatterns)):
        for query in ("", "?kiosk", f"?{key}-page=2"):
            page = get(path + query)
            assert f"<title>{title}</title>" in page
            assert f'<h1 class="dashboards-title">{title}</h1>' in page
            assert page.count("<section ") == 1
            assert f"value of {key}" in page
        assert get(f"{path}@stream/").startswith(("retry:", "id:", ":", "event:"))
        assert get(f"{path}@component/{key}/").count(f"value of {key}") == 1
        assert f'<a href="{path}">{title}</a>' in get("/")


def _as_module(patterns: list[URLResolver]) -> Any:
    return type("Addresses", (), {"urlpatterns": patterns})


@pytest.mark.parametrize("key", sorted(READ_BY_TEMPLATES))
def test_key_that_templates_read_is_refused_with_class_and_attribute(key: str):
    """The box of a component with the key ``heading`` was put into the title of the page, and with
    ``time_ranges`` the page was a TypeError."""
    with pytest.raises(DeclarationError) as raised:
        declare(key, Dashboard)

    assert str(raised.value) == (
        f"KeyedDashboard.{key}: no component may have the key {key!r}, because templates read "
        f"dashboard.{key}: give it another key; its title may be any text."
    )


def test_attribute_with_another_key_may_be_named_as_what_templates_read():
    fine = type("Fine", (Dashboard,), {"heading": Stat(key="headline", title="Heading")})()

    assert list(fine.declared) == ["headline"]
    assert fine.heading == "Fine"


def test_added_component_with_a_key_that_templates_read_is_refused():
    class Added(Dashboard):
        def __init__(self, request: HttpRequest | None = None) -> None:
            super().__init__(request)
            self.components["heading"] = Stat()

    with pytest.raises(DeclarationError, match=r"Added\.heading: no component may have the key"):
        Added()


def test_every_attribute_that_the_package_s_templates_read_is_refused_as_a_key():
    read = {
        name
        for path in TEMPLATES.rglob("*.html")
        for tag in re.findall(r"{[{%].*?[%}]}", path.read_text())
        for name in re.findall(r"\bdashboard\.(?!html)(\w+)", tag)
    }

    assert "heading" in read
    assert read <= READ_BY_TEMPLATES
