from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class ShopConfig(AppConfig):
    name = "demo.shop"
    verbose_name = "Operations"

    def ready(self) -> None:
        # By its name: models cannot be imported before this method is called.
        post_migrate.connect(import_string("demo.shop.simulation.fill"), sender=self)
