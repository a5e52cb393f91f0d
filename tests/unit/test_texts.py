"""Texts of declarations and values that are translated only when they are shown."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from dashboards.component import (
    CTA,
    BasicTable,
    Form,
    Gauge,
    GaugeData,
    Progress,
    ProgressData,
    Stat,
    StatChange,
    StatData,
)
from dashboards.dashboard import Dashboard
from tests.unit.component.support import Say

DAY = _("Tuesday")


class Lazy(Dashboard):
    stat = Stat(value=1, title=DAY, prefix=DAY, unit=DAY, cta=CTA("/", text=DAY))
    data = Stat(value=StatData(1, prefix=DAY, unit=DAY))
    changed = Stat(value=StatData(1, change=StatChange(2, unit=DAY, period=DAY)))
    gauge = Gauge(value=1, unit=DAY)
    words = Gauge(value=GaugeData(1, text=DAY, sub_text=DAY))
    progress = Progress(value=ProgressData(1, text=DAY))
    form = Form(form=Say, submit_text=DAY, submit_url="/")
    table = BasicTable(value=[{"a": 1}], caption=DAY)

    class Meta:
        app_label = "site"


@pytest.mark.parametrize("key", Lazy.declared)
def test_lazy_text_is_in_the_language_of_the_page(key: str):
    if key == "table":
        pytest.importorskip("django_tables2")
    shown = []
    for language, word in (("de", "Dienstag"), ("en", "Tuesday")):
        with translation.override(language):
            html = Lazy()[key].render_box()
        shown.append(html.count(word))
    assert shown[0] == shown[1] > 0
