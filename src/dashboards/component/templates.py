"""The templates of one request: found once, its context processors run once, for page and boxes."""

from contextlib import ExitStack
from copy import copy
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.template import Engine, RequestContext
from django.template.backends.django import Template as DjangoTemplate
from django.template.loader import get_template
from django.utils.safestring import SafeString

from dashboards.component.base import Bound

_OURS = str(Path(__file__).parent.parent / "templates" / "dashboards")


class Templates:
    """Renders templates for one request, or for everybody.

    A template is rendered as ``{% include %}`` renders it: with what the context processors said,
    once for the request, and with values that are gone after it.

    Args:
        request: the request; ``None`` for everybody.
    """

    def __init__(self, request: HttpRequest | None) -> None:
        self._request = request
        self._found: dict[str, Any] = {}
        self._contexts: dict[Engine, RequestContext] = {}
        # The contexts stay bound as long as the request lasts.
        self._bound = ExitStack()

    def get(self, name: str) -> Any:
        """Return the template of a name, of whatever engine."""
        template = self._found.get(name)
        if template is None:
            template = self._found[name] = get_template(name)
        return template

    def render(self, name: str, values: dict[str, Any]) -> str:
        """Render a template.

        Args:
            name: its name.
            values: its context.
        """
        template = self.get(name)
        request = self._request
        if request is None or not isinstance(template, DjangoTemplate):
            html: str = template.render(values, request)
            return html
        context = self._bind(template, request)
        with context.push(**values):
            return template.template.render(context)

    def render_value(self, bound: Bound, value: Any) -> SafeString:
        """Render a prepared value of a component: the content of its box, and of a frame.

        Args:
            bound: the bound component.
            value: the prepared value.
        """
        declaration = bound.declaration
        template = self.get(declaration.template)
        html: str | None = None
        if is_package_template(template):
            html = declaration._render_cached(template, value)  # noqa: SLF001 - not for users
        if html is None:
            values = {"component": bound, "rendered_value": value}
            html = self.render(declaration.template, values)
        return SafeString(html.strip())

    def render_around(self, name: str, values: dict[str, Any]) -> str:
        """Render a template that others of the request are rendered inside of, such as its page's.

        Those are told nothing of its values.

        Args:
            name: its name.
            values: its context.
        """
        template = self.get(name)
        if self._request is None or not isinstance(template, DjangoTemplate):
            return self.render(name, values)
        context = copy(self._bind(template, self._request))
        context.update(values)
        html: str = template.template.render(context)
        return html

    def _bind(self, template: DjangoTemplate, request: HttpRequest) -> RequestContext:
        engine = template.template.engine
        context = self._contexts.get(engine)
        if context is None:
            context = RequestContext(request, autoescape=engine.autoescape)
            self._bound.enter_context(context.bind_template(template.template))
            self._contexts[engine] = context
        return context


def is_package_template(template: Any) -> bool:
    """Whether a template is the package's own, so that it is known what it says."""
    origin = getattr(template, "origin", None)
    return str(getattr(origin, "name", "")).startswith(_OURS)
