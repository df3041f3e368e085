"""Which items of the catalogue a project needs, and why: from what the project is (`choices.Fact`).

What nobody has answered is assumed, and said to be assumed. Energy use decides by its numbers: under
1,000 tonnes of standard coal and 5 million kWh a year nothing is reviewed, the enterprise pledges
(固定资产投资项目节能审查办法). Nothing here asks the database.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from approvals.choices import Fact
from approvals.models import ItemRule, ItemTemplate, ProjectFacts
from projects.models import Project

SMALL_TCE = Decimal(1000)
SMALL_WAN_KWH = Decimal(500)  # 5 million kWh

_YES_NO = {"yes": gettext_lazy("Yes"), "no": gettext_lazy("No")}

# What may be answered, in words; the first is the usual answer (see `usual`).
ANSWERS: dict[Fact, Mapping[str, str | Promise]] = {
    Fact.FUNDING: {
        "private": gettext_lazy("Private investment"),
        "government": gettext_lazy("Government investment"),
    },
    Fact.ROUTE: {"filing": gettext_lazy("Filing"), "ratification": gettext_lazy("Ratification")},
    Fact.WORKS: {
        "new": gettext_lazy("New buildings"),
        "extension": gettext_lazy("Extension"),
        "renovation": gettext_lazy("Renovation only"),
    },
    Fact.LAND: {
        "new": gettext_lazy("Land newly supplied"),
        "own": gettext_lazy("Land of its own"),
        "leased": gettext_lazy("Land or halls rented"),
    },
    Fact.INDUSTRIAL: _YES_NO,
    Fact.EIA: {
        "form": pgettext_lazy("environmental assessment", "Form"),
        "report": pgettext_lazy("environmental assessment", "Report"),
        "registration": pgettext_lazy("environmental assessment", "Registration"),
        "exempt": pgettext_lazy("environmental assessment", "None asked for"),
    },
    Fact.ENERGY: {"reviewed": gettext_lazy("Reviewed"), "pledged": gettext_lazy("Pledged")},
    Fact.EARTHWORKS: _YES_NO,
    Fact.WATER: _YES_NO,
    Fact.PARK_ASSESSED: _YES_NO,
    Fact.SPECIAL_FIRE: _YES_NO,
    Fact.CIVIL_DEFENCE: _YES_NO,
    Fact.ROAD: _YES_NO,
    Fact.FOREST: _YES_NO,
    Fact.DISCHARGE: _YES_NO,
    Fact.SAFETY: _YES_NO,
}
# Known from the project itself, or worked out from numbers: nobody is asked for the word.
NOT_ASKED = frozenset({Fact.INDUSTRIAL, Fact.ENERGY})

# An answer as the half of a sentence that says why.
CLAUSES: dict[tuple[Fact, str], str | Promise] = {
    (Fact.FUNDING, "private"): gettext_lazy("the investment is private"),
    (Fact.FUNDING, "government"): gettext_lazy("the investment is the government's"),
    (Fact.ROUTE, "filing"): gettext_lazy("the project is filed"),
    (Fact.ROUTE, "ratification"): gettext_lazy("the project has to be ratified"),
    (Fact.WORKS, "new"): gettext_lazy("new buildings are put up"),
    (Fact.WORKS, "extension"): gettext_lazy("buildings are extended"),
    (Fact.WORKS, "renovation"): gettext_lazy("existing buildings are only renovated"),
    (Fact.LAND, "new"): gettext_lazy("the land is newly supplied"),
    (Fact.LAND, "own"): gettext_lazy("the enterprise builds on its own land"),
    (Fact.LAND, "leased"): gettext_lazy("land or halls are rented"),
    (Fact.INDUSTRIAL, "yes"): gettext_lazy("it is an industrial project"),
    (Fact.INDUSTRIAL, "no"): gettext_lazy("it is no industrial project"),
    (Fact.EIA, "report"): gettext_lazy("the environmental assessment is a report"),
    (Fact.EIA, "form"): gettext_lazy("the environmental assessment is a form"),
    (Fact.EIA, "registration"): gettext_lazy("the environmental assessment is a registration"),
    (Fact.EIA, "exempt"): gettext_lazy("no environmental assessment is asked for"),
    (Fact.ENERGY, "reviewed"): gettext_lazy(
        "energy use reaches 1,000 tonnes of standard coal or 5 million kWh a year"
    ),
    (Fact.ENERGY, "pledged"): gettext_lazy(
        "energy use stays under 1,000 tonnes of standard coal and 5 million kWh a year, "
        "the enterprise pledges instead"
    ),
    (Fact.EARTHWORKS, "yes"): gettext_lazy("the earthworks need a water and soil plan"),
    (Fact.EARTHWORKS, "no"): gettext_lazy("the earthworks need no water and soil plan"),
    (Fact.WATER, "yes"): gettext_lazy("it lies on river land or takes its own water"),
    (Fact.WATER, "no"): gettext_lazy("it neither lies on river land nor takes its own water"),
    (Fact.PARK_ASSESSED, "yes"): gettext_lazy("the park has made the regional assessments"),
    (Fact.PARK_ASSESSED, "no"): gettext_lazy("the park has not made the regional assessments"),
    (Fact.SPECIAL_FIRE, "yes"): gettext_lazy("it is special works by fire-safety law"),
    (Fact.SPECIAL_FIRE, "no"): gettext_lazy("it is no special works by fire-safety law"),
    (Fact.CIVIL_DEFENCE, "yes"): gettext_lazy("an air-raid shelter has to be built or paid for"),
    (Fact.CIVIL_DEFENCE, "no"): gettext_lazy("no air-raid shelter is asked for"),
    (Fact.ROAD, "yes"): gettext_lazy("city roads are used or opened"),
    (Fact.ROAD, "no"): gettext_lazy("no city road is used or opened"),
    (Fact.FOREST, "yes"): gettext_lazy("forest land or city trees are touched"),
    (Fact.FOREST, "no"): gettext_lazy("neither forest land nor city trees are touched"),
    (Fact.DISCHARGE, "yes"): gettext_lazy("it discharges pollutants"),
    (Fact.DISCHARGE, "no"): gettext_lazy("it discharges no pollutants"),
    (Fact.SAFETY, "yes"): gettext_lazy("its safety facilities have to be accepted"),
    (Fact.SAFETY, "no"): gettext_lazy("it has no safety facilities to be accepted"),
}


# --- What is known of a project ------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """The answer to one question about a project, and whether it is only assumed."""

    fact: Fact
    answer: str
    assumed: bool

    @property
    def word(self) -> str:
        return str(ANSWERS[self.fact][self.answer])

    @property
    def clause(self) -> str:
        return str(CLAUSES[self.fact, self.answer])


def usual(*, is_industrial: bool) -> dict[Fact, str]:
    """What is assumed of a project until somebody knows better: private money, a filing, new
    buildings on new land, a form; industry is reviewed for its energy, discharges, has safety
    facilities."""
    industrial = "yes" if is_industrial else "no"
    return {
        Fact.FUNDING: "private",
        Fact.ROUTE: "filing",
        Fact.WORKS: "new",
        Fact.LAND: "new",
        Fact.EIA: "form",
        Fact.ENERGY: "reviewed" if is_industrial else "pledged",
        Fact.EARTHWORKS: "yes",
        Fact.WATER: "no",
        Fact.PARK_ASSESSED: "yes",
        Fact.SPECIAL_FIRE: "yes",
        Fact.CIVIL_DEFENCE: "yes",
        Fact.ROAD: "no",
        Fact.FOREST: "no",
        Fact.DISCHARGE: industrial,
        Fact.SAFETY: industrial,
    }


def known(project: Project, facts: ProjectFacts | None) -> dict[Fact, Known]:
    """Every fact of a project: answered, worked out, or assumed."""
    answered = {Fact(fact): answer for fact, answer in facts.answers.items()} if facts else {}
    answered[Fact.INDUSTRIAL] = "yes" if project.is_industrial else "no"
    if facts and (energy := energy_answer(facts.energy_tce, facts.power_wan_kwh)):
        answered[Fact.ENERGY] = energy
    assumed = usual(is_industrial=project.is_industrial)
    return {fact: Known(fact, answered.get(fact) or assumed[fact], fact not in answered) for fact in Fact}


def energy_answer(tce: Decimal | None, wan_kwh: Decimal | None) -> str:
    """Reviewed as soon as one number reaches its threshold, pledged when both are known and neither
    does; empty while that cannot be told."""
    if (tce is not None and tce >= SMALL_TCE) or (wan_kwh is not None and wan_kwh >= SMALL_WAN_KWH):
        return "reviewed"
    return "pledged" if tce is not None and wan_kwh is not None else ""


# --- What follows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Need:
    """Whether a project needs a catalogue item, and the answers that decide it."""

    template: ItemTemplate
    is_needed: bool
    because: tuple[Known, ...]
    # The catalogue has the item no longer; its last day.
    ended_on: datetime.date | None = None

    @property
    def is_assumed(self) -> bool:
        return any(known.assumed for known in self.because)

    @property
    def sentence(self) -> str:
        if self.ended_on:
            return _("Not needed: the catalogue has had this item until %(day)s only.") % {
                "day": self.ended_on.isoformat()
            }
        return sentence([known.clause for known in self.because], is_needed=self.is_needed)

    def as_json(self) -> dict[str, Any]:
        """As an item keeps it: what was answered, and what of it was assumed."""
        return {
            "answers": {known.fact.value: known.answer for known in self.because},
            "assumed": [known.fact.value for known in self.because if known.assumed],
        }


BY_HAND = {"by_hand": True}


def sentence(clauses: Collection[str], *, is_needed: bool) -> str:
    if not clauses:
        return _("Needed: every project needs it.")
    because = pgettext("between sentences", "; ").join(clauses)
    text = _("Needed: %(because)s.") if is_needed else _("Not needed: %(because)s.")
    return text % {"because": because}


def told(opened_because: Mapping[str, Any]) -> str:
    """Why an item was put on its list, from what it has kept of that day; empty if nobody knows."""
    if opened_because.get("by_hand"):
        return _("Put on the list by hand.")
    if "answers" not in opened_because:
        return ""
    answers = opened_because["answers"].items()
    return sentence([str(CLAUSES[Fact(fact), answer]) for fact, answer in answers], is_needed=True)


def need(
    template: ItemTemplate, rules: Iterable[ItemRule], facts: Mapping[Fact, Known], *, on: datetime.date
) -> Need:
    """An item is needed when each of its rules holds; what fails is the reason why it is not."""
    if template.in_force_until and template.in_force_until < on:
        return Need(template, False, (), template.in_force_until)
    asked = [(facts[Fact(rule.fact)], rule.answers) for rule in rules]
    failing = tuple(known for known, answers in asked if known.answer not in answers)
    return Need(template, not failing, failing or tuple(known for known, _answers in asked))


def rule_words(rule: ItemRule) -> str:
    """A rule for the catalogue's page: “Environmental assessment: Form, Report”."""
    fact = Fact(rule.fact)
    words = [str(ANSWERS[fact][answer]) for answer in rule.answers if answer in ANSWERS[fact]]
    return pgettext("label and what it says", "%(label)s: %(words)s") % {
        "label": fact.label,
        "words": pgettext("between items of a list", ", ").join(words),
    }
