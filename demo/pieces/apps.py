from django.apps import AppConfig
from django.db.models.signals import post_migrate

from demo.pieces import goods


class PiecesConfig(AppConfig):
    name = "demo.pieces"
    verbose_name = "The pieces"

    def ready(self) -> None:
        post_migrate.connect(goods.fill, sender=self)
