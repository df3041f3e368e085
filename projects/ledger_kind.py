"""The kind of ledger that lists projects: signed ones mostly, in whatever layout an office keeps them."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ledgers.declaring import Kind, register
from projects.ledger_entering import enter
from projects.ledger_fields import FIELDS, settle
from projects.ledger_matching import match
from projects.ledger_taking_back import take_back
from projects.models import Project

PROJECTS = "projects"


def page_of(pk: int) -> str:
    return reverse("projects:project", args=[pk])


def declare() -> None:
    """Called when the program starts."""
    register(
        Kind(
            code=PROJECTS,
            label=_("Projects"),
            permission="projects.enter_lead",
            fields=FIELDS,
            match=match,
            enter=enter,
            take_back=take_back,
            sum_of="amount_wan",
            settle=settle,
            model=Project,
            page_of=page_of,
        )
    )
