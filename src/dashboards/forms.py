"""Forms for dashboards. Any form of Django can be used as well."""

from typing import Any

from django import forms


class DashboardForm(forms.Form):
    """A form that a ``Form`` component shows.

    Define ``save()`` if it does more than filter. It may have the arguments ``request``,
    ``object``, ``user`` and ``filters``.
    """

    def asdict(self) -> list[dict[str, Any]]:
        """Return its fields as plain data, for clients that render it themselves."""
        return [
            {
                "name": each.name,
                "label": each.label,
                "value": each.value(),
                "help_text": each.help_text,
                "id": each.id_for_label,
                "field_type": type(each.field.widget).__name__,
                "required": each.field.required,
                "choices": list(getattr(each.field.widget, "choices", [])),
            }
            for each in self
        ]
