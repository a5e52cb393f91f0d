"""System checks. Each misconfiguration is reported with an id and a hint.

Importing this package registers the checks.
"""

from dashboards.checks import (
    compat,
    components,
    dashboards,
    discovery,
    eventstream,
    grip,
    settings,
    stores,
)

__all__ = [
    "compat",
    "components",
    "dashboards",
    "discovery",
    "eventstream",
    "grip",
    "settings",
    "stores",
]
