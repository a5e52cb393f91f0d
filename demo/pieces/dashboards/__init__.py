"""The kitchen sink: a dashboard for each theme, each piece with its code beside it."""

from demo.pieces.dashboards import (  # noqa: F401 - registered by being imported
    charts,
    counter,
    customer,
    figures,
    forms,
    layout,
    requests,
    tables,
)
