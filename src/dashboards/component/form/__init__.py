"""Forms on a dashboard. Import from here: ``from dashboards.component.form import Form``."""

from dashboards.component.form.component import Form

__all__ = ["Form"]
