"""A layout object of the demo: pieces, and beside them the code that makes them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dashboards.component.layout import HTMLComponentLayout, LayoutObject, Rendering
from demo.pieces.source import read_class, read_definition, read_file


class Example(HTMLComponentLayout):
    """Pieces, and beside them their source.

    Args:
        heading: what they show.
        *components: keys of components, and layout objects.
        members: further members of the dashboard's class whose source is shown.
        files: files of the demo that are shown, too.
        views: views of this app that are shown, too.
        settings: settings of the demo that are shown, too.
    """

    template_name = "pieces/example.html"
    members: Sequence[str] = ()
    files: Sequence[str] = ()
    views: Sequence[str] = ()
    settings: Sequence[str] = ()

    def __init__(self, heading: str, *components: str | LayoutObject, **attributes: Any) -> None:
        super().__init__(*components, **attributes)
        self.heading = heading

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        kind = type(rendering.dashboard)
        keys = list(self.get_keys())
        named = [name for key in keys for name in (key, f"get_{key}_value", f"get_{key}_defer")]
        codes = [
            read_class(kind, frozenset([*named, *self.members]), self.heading),
            *(read_file(each) for each in self.files),
            *(read_definition("pieces/views.py", each) for each in self.views),
            *(read_definition("settings.py", each) for each in self.settings),
        ]
        own = {"heading": self.heading, "id": rendering.take_id(self.heading), "codes": codes}
        return {**super().get_context(rendering), **own}

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        return replace(rendering, level=rendering.level + 1)
