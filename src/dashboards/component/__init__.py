"""Component kinds. This is the door: ``from dashboards.component import Chart, Stat``."""

from dashboards.component.base import CTA, Component
from dashboards.component.chart import Chart, ChartSerializer
from dashboards.component.drawing import Drawing
from dashboards.component.gauge import Gauge, GaugeData
from dashboards.component.map import Map
from dashboards.component.progress import Progress, ProgressData
from dashboards.component.stat import Stat, StatData
from dashboards.component.table import BasicTable, Table, TableData
from dashboards.component.text import Text

__all__ = [
    "CTA",
    "BasicTable",
    "Chart",
    "ChartSerializer",
    "Component",
    "Drawing",
    "Gauge",
    "GaugeData",
    "Map",
    "Progress",
    "ProgressData",
    "Stat",
    "StatData",
    "Table",
    "TableData",
    "Text",
]
