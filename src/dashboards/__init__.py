"""Dashboards declared in Python, live over server-sent events."""

__version__ = "0.1.0"
