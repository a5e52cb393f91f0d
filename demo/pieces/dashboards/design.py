"""The custom properties of the style sheet, on everything that they shape."""

from dataclasses import dataclass
from typing import Any

from django import forms

from dashboards.component import BasicTable, Chart, Component, Form, Gauge, Progress, Stat, Text
from dashboards.component.layout import Card, ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.forms import DashboardForm
from dashboards.registry import registry

COLORS = {
    "Ground": ("page", "surface", "track", "line", "edge"),
    "Text": ("ink", "muted", "accent"),
    "Levels": ("good", "warning", "alarm"),
    "Charts": tuple(f"chart-{number}" for number in range(1, 5)),
    "More of them": tuple(f"chart-{number}" for number in range(5, 9)),
}


@dataclass
class Swatches(Component):
    """Colours with their names. Its value maps headings to names of custom properties."""

    template: str = "pieces/swatches.html"


class Everything(DashboardForm):
    text = forms.CharField(widget=forms.TextInput(attrs={"placeholder": "A few words"}))
    number = forms.IntegerField(initial=7)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    choice = forms.ChoiceField(choices=[("", "All"), ("a", "Some")], required=False)
    kinds = forms.MultipleChoiceField(
        choices=[("a", "Books"), ("b", "Toys")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    size = forms.ChoiceField(
        choices=[("s", "Small"), ("l", "Large")],
        widget=forms.RadioSelect,
        initial="s",
    )
    file = forms.FileField(required=False)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    closed = forms.CharField(disabled=True, initial="Cannot be changed", required=False)

    def save(self) -> None:
        """Keep nothing: this form is here to be looked at."""


def lines() -> dict[str, Any]:
    return {
        "data": [
            {
                "type": "bar",
                "name": f"Chart {number}",
                "x": ["Mon", "Tue", "Wed", "Thu", "Fri"],
                "y": [(number * 7 + day * 5) % 11 + 3 for day in range(5)],
            }
            for number in range(1, 9)
        ],
        "layout": {"barmode": "stack", "bargap": 0.35},
    }


TREND = [4, 5, 4, 6, 7, 6, 8, 9, 8, 11]


@registry.register
class Design(Dashboard):
    revenue = Stat(
        value={
            "text": 12840,
            "change": {"by": 8.2, "unit": "%", "period": "in 7 days"},
            "sparkline": TREND,
        },
        prefix="€",
        good="up",
        grid_css_classes="span-3",
    )
    errors = Stat(
        value={"text": 31, "change": {"by": 4, "period": "since noon"}},
        good="down",
        grid_css_classes="span-3",
    )
    load = Gauge(
        value=86,
        unit="%",
        bands=[
            {"end": 75, "level": "good"},
            {"end": 90, "level": "warning"},
            {"level": "critical"},
        ],
        grid_css_classes="span-3",
    )
    deploy = Progress(
        value={"value": 62, "step": "Copy", "text": "620 of 1,000 files"},
        steps=("Build", "Copy", "Switch"),
        grid_css_classes="span-3",
    )
    chart = Chart(value=lines, title="Colours of charts", grid_css_classes="span-7")
    colors = Swatches(value=COLORS, title="Colours", grid_css_classes="span-5")
    form = Form(
        form=Everything,
        title="Inputs",
        method="post",
        success_message="Accepted.",
        grid_css_classes="span-5",
    )
    note = Text(
        markup="markdown",
        value="Text with a [link](/), `code`, and a **bold** word.\n\n- One\n- Two",
        title="Prose",
        grid_css_classes="span-12",
    )
    rows = BasicTable(
        value=[
            {"name": "Kite", "state": "Sent", "total": 27},
            {"name": "Wooden railway", "state": "Packed", "total": 55},
            {"name": "Cast-iron pan", "state": "New", "total": 69},
        ],
        title="Rows",
        grid_css_classes="span-12",
    )

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            *("revenue", "errors", "load", "deploy", "chart", "colors", "form"),
            Card("note", "rows", heading="A card", grid_css_classes="span-7"),
        )


@registry.register
class Branded(Design):
    """The same, with a style sheet of ten lines."""

    class Meta:
        name = "Design of a brand"
        template_name = "pieces/branded.html"

    class Layout(Design.Layout):
        pass
