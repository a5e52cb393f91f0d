"""Tables. Import from here: ``from dashboards.component.table import Table, TableSerializer``."""

from dashboards.compat import refuse_imports
from dashboards.component.table.component import BasicTable, Table
from dashboards.component.table.serializer import TableSerializer
from dashboards.component.table.source import TableData

__all__ = ["BasicTable", "Table", "TableData", "TableSerializer"]

__getattr__ = refuse_imports(__name__)
