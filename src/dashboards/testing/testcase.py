"""The mixin for test classes of unittest and Django."""

import unittest

from dashboards.testing.isolation import isolate


class DashboardTestMixin:
    """Isolates each test of a class, as the pytest plugin does for all tests.

    It stands before ``TestCase``::

        class OperationsTests(DashboardTestMixin, TestCase): ...
    """

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test, its ``setUp`` and ``tearDown``, with a store and an outbox of its own."""
        with isolate():
            outcome: unittest.TestResult | None = super().run(result)  # type: ignore[misc]
        return outcome
