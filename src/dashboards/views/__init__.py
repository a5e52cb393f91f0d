"""The views: index, page, component, stream and metrics. Access is checked in one place."""

from dashboards.compat import refuse_imports
from dashboards.views.index import IndexView
from dashboards.views.metrics import MetricsView
from dashboards.views.pages import ComponentsView, ComponentView, PageView
from dashboards.views.stream import StreamView

__all__ = ["ComponentView", "ComponentsView", "IndexView", "MetricsView", "PageView", "StreamView"]

__getattr__ = refuse_imports(__name__)
