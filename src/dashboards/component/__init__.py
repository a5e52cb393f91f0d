"""Component kinds. This is the door: ``from dashboards.component import Chart, Stat``."""

from dashboards.component.base import CTA, Component
from dashboards.component.chart import Chart
from dashboards.component.form import Form
from dashboards.component.gauge import Gauge, GaugeData
from dashboards.component.progress import Progress, ProgressData
from dashboards.component.stat import Stat, StatData
from dashboards.component.table import BasicTable, Table, TableData
from dashboards.component.text import Text

__all__ = [
    "CTA",
    "BasicTable",
    "Chart",
    "Component",
    "Form",
    "Gauge",
    "GaugeData",
    "Progress",
    "ProgressData",
    "Stat",
    "StatData",
    "Table",
    "TableData",
    "Text",
]
