"""Dashboards declared in Python, live over server-sent events."""

from dashboards import logs

__version__ = "0.1.0"

logs.install()
