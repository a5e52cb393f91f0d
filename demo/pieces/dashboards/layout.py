"""Cards, tabs, and other layout objects."""

from django.db.models import Sum
from django.db.models.functions import TruncWeek

from dashboards.component import CTA, Chart, Stat, Text
from dashboards.component.layout import (
    HR,
    HTML,
    Card,
    ComponentLayout,
    Div,
    Header,
    HTMLComponentLayout,
    Tab,
    TabContainer,
)
from dashboards.dashboard import Dashboard
from dashboards.live import OnChange
from dashboards.registry import registry
from demo.pieces.layout import Example
from demo.pieces.models import Customer, Order


def revenue() -> dict[str, object]:
    whole = Order.objects.aggregate(sum=Sum("total", default=0))
    return {"text": whole["sum"], "sub_text": "since the shop opened"}


def weeks() -> dict[str, object]:
    weeks = Order.objects.values(week=TruncWeek("placed"))
    sums = weeks.annotate(sum=Sum("total")).order_by("week")
    bars = {
        "type": "bar",
        "x": [each["week"] for each in sums],
        "y": [each["sum"] for each in sums],
    }
    return {"data": [bars], "layout": {"yaxis": {"tickprefix": "€"}}}


def new_orders() -> int:
    return Order.objects.filter(state=Order.State.NEW).count()


def sent_orders() -> int:
    return Order.objects.filter(state=Order.State.SENT).count()


class Ribbon(HTMLComponentLayout):
    template_name = "pieces/ribbon.html"
    text = ""


@registry.register
class Layouts(Dashboard):
    revenue = Stat(
        value=revenue,
        prefix="€",
        decimals=2,
        live=OnChange(Order),
    )
    garden = Text(value="Leaves fall, and bulbs go into the earth.")
    customers = Stat(
        value=Customer.objects.count,
        grid_css_classes="span-6",
    )
    countries = Stat(
        value=Customer.objects.values("country").distinct().count,
        grid_css_classes="span-6",
    )
    weeks = Chart(
        value=weeks,
        defer=True,
        grid_css_classes="span-12",
    )
    secret = Text(
        value="Loaded only when its tab was opened.",
        defer=True,
        grid_css_classes="span-12",
    )
    new = Stat(value=new_orders, live=OnChange(Order))
    sent = Stat(
        value=sent_orders,
        icon="icon icon-sent",
        css_classes={"box": "is-framed", "title": "is-loud"},
        cta=CTA(href="dashboards:pieces_tables", text="All orders"),
        grid_css_classes="span-6",
    )
    note = Text(value="Each text of this demo has a serif, by the settings.")
    after = Text(value="And each line is the demo's own.", title="")
    offer = Text(value="Everything for the garden at half the price.")

    class Meta:
        name = "Layout"
        template_name = "pieces/page.html"

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example(
                "A card",
                Card(
                    "revenue",
                    heading="Revenue",
                    actions=[("/pieces/tables/", "All orders")],
                    footer="Follows each order, live.",
                ),
            ),
            Example(
                "A card with a picture",
                Card(
                    "garden",
                    heading="Autumn",
                    image_url="/static/pieces/garden.svg",
                ),
            ),
            Example(
                "Tabs with deferred components",
                TabContainer(
                    Tab("Summary", "customers", "countries"),
                    Tab("Weeks", "weeks"),
                    Tab("Notes", HTML("<p>Counted <b>hourly</b>.</p>"), "secret"),
                ),
            ),
            Example(
                "Headings, lines, HTML, and a plain element",
                Header("This week", size=3),
                HTML("<p>What is <em>not</em> on its way yet:</p>"),
                HR(),
                Div("new", css_classes="is-framed"),
            ),
            Example(
                "Icon, classes, place, and a call to action",
                "sent",
                files=["pieces/static/pieces/own.css"],
            ),
            Example(
                "A layout class of your own",
                Ribbon("offer", text="This week only"),
                files=["pieces/templates/pieces/ribbon.html"],
            ),
            Example(
                "CSS classes for a whole kind, and an overridden template",
                "note",
                HR(),
                "after",
                files=["templates/dashboards/layout/hr.html"],
                settings=["DASHBOARDS"],
            ),
        )
