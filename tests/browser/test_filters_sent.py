"""Fields that a plain HTML form sends without a value, and fields that it does not send."""

from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.http import QueryDict
from django.test import RequestFactory
from django_filters import BooleanFilter, CharFilter, FilterSet
from django_filters.widgets import DateRangeWidget
from playwright.async_api import Browser, Page, Route

from dashboards.component import Form, Text
from dashboards.dashboard import Dashboard

LETTERS = [("a", "A"), ("b", "B")]
ORIGIN = "http://filters.test"


class Boxes(forms.MultiWidget):
    """A box to tick, and a word."""

    def __init__(self) -> None:
        super().__init__([forms.CheckboxInput(), forms.TextInput()])

    def decompress(self, value: Any) -> list[Any]:
        return list(value or (None, None))


class Both(forms.MultiValueField):
    widget = Boxes

    def __init__(self, **kwargs: Any) -> None:
        parts = [forms.BooleanField(required=False), forms.CharField(required=False)]
        super().__init__(parts, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> Any:
        return tuple(data_list) or None


class Kinds(forms.Form):
    """Each kind of field that browsers may send nothing of, and those that begin with something."""

    word = forms.CharField(required=False)
    ticked = forms.BooleanField(required=False, initial=True)
    cleared = forms.BooleanField(required=False)
    unknown = forms.NullBooleanField(required=False, widget=forms.CheckboxInput)
    known = forms.NullBooleanField(required=False, widget=forms.CheckboxInput, initial=True)
    listed = forms.MultipleChoiceField(choices=LETTERS, initial=["a"], required=False)
    boxes = forms.MultipleChoiceField(
        choices=LETTERS, initial=["a"], required=False, widget=forms.CheckboxSelectMultiple
    )
    radio = forms.ChoiceField(
        choices=[("", "-"), *LETTERS], initial="a", required=False, widget=forms.RadioSelect
    )
    one = forms.ChoiceField(choices=LETTERS, initial="b", required=False)
    both = Both(required=False, initial=(True, "x"))
    day = forms.DateField(
        initial=date(2024, 2, 29), required=False, widget=forms.SelectDateWidget(years=[2024])
    )
    fixed = forms.BooleanField(required=False, initial=True, disabled=True)


class ByDjangoFilter(FilterSet):  # type: ignore[misc]  # it brings no types
    name = CharFilter()
    in_print = BooleanFilter(widget=forms.CheckboxInput)
    between = CharFilter(widget=DateRangeWidget)

    class Meta:
        model = Group
        fields: tuple[str, ...] = ()


class Whole(Dashboard):
    class Meta:
        app_label = "site"
        filter_form = Kinds


class OfOne(Dashboard):
    find = Form(form=Kinds, dependents=["it"])
    it = Text(value=lambda filters: repr(filters))  # noqa: PLW0108 - a parameter of this name is passed

    class Meta:
        app_label = "site"

    def get_component_url(self, key: str) -> str:
        return f"/{key}/"  # It has no address.


def values(query: str, kind: type[Dashboard] = Whole) -> dict[str, Any]:
    request = RequestFactory().get(f"/?{query}")
    if kind is OfOne:
        given = OfOne(request)["it"].call_kwargs["filters"]
        return {name: given[name] for name in USUAL}
    return dict(kind(request).filters)


USUAL = {
    "word": "",
    "ticked": True,
    "cleared": False,
    "unknown": None,
    "known": True,
    "listed": ["a"],
    "boxes": ["a"],
    "radio": "a",
    "one": "b",
    "both": (True, "x"),
    "day": date(2024, 2, 29),
    "fixed": True,
}
EMPTIED = {
    "ticked": False,
    "known": False,
    "listed": [],
    "boxes": [],
    "both": (False, "x"),
    "radio": "b",
    "one": "a",
}


@pytest.mark.parametrize(("kind", "prefix"), [(Whole, ""), (OfOne, "find-")])
def test_missing_field_has_initial_value(kind: type[Dashboard], prefix: str):
    """Regression: a link with one filter unticked every checkbox of the others, and ``None`` became
    ``False``. A field that the URL does not contain has its initial value."""
    assert values("", kind) == USUAL
    assert values(f"{prefix}word=x", kind) == {**USUAL, "word": "x"}
    assert values(f"{prefix}both_1=y", kind) == {**USUAL, "both": (True, "y")}
    assert values(f"{prefix}day_month=3", kind) == {**USUAL, "day": date(2024, 3, 29)}


@pytest.mark.parametrize(("kind", "prefix"), [(Whole, ""), (OfOne, "find-")])
def test_field_sent_without_value_is_empty(kind: type[Dashboard], prefix: str):
    query = f"{prefix}dashboards-sent=ticked&{prefix}word=x"

    assert values(query, kind) == {**USUAL, "word": "x", "ticked": False}
    assert values(f"{prefix}dashboards-sent=nonsense&{prefix}dashboards-sent=%00", kind) == USUAL


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", [Whole, OfOne])
async def test_checkbox_initially_ticked_can_be_unticked_without_scripts(
    browser: Browser, kind: type[Dashboard]
):
    """Regression: a filter was ticked initially; unticked and applied, it was ticked again. A
    browser without scripts sends the form, and each kind of field keeps its value."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()

    async def answer(route: Route) -> None:
        bound = kind(RequestFactory().get("/", parse_qsl_dict(route.request.url)))
        html = str(bound.render_filters()) if kind is Whole else str(bound.render_content("find"))
        await route.fulfill(body=html, content_type="text/html; charset=utf-8")

    await page.route(f"{ORIGIN}/**", answer)
    await page.goto(f"{ORIGIN}/")
    await send(page)
    assert values(urlsplit(page.url).query, kind) == USUAL, "the form as it was"

    name = "find-{}" if kind is OfOne else "{}"
    for box in ("ticked", "known", "both_0"):
        await page.locator(f"[name={name.format(box)}]").uncheck()
    await page.locator(f"[name={name.format('boxes')}][value=a]").uncheck()
    await page.locator(f"[name={name.format('listed')}]").select_option([])
    await page.locator(f"[name={name.format('radio')}][value=b]").check()
    await page.locator(f"[name={name.format('one')}]").select_option("a")
    await send(page)
    assert values(urlsplit(page.url).query, kind) == {**USUAL, **EMPTIED}

    # Sent again as shown, the values are the same.
    assert not await page.locator(f"[name={name.format('ticked')}]").is_checked()
    await send(page)
    assert values(urlsplit(page.url).query, kind) == {**USUAL, **EMPTIED}
    await context.close()


def parse_qsl_dict(url: str) -> Any:
    query = QueryDict(mutable=True)
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.appendlist(name, value)
    return query


async def send(page: Page) -> None:
    await page.locator("[type=submit]").first.click()
    await page.wait_for_load_state()


def test_unticked_checkbox_of_filterset_does_not_filter():
    """Regression: a filter by name showed only books out of print, because the checkbox beside it
    sent ``False``. A checkbox that is not ticked does not filter; a ticked one sends ``True``."""

    class Own(Dashboard):
        class Meta:
            app_label = "site"
            filter_form = ByDjangoFilter

    def in_print(query: str) -> Any:
        return values(query, Own)["in_print"]

    assert in_print("name=x") is None
    assert in_print("name=x&dashboards-sent=in_print") is None
    assert in_print("name=x&in_print=on") is True
    assert in_print("in_print=false") is False
    own = Own(RequestFactory().get("/?name=x"))
    assert own.filter_form is not None
    assert own.filter_form.cleaned_data["in_print"] is None, "a FilterSet filters by these"
    assert "disabled" not in str(own.render_filters())


def test_url_contains_fields_sent_without_value():
    page = Whole(RequestFactory().get("/?dashboards-sent=ticked&word=x"))

    assert page.kept.urlencode() == "dashboards-sent=ticked&word=x"
    assert page._filters is not None
    assert page._filters.get_others(page.kept) == []
