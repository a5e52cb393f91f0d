"""Frames in the store of components that were renamed, retyped or removed."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import Settings

from dashboards.component import Chart, Stat, Text
from dashboards.dashboard import Dashboard, orphaned_frames
from dashboards.dashboard.metaclass import DashboardMetaclass
from dashboards.dashboard.orphaned_frames import forget
from dashboards.live import Every, push
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.permissions import IsAuthenticated
from dashboards.registry import Registry
from tests.addresses import addresses

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def release(**attributes: Any) -> type[Dashboard]:
    """Return the dashboard with the components of one release."""
    meta = type("Meta", (), {"app_label": "site"})
    made: Any = DashboardMetaclass("Shop", (Dashboard,), {"Meta": meta, **attributes})
    return Registry().register(cast("type[Dashboard]", made))


Old = release(
    orders=Stat(live=True),
    sold=Chart(live=True, max_points=5),
    note=Text(live=True),
    wages=Stat(live=True, permission_classes=[IsAuthenticated]),
    bonus=Stat(live=True, permission_classes=[IsAuthenticated]),
    kept=Stat(live=True),
    turning=Stat(value=lambda: 1, live=Every(seconds=60, delivery="per_viewer")),
)


New = release(
    requests=Stat(live=True),
    note=Stat(live=True),
    bonus=Stat(live=True, permission_classes=[IsAuthenticated]),
    kept=Stat(live=True, unit="kg"),
    turning=Stat(value=lambda: 1, live=Every(seconds=60, delivery="per_viewer")),
)


urlpatterns = addresses(New)


@pytest.fixture(autouse=True)
def _memory(settings: Settings) -> Iterator[None]:
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}},
        "FORGET_AFTER_SECONDS": 0,
    }
    yield
    orphaned_frames._seen.clear()


def open_page(dashboard: type[Dashboard]) -> str:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return str(dashboard(request).render_components())


def stored(channel: str = "site.shop") -> set[str]:
    return {frame.key for frame in get_store().since(channel, None).frames}


def push_all() -> None:
    pytest.importorskip("plotly")
    push(Old, orders=1, sold={"x": 1, "y": 2}, note="scribble", wages=9_999, bonus=5, kept=3)
    store, channel = get_store(), Old().channel
    store.put(channel, {"orders:state": "<p>Late</p>", "kept:state": "<p>Late</p>"})
    store.put(channel, {"turning": "0a1b2c3d"})  # Told to all pages: load your own.
    store.put(Old()._errors_channel, {"orders": "ValueError: no", "kept": "ValueError: no"})


def test_page_of_a_new_release_deletes_leftover_frames():
    # A component that was renamed or removed stayed in the store for ever, its points and errors
    # too; one that was retyped was sent to every stream, and shown on no page.
    push_all()
    before = get_store().heads(["site.shop"])

    html = open_page(New)

    bonus = New()["bonus"].event
    assert stored() == {"kept", "kept:state", "turning", bonus}
    assert stored(New()._restricted_channel) == {"bonus"}
    assert stored(New()._errors_channel) == {"kept"}
    assert get_store().heads(["site.shop"]) == before
    assert "scribble" not in html
    assert ">3" in html


def test_page_of_the_same_release_deletes_nothing():
    push_all()
    before = stored(), stored(Old()._restricted_channel), stored(Old()._errors_channel)

    open_page(Old)

    assert (stored(), stored(Old()._restricted_channel), stored(Old()._errors_channel)) == before


def test_release_rolled_back_in_time_shows_its_value_again(settings: Settings):
    settings.DASHBOARDS = {**settings.DASHBOARDS, "FORGET_AFTER_SECONDS": 60}
    push_all()

    open_page(New)
    open_page(New)

    assert ">1<" in open_page(Old)


def test_frame_stays_while_the_old_release_writes_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    # In a rolling deploy, processes of both releases serve pages and push for minutes. Neither may
    # delete the frames of the other.
    settings.DASHBOARDS = {**settings.DASHBOARDS, "FORGET_AFTER_SECONDS": 60}
    now = 0.0
    monkeypatch.setattr(orphaned_frames, "monotonic", lambda: now)
    for orders in range(5):
        push(Old, orders=orders)
        open_page(New)
        now += 40
    assert stored() == {"orders"}
    now += 21
    open_page(New)
    assert stored() == set()


def test_frame_of_an_added_component_is_kept():
    @Registry().register
    class Shop(Dashboard):
        class Meta:
            app_label = "site"

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.components["kept"] = Stat(live=True)

    push_all()

    open_page(Shop)

    assert {"orders", "kept"} <= stored()


def test_frame_of_a_hidden_component_is_kept():
    hidden = release(
        open=Stat(live=True),
        wages=Stat(live=True, permission_classes=[IsAuthenticated]),
    )
    push(hidden, wages=9_999)

    open_page(hidden)

    assert stored() == {hidden()["wages"].event}
    assert stored(hidden()._restricted_channel) == {"wages"}


def test_store_error_while_deleting_leftovers_leaves_the_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse(*_: object) -> None:
        msg = "read-only"
        raise RuntimeError(msg)

    push_all()
    monkeypatch.setattr(MemoryStore, "forget", refuse)

    assert ">3" in open_page(New)

    assert "store_refused" in {getattr(each, "event", "") for each in caplog.records}


def test_deleted_leftovers_are_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "dashboards.live")
    push(Old, orders=1)

    forget("site.shop", ["orders"])

    [record] = [each for each in caplog.records if hasattr(each, "event")]
    assert record.event == "orphaned_frames_deleted"
    assert record.getMessage() == "Deleted what earlier releases left of 'site.shop': orders."
