"""The dashboards of books. Without the packages that these need there are none."""

from importlib.util import find_spec

if find_spec("django_filters") and find_spec("django_tables2"):
    from tests.books import boards  # noqa: F401 - it registers them
