import time

import pytest
from django.core.cache import cache

from core import health
from core.tasks import heartbeat
from liuzhou_invest.celery import app


def test_every_row_of_the_timetable_names_a_task_that_exists():
    app.loader.import_default_modules()

    assert {row["task"] for row in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.worker
def test_a_real_worker_takes_a_task_over_the_real_broker(worker):
    cache.delete(health.HEARTBEAT)

    heartbeat.delay()

    deadline = time.monotonic() + 20
    while health.examine("beat")["beat"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert health.examine("beat") == {"beat": ""}
