"""Gauges. Import from here: ``from dashboards.component.gauge import Gauge, GaugeData``.

A package, as in django-dashboards: a module of this name would be hidden by that package's folder
where both are installed, and no system check could say so.
"""

from dashboards.component.bands import Band
from dashboards.component.gauge.component import Gauge, GaugeData, GaugeValue

__all__ = ["Band", "Gauge", "GaugeData", "GaugeValue"]
