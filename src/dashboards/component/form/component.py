"""The component that shows a Django form, to filter other components or to save input."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dashboards.component.base import Bound, Component
from dashboards.component.cleaning import as_form, refusing_bad_database_input
from dashboards.component.filters import Filters
from dashboards.component.form.content import FormContent
from dashboards.component.form.json import make_json_response, wants_json
from dashboards.component.links import CTA, resolve_url
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.texts import StrOrPromise

_NEXT_FIELD = "dashboards-next"
"""The hidden field with the page that a browser without scripts is redirected to."""


@dataclass
class Form(Component):
    """A Django form.

    With ``method="get"`` it filters its ``dependents``: their callables get its cleaned data in
    ``filters``. Its values are kept in the page's query string, as ``?<key>-<field>=…``, so that
    the page can be linked and reloaded. An invalid value is ignored, and its error is shown
    beside its field.

    With ``method="post"`` a valid form's ``save()`` is called, with those of ``request``,
    ``object``, ``user`` and ``filters`` that its parameters name. A ``ValidationError`` from
    ``save()`` is shown like any other. After saving an empty form is shown, and the
    ``dependents`` are loaded again. On a ``ModelDashboard`` a ``ModelForm`` of the same model
    changes the dashboard's object.

    A client that accepts ``application/json`` gets status 200 with ``{"success": true, "result":
    …}``, the cleaned data or the result of ``save()``; or 400 with
    ``form.errors.get_json_data()``.

    ``value`` is the form's initial data: a dict, or a callable that returns one. With
    ``live=OnChange(…)`` or ``Every(…)`` each page loads the form again (for new choices), but not
    while its viewer fills it in.

    Args:
        form: a form class, or a callable that returns one, which gets those of ``request``,
            ``object``, ``user`` and ``filters`` that its parameters name. If the class's
            ``__init__`` names any of the first three, it gets them too.
        method: ``"get"`` or ``"post"``.
        trigger: when it is sent, in the syntax of ``hx-trigger``: by default at each ``"change"``
            with GET, on ``"submit"`` with POST. It is always sent on ``submit``.
        submit_url: where it is sent, instead of the component's own URL: a URL or the name of a
            view. The response is shown in the box; a redirect is followed by the page.
        submit_text: the label of its button.
        success_message: the message after it was saved.
    """

    template: str = "dashboards/components/form.html"
    menu: Sequence[CTA] | None = None
    form: Any = None
    method: str = "get"
    trigger: str = ""
    submit_url: str | None = None
    submit_text: StrOrPromise = ""
    success_message: str = ""

    is_personal: ClassVar[bool] = True  # It contains its viewer's CSRF token.
    changed_event: ClassVar[str] = "dashboards:changed"
    scripts: ClassVar[Sequence[str]] = ("dashboards/js/forms.js",)
    part_names: ClassVar[Sequence[str]] = (*Component.part_names, "form", "button", "btn")

    def __post_init__(self) -> None:
        """Check the declaration.

        Raises:
            DeclarationError: no form class, an unknown method, no ``save()`` for what is posted,
                or ``live=True``, which is for pushed values.
        """
        kind = type(self).__name__
        if not callable(self.form):
            msg = f"{kind}(form={self.form!r}): give a form class, or a callable that returns one."
            raise DeclarationError(msg)
        self.method = str(self.method).lower()
        if self.method not in ("get", "post"):
            msg = f"{kind}(method={self.method!r}): the method must be 'get' or 'post'."
            raise DeclarationError(msg)
        is_class = isinstance(self.form, type)
        if self._is_saved and is_class and not hasattr(self.form, "save"):
            msg = (
                f"{kind}(form={self.form.__name__}, method='post'): give {self.form.__name__} a "
                "save(), or the component a submit_url; a form that only filters has method='get'."
            )
            raise DeclarationError(msg)
        if self.live is True:
            msg = (
                f"{kind}(live=True): a form is filled in by its viewer, so there is nothing to "
                "push; live=OnChange(…) or Every(…) has pages load it anew."
            )
            raise DeclarationError(msg)

    @property
    def is_filter(self) -> bool:
        """True if it is sent by GET: it saves nothing."""
        return self.method == "get"

    @property
    def _is_saved(self) -> bool:
        """True if posted data is saved here, not by another view."""
        return self.method == "post" and self.submit_url is None

    # Making the form

    def _get_class(self, call_kwargs: Mapping[str, Any]) -> type:
        made = self.form if isinstance(self.form, type) else resolve(self.form, **call_kwargs)
        if not isinstance(made, type):
            msg = f"the callable of a {type(self).__name__} must return a form class, got {made!r}."
            raise ComponentValueError(msg)
        return made

    def _make(
        self, form_class: type, call_kwargs: Mapping[str, Any], bound: Bound | None, **kwargs: Any
    ) -> Any:
        """Return a form, or what the class makes that has one, such as a ``FilterSet``."""
        named = inspect.signature(form_class).parameters
        wanted = {
            name: call_kwargs[name] for name in ("request", "object", "user") if name in named
        }
        made = form_class(**wanted, **kwargs)
        if bound is not None:
            as_form(made).auto_id = f"{bound.dom_id}-form-%s"
        return made

    def _initial(self, value: Any) -> dict[str, Any]:
        if value is not None and not isinstance(value, Mapping):
            msg = f"a {type(self).__name__}'s value must be a dict of initial data, got {value!r}."
            raise ComponentValueError(msg)
        return {"initial": value} if value else {}

    # Filtering

    def get_filters(self, bound: Bound) -> Filters | None:
        """Return its filters; ``None`` if it is not kept in the page's query string.

        Viewers without permission to see the form get its initial values as filters, whatever the
        query string is: they may see the components that it filters.
        """
        if not self.takes_params:
            return None
        call_kwargs = bound.call_kwargs
        make = partial(
            self._make,
            self._get_class(call_kwargs),
            call_kwargs,
            bound,
            prefix=bound.key,
            **self._initial(bound.compute()),
        )
        return Filters(lambda data: make(data=data), bound.request if bound.is_allowed else None)

    @property
    def takes_params(self) -> bool:
        """True if its values are kept in the page's query string."""
        return self.method == "get" and self.submit_url is None

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:
        """Return True if a viewer has filled it in."""
        return self.method == "get" and bool(params)

    # Rendering

    def prepare_value(self, value: Any, bound: Bound | None = None) -> FormContent:
        """Return the form as its viewer has filled it in; without ``bound``, without a URL."""
        if bound is None:
            empty: dict[str, Any] = {**dict.fromkeys(("request", "object", "user")), "filters": {}}
            form = as_form(self._make(self._get_class(empty), empty, None, **self._initial(value)))
            return FormContent(form, self.method, submit_text=self._button)
        filters = bound.own_filters
        if filters is None:
            make = self._get_maker(bound)
            return self._make_content(as_form(make(**self._initial(value))), bound)
        return replace(
            self._make_content(filters.form, bound),
            action="",
            url=bound.addresses.load_url.partition("?")[0],
            key=bound.key,
            view_url=bound.addresses.url if filters.is_active or filters.form.errors else "",
            others=filters.get_others(bound.addresses.kept_by_form),
            sent=filters.sent,
        )

    def _get_maker(self, bound: Bound) -> Callable[..., Any]:
        """Return a function that makes the form for a viewer, from data or initial data."""
        call_kwargs = bound.call_kwargs
        form_class = self._get_class(call_kwargs)
        instance = _copy_instance(form_class, call_kwargs)
        return partial(self._make, form_class, call_kwargs, bound, **instance)

    def _make_content(self, form: BaseForm, bound: Bound) -> FormContent:
        own = self.submit_url
        action = bound.addresses.load_url if own is None else resolve_url(own)
        trigger = self.trigger or ("change" if self.method == "get" else "submit")
        return FormContent(
            form,
            self.method,
            action=action,
            # A script cannot read the response of another site.
            url="" if urlsplit(action).netloc else action,
            trigger=trigger if "submit" in trigger else f"{trigger}, submit",
            next_url=bound.addresses.full_path,
            submit_text=self._button,
        )

    @property
    def _button(self) -> str:
        return str(self.submit_text) or (_("Save") if self.method == "post" else _("Show"))

    # Responses

    def get_response(self, bound: Bound) -> HttpResponseBase | None:
        """Return the filters as JSON if the client prefers JSON, else ``None``."""
        filters = bound.own_filters
        if bound.request is None or filters is None or not wants_json(bound.request):
            return None
        return make_json_response(filters.form, filters.values)

    @property
    def accepts_post(self) -> bool:
        """True if it saves posted data."""
        return self._is_saved

    def post(self, bound: Bound, request: HttpRequest) -> HttpResponseBase:
        """Save a valid form and return an empty one; return an invalid one with its errors."""
        make = self._get_maker(bound)
        form = as_form(make(data=request.POST, files=request.FILES))
        result = _save(form, bound.call_kwargs) if form.is_valid() else None
        if wants_json(request):
            return make_json_response(form, result)
        is_scripted = request.headers.get("HX-Request") == "true"
        if form.errors:
            return self._show_errors(form, bound, request, is_scripted=is_scripted)
        next_url = _next_url(request, bound)
        if not is_scripted:
            return HttpResponseRedirect(f"{next_url}#{bound.dom_id}")
        content = self._make_content(as_form(make(**self._initial(bound.compute()))), bound)
        message = self.success_message or _("Saved.")
        response = HttpResponse(bound.render(replace(content, message=message, next_url=next_url)))
        # Morphing would keep the viewer's input, and so would a delay in which htmx settles: then
        # new elements get the values of those that they replace.
        response["HX-Reswap"] = "innerHTML settle:0"
        return response

    def _show_errors(
        self, form: BaseForm, bound: Bound, request: HttpRequest, *, is_scripted: bool
    ) -> HttpResponse:
        content = replace(self._make_content(form, bound), next_url=_next_url(request, bound))
        first = next((name for name in form.errors if name in form.fields), None)
        if first is not None:
            form.fields[first].widget.attrs["autofocus"] = True
        if is_scripted:
            # The page keeps the files that the viewer has chosen.
            return HttpResponse(bound.render(content), status=422)
        files = [each.name or "" for name in request.FILES for each in request.FILES.getlist(name)]
        return HttpResponse(bound.render_alone(replace(content, lost_files=files)), status=422)


def _copy_instance(form_class: type, call_kwargs: Mapping[str, Any]) -> dict[str, Model]:
    """Return ``instance`` for a ``ModelForm`` of the model of the dashboard's object.

    It is a copy, because validation writes even invalid values to it.
    """
    model = getattr(getattr(form_class, "_meta", None), "model", None)
    instance = call_kwargs["object"]
    return {"instance": copy(instance)} if model and isinstance(instance, model) else {}


def _save(form: Any, call_kwargs: Mapping[str, Any]) -> Any:
    """Save a form and return the result; a ``ValidationError`` becomes an error of the form."""
    if not hasattr(form, "save"):
        msg = f"{type(form).__name__} is posted, and has no save()."
        raise DeclarationError(msg)
    try:
        # A value that its field accepts may be too large for the database.
        with refusing_bad_database_input(f"{type(form).__name__}.save()"):
            return resolve(form.save, **call_kwargs)
    except ValidationError as error:
        known = not hasattr(error, "error_dict") or error.error_dict.keys() <= form.fields.keys()
        form.add_error(None, error if known else error.messages)
        return None


def _next_url(request: HttpRequest, bound: Bound) -> str:
    url = request.POST.get(_NEXT_FIELD, "")
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe else bound.addresses.page_url
