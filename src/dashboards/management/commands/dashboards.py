"""Lists the dashboards of the site: address, permissions, live values and viewers."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand
from django.urls import NoReverseMatch, reverse

from dashboards import conf
from dashboards.component.base import Component
from dashboards.dashboard import Dashboard
from dashboards.live.access.subjects import dashboard_subject
from dashboards.live.compute.triggers import OnChange
from dashboards.live.reports import Viewers, read_reports, sum_viewers
from dashboards.live.stores import get_store
from dashboards.management.names import add_names, find_dashboards
from dashboards.permission_classes import PermissionClass


class Command(BaseCommand):
    """``manage.py dashboards [app_dashboard …]``."""

    help = (
        "Lists the dashboards that are registered: the address of each, who may open it, which of "
        "its components are live and how, and who has it open now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the names of dashboards, and the format."""
        add_names(parser)
        parser.add_argument("--json", action="store_true", help="print JSON, for other programs")

    def handle(self, *, names: Sequence[str], json: bool = False, **options: Any) -> None:  # noqa: ARG002
        """Print one description for each dashboard."""
        dashboards = find_dashboards(names)
        viewers = self._read_viewers()
        described = [_describe(dashboard, viewers) for dashboard in dashboards]
        if json:
            self.stdout.write(_as_json(described))
        elif not described:
            self.stdout.write(
                "No dashboard is registered. Write one in the dashboards.py of an app, or run "
                "manage.py startdashboard."
            )
        else:
            self.stdout.write("\n".join(line for each in described for line in _as_text(each)))

    def _read_viewers(self) -> Mapping[str, Viewers] | None:
        """Return the viewers by subject of their dashboard, or None if the store fails."""
        try:
            return sum_viewers(read_reports(get_store()))
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            self.stderr.write(f"Viewers are unknown, because the store cannot be read: {error}")
            return None


def _describe(
    dashboard: type[Dashboard], viewers: Mapping[str, Viewers] | None
) -> Mapping[str, Any]:
    watched = None
    if viewers is not None:
        watched = viewers.get(dashboard_subject(dashboard.get_label()), Viewers())
    classes = dashboard._meta.permission_classes  # noqa: SLF001 - public to this package
    if classes is None:
        classes = conf.get("PERMISSION_CLASSES")
    return {
        "name": dashboard.get_url_name(),
        "class": f"{dashboard.__module__}.{dashboard.__qualname__}",
        "url": _get_url(dashboard),
        "permissions": [_name_of(each) for each in classes],
        "audience": dashboard._meta.audience,  # noqa: SLF001
        "streams": None if watched is None else watched.streams,
        "users": None if watched is None else list(watched.users),
        "components": [
            {
                "key": key,
                "kind": type(component).__name__,
                "live": _describe_live(component),
                "permissions": [_name_of(each) for each in component.permission_classes or ()],
            }
            for key, component in dashboard.declared.items()
        ],
    }


def _get_url(dashboard: type[Dashboard]) -> str:
    """Return the path of its page as a pattern; empty if the URLconf does not include it."""
    kwargs = dashboard.get_example_kwargs()
    try:
        path = reverse(f"dashboards:{dashboard.get_page_url_name()}", kwargs=kwargs)
    except NoReverseMatch:
        return ""
    for name, example in kwargs.items():
        head, _, tail = path.rpartition(f"/{example}/")
        path = f"{head}/<{name}>/{tail}"
    return path


def _name_of(permission: PermissionClass) -> str:
    return permission if isinstance(permission, str) else permission.__name__


def _describe_live(component: Component) -> str:
    """Return the way a component is live, as it is written; empty if it is not."""
    live = component.live
    if live is True:
        return "pushed"
    if not live:
        return ""
    arguments = f"seconds={live.seconds:.15g}"
    if isinstance(live, OnChange):
        arguments = ", ".join(
            each if isinstance(each, str) else each.__name__ for each in live.models
        )
    if live.delivery != "broadcast":
        arguments += f", delivery={live.delivery!r}"
    return f"{type(live).__name__}({arguments})"


def _as_json(described: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(described, indent=2)


def _as_text(dashboard: Mapping[str, Any]) -> Iterator[str]:
    yield dashboard["name"]
    yield f"  address      {dashboard['url'] or 'none: the URLconf includes no dashboards.urls'}"
    permissions = ", ".join(dashboard["permissions"]) or "none: everybody may open it"
    yield f"  permissions  {permissions}"
    if dashboard["audience"] == "user":
        yield "  audience     each user has values of their own"
    if dashboard["streams"] is not None:
        users = ", ".join(dashboard["users"])
        yield f"  open pages   {dashboard['streams']}{f' (users {users})' if users else ''}"
    components = dashboard["components"]
    key_width = max((len(each["key"]) for each in components), default=0)
    kind_width = max((len(each["kind"]) for each in components), default=0)
    for each in components:
        restricted = f"  only {', '.join(each['permissions'])}" if each["permissions"] else ""
        line = f"  - {each['key']:{key_width}}  {each['kind']:{kind_width}}  {each['live']}"
        yield f"{line}{restricted}".rstrip()
    yield ""
