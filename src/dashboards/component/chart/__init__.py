"""Charts. Import from here: ``from dashboards.component.chart import Chart, ChartSerializer``."""

from dashboards.component.chart.component import Chart
from dashboards.component.chart.serializer import ChartSerializer

__all__ = ["Chart", "ChartSerializer"]
