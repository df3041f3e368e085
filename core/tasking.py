"""How this program's tasks run."""

from typing import Any

from celery.contrib.django.task import DjangoTask
from django.contrib.auth import get_user_model

from core import audit


class Task(DjangoTask):
    """Works in the name of the system account, unless the task itself names somebody else."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        system = get_user_model().objects.system()
        with audit.acting(system):
            return self.run(*args, **kwargs)
