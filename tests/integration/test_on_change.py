"""Values that are recomputed when a model changes."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live import Every, OnChange
from dashboards.live.stores import get_store
from dashboards.registry import Registry
from dashboards.testing import Page, advance, connect, render
from tests.harness import Site
from tests.site.dashboards import Changing

pytestmark = pytest.mark.django_db(transaction=True)


def users(page: Page) -> str:
    """Return the number of users that a page shows, without its turn."""
    return page["users"].text.partition(",")[0]


def test_page_computes_value_only_after_change(isolated: None):
    first = render(Changing)["users"].text
    assert first.startswith("0 users")
    render(Changing).expect(users=first)
    User.objects.create(username="one")
    assert users(render(Changing)) == "1 users"
    User.objects.get().delete()
    assert users(render(Changing)) == "0 users"


def test_change_rolled_back_makes_nothing_due(isolated: None):
    live = connect(Changing)
    with transaction.atomic():
        User.objects.create(username="one")
        transaction.set_rollback(True)
    advance(1)
    assert live.events == ()


def test_change_makes_value_due_on_commit(isolated: None):
    live = connect(Changing)
    with transaction.atomic():
        User.objects.create(username="one")
        advance(1)
        assert live.events == ()
    advance(1)
    assert users(live) == "1 users"


def test_change_of_other_model_makes_nothing_due(isolated: None):
    live = connect(Changing)
    Group.objects.create(name="one")
    advance(1)
    assert live.events == ()


def test_store_failure_does_not_undo_save(monkeypatch, caplog):
    def fail(channel: str, frames: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(get_store(), "put", fail)
    User.objects.create(username="one")
    assert User.objects.exists()
    assert "ConnectionError" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "at least one model"),
        (("auth.User",), {"debounce": 0}, "debounce must be above 0"),
        (("auth.User",), {"seconds": 0}, "seconds at least 0.1"),
        (
            ("auth.User",),
            {"delivery": "shout"},
            "delivery must be one of 'broadcast', 'per_viewer'",
        ),
        (("auth.User",), {"delivery": "per_viewer", "jitter": -1}, "jitter a number of at least 0"),
    ],
)
def test_invalid_onchange_arguments_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        OnChange(*arguments, **options)


@Registry().register
class Adding(Dashboard):
    def __init__(self, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(request=request, **kwargs)
        self.components["kinds"] = Stat(
            value=lambda: ContentType.objects.filter(app_label="new").count(),
            live=OnChange("contenttypes.ContentType"),
        )

    class Meta:
        app_label = "site"


def test_component_added_by_instance_detects_changes():
    def kinds() -> str:
        page = Adding(RequestFactory().get("/"))
        page.compute_due(deferred=False)
        return str(page.render_content("kinds"))

    assert ">0<" in kinds()
    ContentType.objects.create(app_label="new", model="one")
    assert ">1<" in kinds()


def test_component_added_by_instance_keeps_bulk_deletions_fast():
    """With a receiver for deletions of all models, Django reads each object before it deletes it. A
    dashboard with components added by its instances slowed down the whole project this way."""

    class Undeclared:
        """Stands for a model that no component names."""

    assert post_save.has_listeners(Undeclared), "the site has such a dashboard"
    assert not post_delete.has_listeners(Undeclared)


def test_component_added_by_instance_detects_changes_of_other_process(
    site: Site,
):
    """Regression: only processes that had served such a dashboard knew the models of its
    components. A save in another process, such as a management command, was shown a minute
    later."""
    with site.open_stream("/site/dynamic/@stream/") as stream:
        stream.until("0 new")
        for number in (1, 2):
            site.execute(
                "from django.contrib.auth.models import Permission\n"
                "from django.contrib.contenttypes.models import ContentType\n"
                "kind = ContentType.objects.get_for_model(Permission)\n"
                f"Permission.objects.create(name='new', content_type=kind, codename='{number}')"
            )
            stream.until(f"{number} new")


def test_change_of_unused_model_stores_nothing():
    store = get_store()
    Session.objects.create(session_key="x", session_data="", expire_date=timezone.now())

    assert store.heads(["model:sessions.session"]) == {}


def name_of(object: Any) -> str:  # noqa: A002 - values are called with it
    return f"<{object.name}>"


async def later_name_of(object: Any) -> str:  # noqa: A002
    return f"<{object.name}>"


class Named(ModelDashboard):
    changed = Stat(value=name_of, live=OnChange("auth.Group"))
    regular = Stat(value=name_of, live=Every(seconds=60))
    later = Stat(value=later_name_of, live=OnChange("auth.Group"))
    mine = Stat(live=OnChange("auth.Group"))

    def get_mine_value(self) -> str:
        return f"<{self.object.name}>"

    class Meta:
        app_label = "site"
        model = Group


def test_value_of_object_uses_its_current_row():
    """A stream that was opened yesterday shows the row as it was saved today."""
    group = Group.objects.create(name="one")
    watched = Named(object=group)
    sources = watched.get_computed_values()
    assert ["&lt;one&gt;" in str(each.render()) for each in sources] == [True] * 4

    Group.objects.filter(pk=group.pk).update(name="two")

    assert ["&lt;two&gt;" in str(each.render()) for each in sources] == [True] * 4
    assert group.name == "one", "the caller's instance is not changed"

    Group.objects.all().delete()

    assert ["&lt;two&gt;" in str(each.render()) for each in sources] == [True] * 4


@pytest.mark.django_db  # In a test's transaction values are computed in the test's own thread.
def test_page_reloads_object_changed_meanwhile():
    group = Group.objects.create(name="one")
    page = Named(RequestFactory().get("/"), group)
    changed = Group.objects.get()
    changed.name = "two"
    changed.save()

    with CaptureQueriesContext(connection) as queries:
        page.compute_due(deferred=False)

    assert sum('FROM "auth_group"' in each["sql"] for each in queries) == 1, "once for all four"

    assert page.render_components().count("&lt;two&gt;") == 4
