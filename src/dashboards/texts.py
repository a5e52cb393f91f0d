"""The type of the texts that people read: those of a declaration may be translated lazily."""

from django.utils.functional import Promise

StrOrPromise = str | Promise
"""A text, or one that ``gettext_lazy`` translates when it is shown."""
