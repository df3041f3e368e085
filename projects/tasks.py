"""What is done with projects while nobody looks: suspicious signings are looked for each night, and on
the morning of New Year the year's list is proposed. Nobody's figures and nobody's list change."""

from celery import shared_task

from accounts.models import User
from core import clock
from projects import new_year, suspicions
from projects.models import AnnualPlan


@shared_task
def find_suspicions() -> None:
    """Every night: compare all signings; safe to run twice, and twice at once."""
    suspicions.find(clock.today())


@shared_task
def propose_new_year() -> None:
    """Proposes this year's list unless somebody has done so already."""
    today = clock.today()
    if not AnnualPlan.objects.filter(year__gte=today.year).exists():
        new_year.propose(today.year, by=User.objects.system(), today=today)
