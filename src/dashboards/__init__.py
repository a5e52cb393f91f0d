"""Dashboards declared in Python, live over server-sent events."""

from dashboards import logs
from dashboards.compat import refuse_imports

__version__ = "0.1.0"

logs.install()
__getattr__ = refuse_imports(__name__)
