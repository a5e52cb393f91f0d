"""Celery, whose queue is a folder."""

from celery import Celery

from tests.settings import FOLDER

app = Celery("interplay", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(FOLDER / "queue"),
    "data_folder_out": str(FOLDER / "queue"),
    "control_folder": str(FOLDER / "queue"),
    "polling_interval": 0.1,
}
app.autodiscover_tasks()
