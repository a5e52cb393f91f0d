"""A base class for forms on dashboards. Any other form of Django works as well."""

from typing import Any

from django import forms


class DashboardForm(forms.Form):
    """A form for a ``Form`` component.

    A form that does more than filter needs a ``save()``, which gets those of ``request``,
    ``object``, ``user`` and ``filters`` that its parameters name.
    """

    def asdict(self) -> list[dict[str, Any]]:
        """Return its fields as plain data, for clients that render the form themselves."""
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
