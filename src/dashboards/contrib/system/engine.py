"""Values about the live engine: viewers, delays and failures, of all processes with streams."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext, ngettext

from dashboards.component.formats import NOTHING, format_value
from dashboards.contrib.system.shared import SharedRead
from dashboards.contrib.system.small_table import Rows
from dashboards.contrib.system.units import as_milliseconds
from dashboards.live.access.subjects import dashboard_subject
from dashboards.live.reports import Viewers, read_reports, sum_viewers
from dashboards.live.stores import get_store
from dashboards.registry import registry

_reports = SharedRead(lambda: read_reports(get_store()))


def _sum_metrics(*names: str) -> Sequence[float]:
    return [sum(each.metrics.get(name, 0) for each in _reports.get()) for name in names]


def streams() -> Mapping[str, Any]:
    """Return the open streams of all processes."""
    reports, (number,) = _reports.get(), _sum_metrics("streams")
    return {
        "text": int(number),
        "sub_text": ngettext("in %(count)s process", "in %(count)s processes", len(reports))
        % {"count": len(reports)},
    }


def delay() -> Mapping[str, Any]:
    """Return the time from a push to its delivery."""
    reports, (deliveries,) = _reports.get(), _sum_metrics("lag_count")
    seconds = sum(
        report.metrics.get("lag_count", 0) * report.metrics.get("lag_mean_seconds", 0)
        for report in reports
    )
    longest = max((report.metrics.get("lag_max_seconds", 0) for report in reports), default=0)
    return {
        "text": as_milliseconds(seconds / deliveries) if deliveries else NOTHING,
        "sub_text": gettext("from push to page; %(longest)s at most")
        % {"longest": as_milliseconds(longest)},
    }


def failures() -> Mapping[str, Any]:
    """Return the values that failed, and the outages of the store."""
    failed, computed, outages = _sum_metrics("failed", "computed", "store_failures")
    return {
        "text": int(failed),
        "sub_text": gettext("of %(values)s values; outages of the store: %(outages)s")
        % {"values": format_value(int(computed)), "outages": format_value(int(outages))},
    }


def viewers() -> Rows:
    """Return the dashboards that are open, and who has them open."""
    by_subject = sum_viewers(_reports.get())
    names = _read_names({user for each in by_subject.values() for user in each.users})
    rows = []
    for dashboard in registry:
        watched = by_subject.get(dashboard_subject(dashboard.get_label()), Viewers())
        if watched.streams:
            users = ", ".join(names.get(user, user) for user in watched.users)
            rows.append((dashboard.get_url_name(), format_value(watched.streams), users or NOTHING))
    heads = (gettext("Dashboard"), gettext("Open pages"), gettext("Users"))
    empty = gettext("No dashboard is open in a process that keeps streams open.")
    return Rows(heads, rows, empty)


def _read_names(keys: set[str]) -> Mapping[str, str]:
    """Return the names of users by primary key; empty if the site has no users."""
    try:
        model = get_user_model()
    except ImproperlyConfigured:
        return {}
    users = model._default_manager.filter(pk__in=keys)  # noqa: SLF001 - public by custom
    return {str(user.pk): user.get_username() for user in users}
