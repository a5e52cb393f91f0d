"""The content of a form's box: the value that its template gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.forms import BaseForm


@dataclass(frozen=True)
class FormContent:
    """A form to be rendered.

    Args:
        form: the form, with what the viewer has filled in.
        method: ``"get"`` or ``"post"``.
        action: where it is sent without scripts; empty for the page that contains it.
        url: where htmx sends it; empty if the browser sends it, as to another site.
        trigger: when htmx sends it.
        key: the component's key, if the form is kept in the page's query string.
        view_url: the URL that it loads from as its viewer has filled it in; empty if nothing is
            filled in.
        others: names and values of the page's other parameters, for hidden fields.
        sent: names and values of the hidden fields for fields that browsers may not send; for
            GET.
        next_url: the page that contains it.
        submit_text: the label of its button.
        message: the message after it was saved.
        lost_files: names of uploaded files, which a browser does not send again by itself.
    """

    form: BaseForm
    method: str
    action: str = ""
    url: str = ""
    trigger: str = ""
    key: str = ""
    view_url: str = ""
    others: Sequence[tuple[str, str]] = ()
    sent: Sequence[tuple[str, str]] = ()
    next_url: str = ""
    submit_text: str = ""
    message: str = ""
    lost_files: Sequence[str] = ()

    @property
    def is_posted(self) -> bool:
        """True if it is sent by POST."""
        return self.method == "post"

    @property
    def needs_csrf_token(self) -> bool:
        """True if it contains the CSRF token, which must not be sent to another site."""
        return self.is_posted and not urlsplit(self.action).netloc

    @property
    def has_button(self) -> bool:
        """True if it has a button. A form that is sent at each change has one without scripts."""
        return self.is_posted or "change" not in self.trigger
