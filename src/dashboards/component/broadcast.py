"""Rendering a value once for all viewers, alike in every process.

A stored frame outlives the process that rendered it, and other processes show it on their pages. So
it must not depend on a page or a process:

* the language and the time zone are those of the site, ``LANGUAGE_CODE`` and ``TIME_ZONE``;
* URLs begin with a placeholder, which each page replaces by its script prefix, and by the prefix of
  its language where the project has ``i18n_patterns``;
* there is no request, so there are no context processors, no user and no CSRF token.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.urls import URLResolver, get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.urls.resolvers import LocalePrefixPattern
from django.utils import timezone, translation

PREFIX = "/@dashboards@/"
"""The placeholder in frames for the script prefix of the page."""


@contextmanager
def broadcasting() -> Iterator[None]:
    """Use the site's language and time zone, and the placeholder for the script prefix."""
    _fix_base_urls()
    prefix, urlconf = get_script_prefix(), get_urlconf()
    # Before anything is set: a URLconf that cannot be imported raises here.
    prefixed = _prefix_all_languages(settings.ROOT_URLCONF)
    set_script_prefix(PREFIX)
    if prefixed is not None:
        set_urlconf(prefixed)
    try:
        with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
            yield
    finally:
        set_script_prefix(prefix)
        if prefixed is not None:
            set_urlconf(urlconf)


@cache
def _prefix_all_languages(urlconf: str) -> Any:
    """Return a URLconf with ``prefix_default_language=True`` in its ``i18n_patterns``.

    Without the prefix nothing in a URL of a frame would tell that it has a language, so pages
    could not replace it by theirs. ``None`` if it has no such patterns, or already prefixes all.
    """
    is_used, is_prefixed = is_language_prefix_patterns_used(urlconf)
    if is_prefixed or not is_used:
        return None
    prefixed: Any = ModuleType(urlconf)
    prefixed.urlpatterns = [
        URLResolver(LocalePrefixPattern(), each.urlconf_name)
        if isinstance(each.pattern, LocalePrefixPattern)
        else each
        for each in import_module(urlconf).urlpatterns
    ]
    return prefixed


@cache
def _fix_base_urls() -> None:
    """Make storages read their base URL, once for each process.

    They cache it when it is first read. Read while a value is rendered for all viewers, it would
    contain the placeholder, and pages would get it.
    """
    for storage in (staticfiles_storage, default_storage):
        # A project may have configured neither.
        with suppress(ImproperlyConfigured):
            getattr(storage, "base_url", None)


def get_page_prefixes() -> dict[str, str]:
    """Return what URLs in frames begin with, and what the current request's page replaces it by.

    The entries are in the order in which to replace them. updates.js does so, too.
    """
    prefix = get_script_prefix()
    prefixes = {PREFIX: prefix}
    is_used, is_prefixed = is_language_prefix_patterns_used(get_urlconf() or settings.ROOT_URLCONF)
    if is_used:
        rendered_in = f"{settings.LANGUAGE_CODE}/"
        language = LocalePrefixPattern(is_prefixed).language_prefix
        if language != rendered_in:
            prefixes = {f"{PREFIX}{rendered_in}": f"{prefix}{language}", **prefixes}
    return prefixes


def fit_to_page(frame: str) -> str:
    """Return a stored frame with the URLs of the current request's page."""
    if PREFIX in frame:
        for placeholder, prefix in get_page_prefixes().items():
            frame = frame.replace(placeholder, prefix)
    return frame
