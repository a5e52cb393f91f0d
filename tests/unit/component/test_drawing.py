"""Components that a script draws from JSON."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import pytest

from dashboards.component import Drawing
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.unit.component.support import html_of


@dataclass
class Bars(Drawing):
    element = "test-bars"
    scripts = (*Drawing.scripts, "site/bars.js")


def test_drawing_gets_its_value_as_escaped_json():
    html = html_of(Bars(value=[["</script><b>", Decimal("1.5"), dt.date(2026, 1, 2)]]))

    assert html.startswith("<test-bars ")
    assert html.endswith("</test-bars>\n")
    assert html.count("</script>") == 1
    assert '"1.5", "2026-01-02"' in html
    assert "data-dashboards-empty" in html_of(Bars(value=[]))
    assert "test-bars" not in html_of(Bars(value=None))


def test_value_without_a_json_form_is_refused():
    with pytest.raises(ComponentValueError, match="A Bars's value must be one for JSON"):
        Bars(value={1: object()}).get_value()


@pytest.mark.parametrize("name", ["", "bars", "Shop-bars", "shop-b<rs"])
def test_invalid_element_name_is_refused(name: str):
    with pytest.raises(DeclarationError, match=r"Wrong\.element must be the name of a custom"):
        type("Wrong", (Drawing,), {"element": name})
