"""Rendering a value once for all viewers, alike in every process.

A stored frame outlives the process that rendered it, and other processes show it on their pages. So
it must not depend on a page or a process:

* the language and the time zone are those of the site, ``LANGUAGE_CODE`` and ``TIME_ZONE``;
* URLs begin with a placeholder, which each page replaces by its script prefix;
* there is no request, so there are no context processors, no user and no CSRF token.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation

PREFIX = "/@dashboards@/"
"""The placeholder in frames for the script prefix of the page. updates.js replaces it, too."""


@contextmanager
def broadcasting() -> Iterator[None]:
    """Use the site's language and time zone, and the placeholder for the script prefix."""
    _fix_base_urls()
    prefix = get_script_prefix()
    set_script_prefix(PREFIX)
    try:
        with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
            yield
    finally:
        set_script_prefix(prefix)


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


def fit_to_page(frame: str) -> str:
    """Return a stored frame with the script prefix of the current request."""
    return frame.replace(PREFIX, get_script_prefix()) if PREFIX in frame else frame
