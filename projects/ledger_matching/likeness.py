"""How like a row is to a project in the books, and by what: the evidence and its grade."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from rapidfuzz import fuzz

from projects.choices import EventKind
from projects.ledger_matching.books import Booked
from projects.ledger_matching.names import bare, base_name, spelt
from projects.ledger_matching.told import Told
from projects.lookalikes import NEAR, Grade

ALIKE = 75  # percent, from which two names are worth a look


@dataclass(frozen=True, slots=True)
class Likeness:
    """A project in the books that a row may be."""

    grade: Grade
    score: int
    project: Booked
    said: list[str]

    @property
    def rank(self) -> tuple[Grade, int, int]:
        return self.grade, self.score, -self.project.pk


def graded(told: Told, key: str, project: Booked, enterprises: Collection[int]) -> Iterator[Likeness]:
    """How sure the evidence makes one; nothing for what is merely another project of the enterprise.

    `key` is the name key of the row's enterprise, `enterprises` are those that it certainly is.
    """
    if told.uscc and project.uscc and told.uscc != project.uscc and not _is_spelt(told, project):
        return  # two credit codes, two enterprises
    who = _who(told, key, project, enterprises)
    name = _by_name(told.name, project)
    deal = dict(_by_contract(told, project))
    said = [sentence for sentence in (who, name[1], *deal.values()) if sentence]
    score = name[0] + 40 * bool(who) + 25 * ("amount" in deal) + 10 * ("place" in deal)
    grade = _grade(is_who=bool(who), name=name[0], deal=deal.keys())
    if grade is not None:
        yield Likeness(grade, score, project, said)


def _grade(*, is_who: bool, name: int, deal: Collection[str]) -> Grade | None:
    has_amount, has_place = "amount" in deal, "place" in deal
    if is_who and (name == 100 or (has_amount and has_place)):
        return Grade.LIKELY
    if (is_who and (name or has_amount)) or (name == 100 and (has_place or has_amount)):
        return Grade.SIMILAR
    return None


def _is_spelt(told: Told, project: Booked) -> bool:
    return spelt(told.enterprise) == project.enterprise_spelt


def _who(told: Told, key: str, project: Booked, enterprises: Collection[int]) -> str:
    if told.uscc and told.uscc == project.uscc:
        return _("the same credit code")
    if project.enterprise in enterprises:
        return _("the same enterprise")
    if project.enterprise_key == key:
        return _("the same name, apart from place and legal form")
    return ""


def _by_name(name: str, project: Booked) -> tuple[int, str]:
    plain = bare(name)
    if plain == project.bare:
        return 100, _("the same name")
    if base_name(name) == project.base:
        return 100, _("the same name, apart from its phase")
    score = round(fuzz.ratio(plain, project.bare))
    return (score, _("the names are %(score)d %% alike") % {"score": score}) if score >= ALIKE else (0, "")


def _by_contract(told: Told, project: Booked) -> Iterator[tuple[str, str]]:
    if told.place and told.place.pk == project.location:
        yield "place", _("in the same place")
    signing = next(iter(project.standing(EventKind.SIGNED)), None)
    if not told.amount or signing is None:
        return
    if abs(project.amount_of(signing) - told.amount) <= told.amount / 100:
        yield "amount", _("the same amount")
        if told.signed_on and abs(signing.signed_on - told.signed_on) <= NEAR:
            yield "day", _("signed within sixty days")
