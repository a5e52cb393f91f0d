"""Tasks that push: one of Celery, one of Django's tasks."""

from celery import shared_task
from django_tasks import task

from dashboards.live import push
from tests.interplay.dashboards import Live


@shared_task
def deploy_by_celery(percent: int) -> None:
    push(Live, "deploy", percent)


@task()
def deploy_by_task(percent: int) -> None:
    push(Live, "deploy", percent)
