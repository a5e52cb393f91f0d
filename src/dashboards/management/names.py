"""The names of dashboards, as arguments of commands."""

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import CommandError

from dashboards.dashboard import Dashboard
from dashboards.registry import registry


def add_names(parser: ArgumentParser) -> None:
    """Add the argument ``names``."""
    parser.add_argument(
        "names", nargs="*", metavar="app_dashboard", help="such as shop_orders; default all"
    )


def find_dashboards(names: Sequence[str]) -> Sequence[type[Dashboard]]:
    """Return the registered dashboards of these names, or all of them without names.

    Raises:
        CommandError: there is no dashboard of a name.
    """
    known = {dashboard.get_url_name(): dashboard for dashboard in registry}
    if unknown := sorted(set(names) - set(known)):
        msg = (
            f"No dashboard is called {', '.join(unknown)}; there are {', '.join(known) or 'none'}."
        )
        raise CommandError(msg)
    return [known[name] for name in names or known]
