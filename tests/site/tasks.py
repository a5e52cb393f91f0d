"""A task of django-tasks."""

from django_tasks import task


@task()
def deliver() -> None:
    """Do nothing."""
