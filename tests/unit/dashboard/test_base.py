"""An instance of a dashboard, with and without a request."""

import gc
import weakref

from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from dashboards.component import Chart
from dashboards.exceptions import DashboardError, DeclarationError
from tests.unit.dashboard.support import Base


def test_declaration_error_is_a_dashboard_error():
    assert issubclass(DeclarationError, DashboardError)


def test_instances_have_their_own_object_and_components():
    one, other = Base(object="one"), Base(object="other")

    assert (one.object, other.object) == ("one", "other")
    assert one["first"] is not other["first"]
    assert one["first"] is one["first"]


def test_instance_without_a_request_has_no_filters():
    assert Base().filters == {}


def test_filters_without_a_form_are_the_query():
    request = RequestFactory().get("/", {"year": "2024", "q": "<x>"})

    assert Base(request).filters == {"year": "2024", "q": "<x>"}


def test_label_belongs_to_its_very_class():
    assert Base.get_label() == "site.base"

    class Derived(Base):
        pass

    assert Derived.get_label() == "site.derived"
    assert Base.get_label() == "site.base"
    assert (Derived().channel, Base().channel) == ("site.derived", "site.base")


def test_class_whose_label_was_read_is_garbage_without_references():
    """A cache of labels by class kept a thousand classes, with their components."""

    def declare() -> weakref.ref[type[Base]]:
        class Short(Base):
            pass

        assert Short().channel == "site.short"
        return weakref.ref(Short)

    declared = declare()
    gc.collect()

    assert declared() is None


def test_scripts_are_listed_once():
    class Charts(Base):
        one = Chart()
        two = Chart()

    assert Charts().scripts == list(Chart.scripts)
    assert len(set(Chart.scripts)) == len(Chart.scripts) > 1
    assert Base().scripts == []


def test_dashboard_without_live_components_reads_no_store(
    django_assert_num_queries: DjangoAssertNumQueries, db: None
):
    with django_assert_num_queries(0):
        assert Base().position is None
        assert Base().is_live is False
        assert Base().render_content("first") is not None
