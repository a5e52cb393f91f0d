"""Rendering a value once for all viewers, in every process alike.

A stored frame outlives the process that rendered it, and is shown on pages of others. So nothing of
a page or a process may be in it. One rule decides each thing that HTML depends on:

* language and time zone are the site's, ``LANGUAGE_CODE`` and ``TIME_ZONE``;
* addresses begin with a placeholder, in place of the script prefix of the page that shows them;
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
"""Stands in frames where the script prefix of a page comes. live.js knows it, too."""


@contextmanager
def broadcasting() -> Iterator[None]:
    """Render for all viewers: the site's language and zone, and addresses without a prefix."""
    _fix_base_addresses()
    prefix = get_script_prefix()
    set_script_prefix(PREFIX)
    try:
        with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
            yield
    finally:
        set_script_prefix(prefix)


@cache
def _fix_base_addresses() -> None:
    """Have storages read their base address, once a process.

    They keep it from when they are first asked for it. Asked while values are rendered for all
    viewers, they would keep the placeholder, and give it to pages.
    """
    for storage in (staticfiles_storage, default_storage):
        # A project may have neither.
        with suppress(ImproperlyConfigured):
            getattr(storage, "base_url", None)


def fit_to_page(frame: str) -> str:
    """Return a stored frame with the script prefix of the request that is being answered."""
    return frame.replace(PREFIX, get_script_prefix()) if PREFIX in frame else frame
