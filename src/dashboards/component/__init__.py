"""Component kinds. This is the door: ``from dashboards.component import Chart, Stat``."""

from dashboards.component.base import Component
from dashboards.component.chart import Chart, ChartSerializer
from dashboards.component.drawing import Drawing
from dashboards.component.form import Form
from dashboards.component.gauge import Band, Gauge, GaugeData
from dashboards.component.links import CTA
from dashboards.component.map import Map
from dashboards.component.progress import Progress, ProgressData, Step
from dashboards.component.stat import Stat, StatChange, StatData
from dashboards.component.table import BasicTable, Table, TableData
from dashboards.component.text import Text

__all__ = [
    "CTA",
    "Band",
    "BasicTable",
    "Chart",
    "ChartSerializer",
    "Component",
    "Drawing",
    "Form",
    "Gauge",
    "GaugeData",
    "Map",
    "Progress",
    "ProgressData",
    "Stat",
    "StatChange",
    "StatData",
    "Step",
    "Table",
    "TableData",
    "Text",
]
