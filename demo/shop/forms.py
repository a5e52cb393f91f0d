"""What a viewer changes, and every open page shows."""

from datetime import timedelta

from django import forms
from django.utils import timezone

from dashboards.forms import DashboardForm
from demo.shop.models import Product, Sale

MINUTES = 5


class StartSale(DashboardForm):
    category = forms.ChoiceField(choices=Product.Category.choices, label="Everything for")
    percent = forms.TypedChoiceField(
        choices=[(each, f"{each} %") for each in (10, 20, 30)],
        coerce=int,
        initial=20,
        label="Reduced by",
    )

    def save(self) -> None:
        now = timezone.now()
        Sale.objects.filter(ends__gt=now).update(ends=now)
        Sale.objects.create(**self.cleaned_data, begins=now, ends=now + timedelta(minutes=MINUTES))


class Restock(DashboardForm):
    product = forms.ModelChoiceField(Product.objects.order_by("name"), empty_label=None)

    def save(self) -> None:
        product: Product = self.cleaned_data["product"]
        product.stock = product.shelf
        product.save(update_fields=["stock"])
