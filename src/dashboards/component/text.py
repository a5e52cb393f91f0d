"""Words."""

from dataclasses import dataclass

from dashboards.component.base import Component


@dataclass
class Text(Component):
    """Plain text; line breaks are kept, everything else is escaped."""

    template: str = "dashboards/components/text.html"
