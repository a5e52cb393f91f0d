"""Every piece of the package: a dashboard for each theme, each piece beside its code."""

from demo.pieces.dashboards import (  # noqa: F401 - registered by being imported
    charts,
    counter,
    customer,
    design,
    figures,
    forms,
    layout,
    requests,
    tables,
)
