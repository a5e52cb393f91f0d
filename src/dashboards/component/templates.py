"""The templates of one request: each is found once, and context processors run once."""

from contextlib import ExitStack
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.template import Engine, RequestContext
from django.template.backends.django import Template as DjangoTemplate
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from dashboards.component.base import Bound
from dashboards.component.fragments import FragmentValue

_OURS = str(Path(__file__).parent.parent / "templates" / "dashboards")


class Found(NamedTuple):
    """A template that was found by its name."""

    template: Any
    """The template, of any engine."""
    is_packaged: bool
    """True if it is the package's own; a project can replace it by one of the same name."""


class Templates:
    """Renders templates for one request, or for all viewers.

    A template is rendered as ``{% include %}`` renders it: with the values of the context
    processors, which run once for the request, and with values that no other template gets.

    Args:
        request: the request; ``None`` for all viewers.
    """

    def __init__(self, request: HttpRequest | None) -> None:
        self._request = request
        self._found: dict[str, Found] = {}
        self._contexts: dict[Engine, RequestContext] = {}
        # The contexts stay bound as long as the request lasts.
        self._bound = ExitStack()

    @cached_property
    def asset_url(self) -> str:
        """The URL of one static file. It changes if those of the others do."""
        return static("dashboards/js/themes.js")

    def find(self, name: str) -> Found:
        """Return the template of a name."""
        found = self._found.get(name)
        if found is None:
            template = get_template(name)
            origin = getattr(template, "origin", None)
            found = Found(template, str(getattr(origin, "name", "")).startswith(_OURS))
            if self._request is not None:
                self._found[name] = found
        return found

    def render(self, name: str, values: dict[str, Any]) -> str:
        """Render a template.

        Args:
            name: its name.
            values: its context.
        """
        template = self.find(name).template
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
        name = bound.declaration.template
        template, is_packaged = self.find(name)
        html: str | None = None
        # Other templates of the package, such as sse_stat.html, have more in them.
        if is_packaged and isinstance(value, FragmentValue) and value.template_name == name:
            html = value.render_cached(template)
        if html is None:
            html = self.render(name, {"component": bound, "rendered_value": value})
        return SafeString(html.strip())

    def render_around(self, name: str, values: dict[str, Any]) -> str:
        """Render a template inside of which others are rendered, such as that of the page.

        The others do not get its values.

        Args:
            name: its name.
            values: its context.
        """
        template = self.find(name).template
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


ALL_VIEWERS = Templates(None)
"""Renders for all viewers. It finds templates each time: the process outlives their changes."""
