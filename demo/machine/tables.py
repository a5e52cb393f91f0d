"""Two kinds of component of the demo: each is a dataclass and a template."""

from dataclasses import dataclass

from dashboards.component import Component


@dataclass
class ProcessTable(Component):
    """The busiest processes. Its value is a sequence of ``Process``."""

    template: str = "machine/process_table.html"


@dataclass
class DiskTable(Component):
    """File systems and how full they are. Its value is a sequence of ``Disk``."""

    template: str = "machine/disk_table.html"
