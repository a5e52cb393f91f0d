"""Tests of dashboards: their pages, values, streams and pushes.

``dashboards.testing.stores`` has the tests that every store must pass, for authors of stores.
"""

from dashboards.testing.assertions import assert_pushed
from dashboards.testing.isolation import aadvance, advance, isolate
from dashboards.testing.outbox import Push, outbox
from dashboards.testing.pages import Box, Page, arender, render
from dashboards.testing.streams import LivePage, aconnect, connect
from dashboards.testing.testcase import DashboardTestMixin
from dashboards.testing.values import acompute, compute

__all__ = [
    "Box",
    "DashboardTestMixin",
    "LivePage",
    "Page",
    "Push",
    "aadvance",
    "acompute",
    "aconnect",
    "advance",
    "arender",
    "assert_pushed",
    "compute",
    "connect",
    "isolate",
    "outbox",
    "render",
]
