"""The Celery app and its timetable: the whole night on one screen (all times Asia/Shanghai)."""

import os

from celery import Celery
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuzhou_invest.settings")

# The broker in a folder must write its messages in one step: see core/fsbroker.py.
TRANSPORT_ALIASES["filesystem"] = "core.fsbroker:Transport"

app = Celery("liuzhou_invest", task_cls="core.tasking:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "the program is alive": {"task": "core.tasks.heartbeat", "schedule": 10, "options": {"expires": 10}},
    "jobs without a sign of life": {"task": "core.tasks.sweep", "schedule": 60, "options": {"expires": 60}},
    "notices by mail": {
        "task": "accounts.tasks.send_mails",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "stalled approvals, and what climbs": {
        "task": "approvals.tasks.flag_stalls",
        "schedule": crontab(hour=1, minute=0),
    },
    "suspicious signings": {
        "task": "projects.tasks.find_suspicions",
        "schedule": crontab(hour=2, minute=0),
    },
    "briefings of last month": {
        "task": "briefings.tasks.draft_last_month",
        "schedule": crontab(hour=6, minute=0),
    },
    # Every morning of January: a New Year's night on which nothing ran is made up for.
    "the new year's annual plan": {
        "task": "projects.tasks.propose_new_year",
        "schedule": crontab(month_of_year=1, hour=5, minute=30),
    },
    # Saturdays and Sundays too: some are worked. The task asks the calendar.
    "what waits for each person": {
        "task": "briefings.tasks.tell_what_waits",
        "schedule": crontab(hour=7, minute=30),
    },
    "who is about to be late with the month, or is": {
        "task": "briefings.tasks.remind_of_the_month",
        "schedule": crontab(hour=7, minute=45),
    },
    "used receipts": {"task": "core.tasks.purge", "schedule": crontab(hour=3, minute=30)},
}
