"""A form on a dashboard: what narrows other components, or saves what somebody has filled in."""

import inspect
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dashboards.component.base import Bound, Component
from dashboards.component.cleaning import as_form, refusing_bad_database_input
from dashboards.component.filters import Filters
from dashboards.component.links import resolve_url
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError, DeclarationError

NEXT = "dashboards-next"
"""The hidden field that says which page a form without scripts leads back to."""


@dataclass(frozen=True)
class FormView:
    """What the template gets.

    Args:
        form: the form, as it is filled in.
        method: ``"get"`` or ``"post"``.
        action: where it is sent without scripts; empty for the page that it stands on.
        url: where htmx sends it; empty where the browser does, as another site's.
        trigger: when htmx sends it.
        key: the component's key, where the form is kept in the page's address.
        own: where it is loaded from as its viewer has filled it in; empty where it is untouched.
        others: what else the page was asked for: names and values of hidden fields.
        sent: which of its fields are there though browsers may send nothing of them: names and
            values of hidden fields, sent by GET.
        next_url: the page that it stands on.
        submit_text: what its button says.
        message: what is said once it is saved.
        lost_files: names of files that were sent, and that no browser sends again by itself.
    """

    form: BaseForm
    method: str
    action: str = ""
    url: str = ""
    trigger: str = ""
    key: str = ""
    own: str = ""
    others: Sequence[tuple[str, str]] = ()
    sent: Sequence[tuple[str, str]] = ()
    next_url: str = ""
    submit_text: str = ""
    message: str = ""
    lost_files: Sequence[str] = ()

    @property
    def is_posted(self) -> bool:
        """Whether it is sent by POST."""
        return self.method == "post"

    @property
    def needs_csrf_token(self) -> bool:
        """Whether it carries the CSRF token, which no other site may be told."""
        return self.is_posted and not urlsplit(self.action).netloc

    @property
    def has_button(self) -> bool:
        """Whether it has a button; what is sent at each change has one only without scripts."""
        return self.is_posted or "change" not in self.trigger


@dataclass
class Form(Component):
    """A Django form.

    With ``method="get"`` it narrows its ``dependents``: their callables get its cleaned data in
    ``filters``. It is kept in the page's address, as ``?<key>-<field>=…``, so that the page can be
    linked and reloaded. What is given wrongly is told beside its field, and counts as not given.

    With ``method="post"`` its ``save()`` is called once it is valid, with those of ``request``,
    ``object``, ``user`` and ``filters`` that it names; a ``ValidationError`` that it raises is
    shown like any other. Then a fresh form is shown, and its ``dependents`` are loaded anew. On a
    ``ModelDashboard`` a ``ModelForm`` of the same model changes the dashboard's object.

    To whoever accepts ``application/json`` is answered 200 with ``{"success": true, "result": …}``,
    the cleaned data or what ``save()`` returned, or 400 with ``form.errors.get_json_data()``.

    ``value``, where given, is the form's initial data: a dict, or a callable that returns one. With
    ``live=OnChange(…)`` or ``Every(…)`` each page loads the form anew (its choices, say), but not
    while somebody fills it in.

    Args:
        form: a form class, or a callable that returns one, and gets those of ``request``,
            ``object``, ``user`` and ``filters`` that it names. Where its ``__init__`` names any of
            the first three it is given them, too.
        method: ``"get"`` or ``"post"``.
        trigger: when it is sent, as ``hx-trigger`` says it: by default at each ``"change"`` with
            GET, on ``"submit"`` with POST. It is always sent on ``submit``.
        submit_url: where it is sent, in place of the component's own address: an address or a
            view's name. What that answers is shown in the box; where it redirects, the page goes.
        submit_text: what its button says.
        success_message: what is said once it is saved.
    """

    template: str = "dashboards/components/form.html"
    form: Any = None
    method: str = "get"
    trigger: str = ""
    submit_url: str | None = None
    submit_text: str = ""
    success_message: str = ""

    is_personal: ClassVar[bool] = True  # It carries its viewer's token.
    changed_event: ClassVar[str] = "dashboards:changed"
    scripts: ClassVar[Sequence[str]] = ("dashboards/js/forms.js",)
    part_names: ClassVar[Sequence[str]] = (*Component.part_names, "form", "button", "btn")

    def __post_init__(self) -> None:
        """Refuse what no form can be made of.

        Raises:
            DeclarationError: no form class, an unknown method, nothing to do with what is posted,
                or values that would be pushed.
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
    def _is_saved(self) -> bool:
        """Whether what is posted is saved here."""
        return self.method == "post" and self.submit_url is None

    # The form

    def _class(self, given: Mapping[str, Any]) -> type:
        made = self.form if isinstance(self.form, type) else resolve(self.form, **given)
        if not isinstance(made, type):
            msg = f"the callable of a {type(self).__name__} must return a form class, got {made!r}."
            raise ComponentValueError(msg)
        return made

    def _make(
        self, form_class: type, given: Mapping[str, Any], bound: Bound | None, **kwargs: Any
    ) -> BaseForm:
        return as_form(self._build(form_class, given, bound, **kwargs))

    def _build(
        self, form_class: type, given: Mapping[str, Any], bound: Bound | None, **kwargs: Any
    ) -> Any:
        named = inspect.signature(form_class).parameters
        wanted = {name: given[name] for name in ("request", "object", "user") if name in named}
        made = form_class(**wanted, **kwargs)
        if bound is not None:
            as_form(made).auto_id = f"{bound.dom_id}-form-%s"
        return made

    def _initial(self, value: Any) -> dict[str, Any]:
        if value is not None and not isinstance(value, Mapping):
            msg = f"a {type(self).__name__}'s value must be a dict of initial data, got {value!r}."
            raise ComponentValueError(msg)
        return {"initial": value} if value else {}

    # What it narrows

    def get_filters(self, bound: Bound) -> Filters | None:
        """Return what it says, where it is kept in the page's address.

        To those who may not see it, it says its initial values whatever the address says: what it
        narrows is theirs to see.
        """
        if self.method != "get" or self.submit_url is not None:
            return None
        given = bound.call_kwargs
        initial = self._initial(bound.compute())
        # By name: what it is called with is the data.
        make = partial(self._build, self._class(given), given, bound, prefix=bound.key, **initial)
        return Filters(lambda data: make(data=data), bound.request if bound.is_allowed else None)

    @property
    def takes_params(self) -> bool:
        """True if it is kept in the page's address."""
        return self.method == "get" and self.submit_url is None

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:
        """Whether somebody has filled it in."""
        return self.method == "get" and bool(params)

    # What is shown

    def prepare_value(self, value: Any, bound: Bound | None = None) -> FormView:
        """Return the form as its viewer has filled it in; unbound, one that has no address."""
        if bound is None:
            nobody: dict[str, Any] = {**dict.fromkeys(("request", "object", "user")), "filters": {}}
            form = self._make(self._class(nobody), nobody, None, **self._initial(value))
            return FormView(form, self.method, submit_text=self._button)
        filters = bound.own_filters
        if filters is None:
            given = bound.call_kwargs
            form_class = self._class(given)
            about = _about(form_class, given["object"])
            form = self._make(form_class, given, bound, **about, **self._initial(value))
            return self._view(form, bound)
        address = bound.load_url.partition("?")[0]
        own = bound.url if filters.is_active or filters.form.errors else ""
        return replace(
            self._view(filters.form, bound),
            action="",
            url=address,
            key=bound.key,
            own=own,
            others=filters.get_others(bound.kept),
            sent=filters.sent,
        )

    def _view(self, form: BaseForm, bound: Bound) -> FormView:
        action = bound.load_url if self.submit_url is None else resolve_url(self.submit_url)
        usual = "change" if self.method == "get" else "submit"
        trigger = self.trigger or usual
        return FormView(
            form,
            self.method,
            action=action,
            # Of another site no script reads the answer.
            url="" if urlsplit(action).netloc else action,
            trigger=trigger if "submit" in trigger else f"{trigger}, submit",
            next_url=bound.full_path,
            submit_text=self._button,
        )

    @property
    def _button(self) -> str:
        return self.submit_text or (_("Save") if self.method == "post" else _("Show"))

    # What is answered

    def get_response(self, bound: Bound) -> HttpResponseBase | None:
        """Answer with what it narrows to, where JSON is asked for."""
        filters = bound.own_filters
        if bound.request is None or filters is None or not _wants_json(bound.request):
            return None
        return _json(filters.form, filters.values)

    @property
    def accepts_post(self) -> bool:
        """Whether it saves."""
        return self._is_saved

    def post(self, bound: Bound, request: HttpRequest) -> HttpResponseBase:
        """Save what is valid, and show what is not."""
        given = bound.call_kwargs
        form_class = self._class(given)
        about = _about(form_class, given["object"])
        make = partial(self._make, form_class, given, bound, **about)
        form = make(data=request.POST, files=request.FILES)
        result = _save(form, given) if form.is_valid() else None
        if _wants_json(request):
            return _json(form, result)
        is_scripted = request.headers.get("HX-Request") == "true"
        if form.errors:
            return self._refuse(form, bound, request, is_scripted=is_scripted)
        next_url = _next_url(request, bound)
        if not is_scripted:
            return HttpResponseRedirect(f"{next_url}#{bound.dom_id}")
        view = self._view(make(**self._initial(bound.compute())), bound)
        message = self.success_message or _("Saved.")
        response = HttpResponse(bound.render(replace(view, message=message, next_url=next_url)))
        # Morphing would keep what was typed, and htmx gives new elements the values of those that
        # they replace while it settles.
        response["HX-Reswap"] = "innerHTML settle:0"
        return response

    def _refuse(
        self, form: BaseForm, bound: Bound, request: HttpRequest, *, is_scripted: bool
    ) -> HttpResponse:
        view = replace(self._view(form, bound), next_url=_next_url(request, bound))
        first = next((name for name in form.errors if name in form.fields), None)
        if first is not None:
            form.fields[first].widget.attrs["autofocus"] = True
        if is_scripted:
            # Its chosen files are still in the page.
            return HttpResponse(bound.render(view), status=422)
        files = [each.name or "" for name in request.FILES for each in request.FILES.getlist(name)]
        return HttpResponse(bound.render_alone(replace(view, lost_files=files)), status=422)


def _about(form_class: type, about: Any) -> dict[str, Model]:
    """Return a copy of the dashboard's object, where the form is one of its model.

    A copy: validation writes to it, also what is refused.
    """
    model = getattr(getattr(form_class, "_meta", None), "model", None)
    return {"instance": copy(about)} if model is not None and isinstance(about, model) else {}


def _save(form: Any, given: Mapping[str, Any]) -> Any:
    """Save it; what it refuses only now becomes an error of the form."""
    if not hasattr(form, "save"):
        msg = f"{type(form).__name__} is posted, and has no save()."
        raise DeclarationError(msg)
    try:
        # A value that its field takes may be too large for the database.
        with refusing_bad_database_input(f"{type(form).__name__}.save()"):
            return resolve(form.save, **given)
    except ValidationError as error:
        known = not hasattr(error, "error_dict") or error.error_dict.keys() <= form.fields.keys()
        form.add_error(None, error if known else error.messages)
        return None


def _next_url(request: HttpRequest, bound: Bound) -> str:
    given = request.POST.get(NEXT, "")
    is_safe = url_has_allowed_host_and_scheme(
        given, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return given if is_safe else bound.page_url


def _wants_json(request: HttpRequest) -> bool:
    # Scripts that say what they are, as jQuery does, often do not say what they accept.
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return "text/html" not in request.headers.get("Accept", "")
    kinds = ["text/html", "application/json"]
    return request.get_preferred_type(kinds) == "application/json"


def _json(form: BaseForm, result: Any) -> JsonResponse:
    if form.errors:
        return JsonResponse(form.errors.get_json_data(), status=400)
    return JsonResponse({"success": True, "result": result}, encoder=_Encoder)


class _Encoder(DjangoJSONEncoder):
    """Says objects by their primary key and name, files by their name."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Model):
            return {"pk": o.pk, "text": str(o)}
        if isinstance(o, UploadedFile):
            return o.name
        if isinstance(o, Mapping):
            return dict(o)
        try:
            return super().default(o)
        except TypeError:
            return list(o) if hasattr(o, "__iter__") else str(o)
