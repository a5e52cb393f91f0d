"""Declaring dashboards: the class, its ``Meta``, and the instance bound to one request."""

from dashboards.dashboard.base import Dashboard
from dashboards.dashboard.model import ModelDashboard

__all__ = ["Dashboard", "ModelDashboard"]
