"""The test kit, used as a project uses it: in Django's test classes, and in async tests."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client, TestCase, TransactionTestCase, override_settings

from dashboards.exceptions import ComponentValueError, UnknownComponentError
from dashboards.live import apush, push
from dashboards.live.access.revocations import revoke
from dashboards.live.stores import get_store
from dashboards.live.stores.database import DatabaseStore
from dashboards.registry import Registry, registry
from dashboards.testing import (
    DashboardTestMixin,
    Page,
    aadvance,
    acompute,
    aconnect,
    advance,
    arender,
    assert_pushed,
    compute,
    connect,
    outbox,
    render,
)
from tests.site.dashboards import (
    Anyhow,
    Changing,
    Deferred,
    Failing,
    Filtered,
    GroupBoard,
    Later,
    Live,
    Mine,
    Mixed,
    Personal,
    Quiet,
    Series,
    Staff,
    Uneven,
)


def count(live: Page, key: str) -> str:
    """Return the number of users that a box of the test site shows, without its turn."""
    return live[key].text.partition(",")[0]


class Cases(DashboardTestMixin):
    """What holds with a transaction around the test, and without."""

    captureOnCommitCallbacks: Any  # noqa: N815 - Django's name

    def setUp(self) -> None:
        self.ann = User.objects.create(username="ann")
        self.boss = User.objects.create(username="boss", is_staff=True)

    def test_push_arrives_after_the_commit_and_not_after_a_rollback(self) -> None:
        live = connect(Live)
        with transaction.atomic():
            push(Live, number=1)
            live.catch_up()
            assert live.events == ()
        live.expect(number=1)

        with transaction.atomic():
            push(Live, number=2)
            transaction.set_rollback(True)
        live.expect(number=1)

    def test_stream_ends_when_its_user_logs_out(self) -> None:
        live = connect(Staff, user=self.boss)

        live.client.logout()

        assert live.is_closed
        assert not live.is_open
        push(Staff, secret="news")
        assert live.events == ()
        live.resume()
        assert live.is_refused
        assert live.status_code == 403

    def test_stream_ends_when_its_user_loses_access(self) -> None:
        live, other = connect(Staff, user=self.boss), connect(Mixed, user=self.ann)
        User.objects.filter(pk=self.boss.pk).update(is_staff=False)
        revoke(dashboard=Staff)

        assert live.is_closed
        assert other.is_open
        live.resume()
        assert live.is_refused

    def test_value_is_computed_after_a_change(self) -> None:
        live = connect(Changing)
        before = User.objects.count()
        assert count(live, "users") == f"{before} users"

        with transaction.atomic():
            User.objects.create(username="new")
        with pytest.raises(AssertionError):
            live.expect(users="anything else")  # Time passes.

        assert count(live, "users") == f"{before + 1} users"

    def test_value_of_each_viewer_is_loaded_by_its_page(self) -> None:
        ann, nobody = connect(Personal, user=self.ann), connect(Personal)
        before = ann["changed"].text

        Group.objects.create(name="new")
        with pytest.raises(AssertionError):
            ann.expect(changed="anything else")

        assert ann["changed"].text != before
        assert ann["changed"].text.startswith("ann asked")
        assert nobody["changed"].text.startswith("AnonymousUser asked")

    def test_value_is_computed_when_its_time_has_come(self) -> None:
        live = connect(Live)
        first = live["turns"].text

        advance(0.5)
        assert live["turns"].text == first
        advance(1)
        assert live["turns"].text != first

    def test_pushes_are_in_the_outbox(self) -> None:
        with transaction.atomic():
            push(Live, number=1, note="one")
            assert outbox == []
        assert_pushed(Live, number=1)
        push(Mine(user=self.ann), note="hers")

        assert_pushed(Live, number=1, note="one")
        assert_pushed(Live)
        assert_pushed(Mine(user=self.ann), note="hers")
        assert [each.values for each in outbox] == [{"number": 1, "note": "one"}, {"note": "hers"}]
        for wrong in ({"number": 2}, {"number": 1, "note": "two"}):
            with pytest.raises(AssertionError):
                assert_pushed(Live, **wrong)
        with pytest.raises(AssertionError) as caught:
            assert_pushed(Live, bar=1)
        assert str(caught.value) == (
            "Live was not pushed bar=1. What was pushed:\n"
            "  Live: number=1, note='one'\n"
            "  Mine(user=ann): note='hers'"
        )
        with pytest.raises(AssertionError):
            assert_pushed(Mine(user=self.boss), note="hers")

    def test_captured_callbacks_push_once(self) -> None:
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            push(Live, number=1)
            transaction.on_commit(lambda: push(Live, note="from a callback"))

        assert_pushed(Live, number=1)
        assert_pushed(Live, note="from a callback")
        assert len(outbox) == 2

    async def test_async_functions_do_the_same(self) -> None:
        page = await arender(Later)
        await page.aload("deferred")
        assert page["deferred"].text == "arrived"
        assert (await (await arender(Anyhow)).asubmit("sent", whole="many")).status_code == 422
        live = await aconnect(Changing)
        before = await User.objects.acount()
        assert (await acompute(Changing, "users")).startswith(f"{before} users")
        await User.objects.acreate(username="new")
        await aadvance(1)
        assert count(live, "users") == f"{before + 1} users"
        other = await aconnect(Live)
        await other.adrop()
        await apush(Live, number=12)
        await other.aresume()
        await other.aexpect(number=12)
        await other.acatch_up()
        assert other.is_open


class KitInTestCaseTests(Cases, TestCase):
    """Nothing is committed. These cases also stand for those that have to do with no commit."""

    def test_page_shows_texts_and_values(self) -> None:
        push(Live, number=1234, bar=40)

        page = render(Live, query={"name": "Ann"})

        assert page.status_code == 200
        assert page["greeting"].text == "Hello Ann"
        page.expect(greeting="Hello Ann", number=1234, bar=40, note="")
        assert page["note"].state == "Waiting for the first value…"
        assert list(page)[:2] == ["number", "note"]
        assert "<h1" in page.html

    def test_page_that_user_may_not_open_is_refused(self) -> None:
        assert render(Staff).is_refused
        assert render(Staff).status_code == 302
        assert render(Staff, user=self.ann).status_code == 403
        assert "secret" in render(Staff, user=self.boss)
        with pytest.raises(AssertionError, match="was refused, with the status 403"):
            _ = render(Staff, user=self.ann)["secret"]

    def test_hidden_component_is_not_on_the_page(self) -> None:
        assert "secret" not in render(Mixed, user=self.ann)
        assert "secret" in render(Mixed, user=self.boss)
        with pytest.raises(UnknownComponentError, match="shows no 'secret'; it shows open"):
            _ = render(Mixed, user=self.ann)["secret"]

    def test_page_of_an_object(self) -> None:
        group = Group.objects.create(name="first")

        page = render(GroupBoard, object=group)

        page.expect(about="group first")
        # A missing object and a forbidden one are the same to a viewer.
        secret = Group.objects.create(name="secret")
        assert render(GroupBoard, object=secret, user=self.ann).status_code == 404

    def test_error_of_a_value_is_raised_or_fails_its_box(self) -> None:
        with pytest.raises(OSError, match=re.escape("no sensor")):
            render(Failing)

        page = render(Failing, raises=False)

        assert page.errors.keys() == {"plain", "polled", "own"}
        assert page["plain"].has_failed
        assert page["plain"].state == "Could not be loaded."

    def test_deferred_components_are_loaded(self) -> None:
        page = render(Later)
        assert page["deferred"].text == ""
        assert page["deferred"].state == "Loading…"

        assert page.load("deferred")["deferred"].text == "arrived"
        assert page["called"].text == ""
        assert page.load()["called"].text.startswith("called with")
        assert render(Deferred).load()["later_19"].text == "value 19."

    def test_loaded_component_has_the_filters_of_its_page(self) -> None:
        page = render(Uneven, query={"q": "x"}, raises=False).load("first", "failing", "last")

        page.expect(first="first x", last="last")
        assert page.errors.keys() == {"failing"}

    def test_filters_are_parameters(self) -> None:
        assert (
            "2023 None [abc]" in render(Filtered, query={"year": 2023, "word": "abc"})["now"].text
        )

    def test_form_that_filters_is_submitted(self) -> None:
        Group.objects.create(name="first")
        page = render(Anyhow)
        page.expect(found=1)

        page.submit("own", whole=0)

        assert page.status_code == 200
        assert count(page, "found") == "0"

    def test_form_that_is_posted_shows_its_errors_or_is_saved(self) -> None:
        page = render(Anyhow)

        page.submit("sent", whole="many")
        assert page.status_code == 422
        assert "Enter a whole number." in page["sent"].text

        page.submit("sent", whole=3)
        assert page.status_code == 200
        assert "Saved." in page["sent"].text
        with pytest.raises(AssertionError, match=re.escape("Anyhow.found shows no form")):
            page.submit("found")

    def test_session_of_an_own_client_is_used(self) -> None:
        client = Client()
        client.force_login(self.boss)

        assert not render(Staff, client=client).is_refused

    def test_pushed_values_arrive(self) -> None:
        live = connect(Live)

        push(Live, number=12, note="twelve", bar={"value": 40, "text": "Copying"})

        live.expect(number=12, note="twelve", bar={"value": 40, "text": "Copying"})
        assert live["number"].text == "12"
        assert "number: 12" in live.events
        assert live.is_open
        assert not live.is_closed

    def test_value_that_did_not_arrive_is_named_in_the_error(self) -> None:
        live = connect(Live)
        push(Live, bar=30, number=1)

        with pytest.raises(AssertionError) as caught:
            live.expect(bar=40, number=1)

        message = str(caught.value)
        assert "Live did not show what was expected within 5 s:" in message
        assert "bar: expected 40 (shown as '40 %'), but it shows '30 %'" in message
        assert "number: expected" not in message
        assert "What has arrived:\n" in message
        assert "  bar: 30 %" in message

    def test_value_that_a_component_cannot_show_is_refused(self) -> None:
        with pytest.raises(ComponentValueError):
            connect(Live).expect(bar=object())

    def test_chart_is_compared_by_its_figure(self) -> None:
        pytest.importorskip("plotly")
        live = connect(Live)
        push(Live, chart={"data": [{"y": [1, 2]}]})

        live.expect(chart={"data": [{"y": [1, 2]}]})
        with pytest.raises(AssertionError, match=re.escape('"y":[1,2]')):
            live.expect(chart={"data": [{"y": [1, 3]}]})

    def test_series_is_compared_by_its_newest_points(self) -> None:
        pytest.importorskip("plotly")
        push(Series, pushed={"x": 1, "y": 1})
        live = connect(Series)

        push(Series, pushed={"x": 2, "y": 2})

        live.expect(pushed={"x": 2, "y": 2})
        live.expect(pushed=[{"x": 1, "y": 1}, {"x": 2, "y": 2}])
        with pytest.raises(AssertionError):
            live.expect(pushed={"x": 1, "y": 1})

    def test_dropped_page_gets_what_it_missed(self) -> None:
        live = connect(Live)
        live.drop()
        push(Live, number=1)
        push(Live, number=2)
        with pytest.raises(AssertionError, match="The connection was dropped"):
            live.expect(number=2)

        live.resume()

        live.expect(number=2)
        assert [each for each in live.events if each.startswith("number")] == ["number: 2"]

    def test_page_that_is_refused_has_no_stream(self) -> None:
        live = connect(Staff, user=self.ann)

        assert live.is_refused
        assert not live.is_open
        with pytest.raises(AssertionError, match=re.escape("was refused, with the status 403")):
            live.expect(secret=1)

    def test_restricted_value_arrives_only_where_it_may(self) -> None:
        live, boss = connect(Mixed, user=self.ann), connect(Mixed, user=self.boss)

        push(Mixed, open=1, secret=7)

        boss.expect(open=1, secret=7)
        live.expect(open=1)
        assert not any("7" in each for each in live.events)

    def test_values_of_one_user_or_object_arrive_there_only(self) -> None:
        first, second = (Group.objects.create(name=name) for name in ("first", "second"))
        ann, boss = connect(Mine, user=self.ann), connect(Mine, user=self.boss)
        board = connect(GroupBoard, object=first)

        push(Mine(user=self.ann), note="for ann")
        push(GroupBoard(object=second), note="for second")
        push(GroupBoard(object=first), note="for first")

        ann.expect(note="for ann")
        board.expect(note="for first")
        assert boss["note"].text == ""

    def test_page_without_live_components_cannot_be_connected(self) -> None:
        with pytest.raises(LookupError, match="Later has no stream"):
            connect(Later)

    def test_value_is_computed_on_demand(self) -> None:
        live = connect(Changing)

        value = compute(Changing, "users")

        assert value.startswith(f"{User.objects.count()} users, turn")
        live.expect(users=value)
        assert compute(Mine, "who", user=self.ann).startswith("computed for ann")
        with pytest.raises(OSError, match=re.escape("no sensor")):
            compute(Failing, "plain")


class KitInTransactionTestCaseTests(Cases, TransactionTestCase):
    """All is committed."""

    captureOnCommitCallbacks = TestCase.captureOnCommitCallbacks  # noqa: N815

    @override_settings(DASHBOARDS={})
    def test_store_of_the_project_can_be_tested_too(self) -> None:
        assert isinstance(get_store(), DatabaseStore)
        live = connect(Live)

        push(Live, number=12)

        live.expect(number=12)


@pytest.mark.django_db(transaction=True)
async def test_stream_in_an_async_test_of_pytest(isolated: None) -> None:
    live = await aconnect(Changing)
    before = await User.objects.acount()
    await User.objects.acreate(username="new")
    await aadvance(1)

    assert count(live, "users") == f"{before + 1} users"
    with pytest.raises(RuntimeError, match="begin with an a"):
        connect(Live)


def test_kit_without_isolation_names_the_mixin() -> None:
    for call in (lambda: connect(Live), lambda: assert_pushed(Live), lambda: advance(1)):
        with pytest.raises(RuntimeError, match=re.escape("(DashboardTestMixin, TestCase)")):
            call()


@pytest.mark.django_db
@pytest.mark.usefixtures("isolated")
class TestIsolation:
    @pytest.mark.parametrize("number", [1, 2])
    def test_test_leaves_nothing_to_the_next(self, number: int) -> None:
        assert outbox == []
        render(Quiet).expect(silence="")
        known = len(registry)

        live = connect(Quiet)
        push(Quiet, silence=number)
        live.expect(silence=number)

        class Fresh(Quiet):
            class Meta:
                app_label = "site"

        registry.register(Fresh)
        assert len(registry) == known + 1
        with pytest.raises(LookupError, match="Fresh has no address: put @registry"):
            render(Fresh)

    def test_registry_of_a_test_is_enough_to_push(self) -> None:
        class Board(Quiet):
            class Meta:
                app_label = "site"

        Registry().register(Board)
        push(Board, silence=1)

        assert_pushed(Board, silence=1)
