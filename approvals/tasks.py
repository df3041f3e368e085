"""What approvals do at night."""

from celery import shared_task

from approvals import clocks, deadlines, escalation, stalls
from core import clock


@shared_task
def flag_stalls() -> None:
    """Every night: count anew by the calendar as it is now, raise and clear flags, then send up what has
    stood on its level for too long; safe to run twice."""
    clocks.recount(today=clock.today())
    deadlines.recount()
    stalls.announce(clock.today())
    escalation.climb(clock.today())
