from celery import shared_task
from django.utils import timezone

from accounts import mailing


@shared_task
def send_mails() -> None:
    """Every minute: mail the notices that are due. Two at once send each of them once."""
    mailing.send(timezone.now())
