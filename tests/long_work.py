"""A kind of long work for the tests: a real worker is told to load this module as well."""

import os
import time

from django.core.cache import cache

from core import jobs
from core.models import Job
from projects.models import Enterprise

STEPS = 6


@jobs.runs("long_work", title="%(name)s")
def long_work(job: Job) -> None:
    """Enters one enterprise a step; begun again, it finds those it has already entered."""
    cache.set("long_work", os.getpid())
    for step in range(STEPS):
        Enterprise.objects.get_or_create(name=f"{job.arguments['name']} {step}", name_key="long work")
        jobs.progress(job, step + 1, STEPS)
        time.sleep(job.arguments.get("pause", 0))
