"""Figures. Import from here: ``from dashboards.component.stat import Stat, StatSerializer``."""

from dashboards.component.stat.component import Stat
from dashboards.component.stat.data import StatChange, StatData
from dashboards.component.stat.serializers import StatDateChangeSerializer, StatSerializer

__all__ = ["Stat", "StatChange", "StatData", "StatDateChangeSerializer", "StatSerializer"]
