"""Live state in a database of its own."""

from typing import Any

from django.db.models import Model


class LiveRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "live" if model._meta.app_label == "dashboards" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "live") is (app_label == "dashboards")
