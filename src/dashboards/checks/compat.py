"""Checks of what a project has from the package django-dashboards, and is not read here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from dashboards import compat

_OWN_TEMPLATES = Path(__file__).parent.parent / "templates"
_GUIDE = "See docs/upgrading/moving-from-django-dashboards.md."


@register("dashboards")
def check_old_settings(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that no setting of django-dashboards is left.

    It is an error, because a permission class in such a setting protects nothing.
    """
    return [
        Error(
            f"The setting {name} is one of django-dashboards: it has no effect.",
            hint=f"Write {instead}, and delete {name}. {_GUIDE}",
            id="dashboards.E084",
        )
        for name, instead in compat.SETTINGS.items()
        if hasattr(settings, name)
    ]


@register("dashboards")
def check_old_templates(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the project does not replace templates that only django-dashboards has."""
    return [
        Warning(
            f"{path} replaces a template of django-dashboards: it has no effect.",
            hint=(
                f"The template is now dashboards/{instead}, with another context: replace that "
                f"one, or delete yours. {_GUIDE}"
                if instead
                else f"There is no such template here: delete yours. {_GUIDE}"
            ),
            id="dashboards.W085",
        )
        for name, instead in compat.TEMPLATES.items()
        if (path := _find_template(f"dashboards/{name}"))
    ]


def _find_template(name: str) -> str:
    """Return the path of a template of the project; an empty string if there is none."""
    if (_OWN_TEMPLATES / name).exists():
        return ""  # Both packages are installed, which dashboards.E080 reports.
    try:
        origin = getattr(get_template(name), "origin", None)
    except TemplateDoesNotExist:
        return ""
    except Exception:  # noqa: BLE001 - it is there, and has tags that do not exist here
        return name
    return str(getattr(origin, "name", None) or name)
