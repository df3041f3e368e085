"""What a project is, as far as the choice of its items asks: answered here, and what follows from it."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from approvals import lists
from approvals.choices import Fact
from approvals.lists import Revised
from approvals.models import ProjectFacts
from approvals.needs import ANSWERS, NOT_ASKED
from core.refusal import Refusal
from projects.models import Project

MOST = Decimal("9999999999.99")


class CannotAnswer(Refusal):
    """There is no such question or answer."""

    http_status = 422


class AnsweredMeanwhile(Refusal):
    """Somebody else has answered since the facts were read."""


def of(project: Project) -> ProjectFacts:
    """The project's facts; version 0, not saved, while nobody has answered anything."""
    answered = ProjectFacts.objects.filter(project=project).select_related("answered_by").first()
    return answered or ProjectFacts(project=project, version=0)


@transaction.atomic
def answer(
    project: Project,
    *,
    answers: Mapping[str, str],
    energy_tce: Decimal | None,
    power_wan_kwh: Decimal | None,
    version: int,
    by: User,
    today: datetime.date,
) -> tuple[ProjectFacts, Revised]:
    """Write down what is known of a project, all of it, and let its list follow (`lists.revise`).

    A question without an answer is open again: the usual answer is assumed. `version` is that of the
    facts as they were read, 0 when nobody had answered. Raises CannotAnswer and AnsweredMeanwhile.
    """
    given = {fact: word for fact, word in answers.items() if word}
    _check(given, energy_tce, power_wan_kwh)
    values = {
        "answers": given,
        "energy_tce": energy_tce,
        "power_wan_kwh": power_wan_kwh,
        "answered_by": by,
        "answered_on": today,
    }
    if version:
        _swap(project, version, values)
    else:
        _begin(project, values)
    return of(project), lists.revise(project, on=today, by=by)


def _check(given: Mapping[str, str], *numbers: Decimal | None) -> None:
    for fact, word in given.items():
        if fact not in Fact.values or Fact(fact) in NOT_ASKED or word not in ANSWERS[Fact(fact)]:
            raise CannotAnswer(
                _("“%(answer)s” is no answer to “%(question)s”. Choose one of those offered.")
                % {"answer": word, "question": Fact(fact).label if fact in Fact.values else fact}
            )
    if any(number is not None and not 0 <= number <= MOST for number in numbers):
        raise CannotAnswer(_("Energy use is a number of 0 or more, with at most two decimals."))


def _swap(project: Project, version: int, values: dict[str, Any]) -> None:
    seen = ProjectFacts.objects.filter(project=project, version=version)
    if not seen.update(**values, version=version + 1):
        raise _meanwhile()


def _begin(project: Project, values: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            ProjectFacts.objects.create(project=project, **values)
    except IntegrityError:
        raise _meanwhile() from None


def _meanwhile() -> AnsweredMeanwhile:
    return AnsweredMeanwhile(
        _(
            "Somebody else has answered meanwhile. What they answered stands beside your own answers: "
            "save again if yours are right."
        )
    )
