"""Template tags."""

# Before the tags import the rest: it reports files of ours that django-dashboards has replaced.
from dashboards import compat  # noqa: F401
