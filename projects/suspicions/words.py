"""The evidence in sentences, in the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from core.money import format_wan
from projects.choices import EventKind

SENTENCES: dict[str, str | Promise] = {
    # two signings
    "same_code": gettext_lazy("Both carry the national project code %(code)s."),
    "same_enterprise": gettext_lazy("Both are of the same enterprise."),
    "same_group": gettext_lazy("Their enterprises are parent and subsidiary, or of one group."),
    "like_enterprise": gettext_lazy(
        "“%(one)s” and “%(other)s” have the same name, apart from place and legal form."
    ),
    "other_enterprise": gettext_lazy("Their enterprises have different names or credit codes."),
    "names_alike": gettext_lazy("The names of the projects are %(score)s %% alike."),
    "amounts_alike": gettext_lazy("The amounts are %(one)s and %(other)s 万元: %(percent)s %% apart."),
    "two_ceremonies": gettext_lazy("Signed at two ceremonies, on %(one)s and on %(other)s."),
    "two_days": gettext_lazy("Signed on %(one)s and again on %(other)s."),
    "same_place": gettext_lazy("Both are in the same place."),
    "no_shares": gettext_lazy(
        "Signed on %(one)s and %(other)s under two units, and no shares are agreed between them."
    ),
    "other_phase": gettext_lazy("The names speak of different phases."),
    "own_paper": gettext_lazy("It has a contract file of its own."),
    "own_papers": gettext_lazy("Each has a contract file of its own."),
    "no_paper": gettext_lazy("No file was handed in with it."),
    "add_on_alike": gettext_lazy(
        "The add-on of %(other)s 万元 is about what was signed at first (%(one)s): %(percent)s %% apart."
    ),
    # a framework
    "intent_in_name": gettext_lazy("The project's name says “%(word)s”."),
    "intent_in_note": gettext_lazy("The note of the signing says “%(word)s”."),
    "framework_paper": gettext_lazy(
        "The file of the signing is the very file of the framework agreement of %(on)s."
    ),
    "framework_no_paper": gettext_lazy(
        "After the framework agreement of %(on)s no contract was handed in as a file."
    ),
    "framework_amount": gettext_lazy("The amount is that of the framework agreement: %(amount)s 万元."),
    "framework_same_day": gettext_lazy("The framework agreement is no older than the signing of %(on)s."),
    # amounts
    "jump_up": gettext_lazy("%(event)s: from %(before)s to %(after)s 万元, %(times)s times the amount."),
    "jump_down": gettext_lazy("%(event)s: from %(before)s down to %(after)s 万元, one part in %(times)s."),
    "over_threshold": gettext_lazy(
        "A correction lifts it over %(threshold)s 万元: from %(before)s to %(after)s."
    ),
    "just_over": gettext_lazy("It comes to lie just above the threshold."),
    "soon_after": ngettext_lazy(
        "%(days)s day after the signing.", "%(days)s days after the signing.", "days"
    ),
    # no move
    "no_move": gettext_lazy("Nothing has happened since %(since)s, for %(months)s months and more."),
    "no_progress": gettext_lazy("No month has reported money spent or in place."),
    "start_missed": gettext_lazy("The works were to begin on %(on)s."),
    # phases
    "close_together": gettext_lazy(
        "%(n)s contracts of one enterprise in one place, from %(one)s to %(other)s."
    ),
    "phases_in_names": gettext_lazy("The names speak of phases: %(words)s."),
    "just_above": gettext_lazy("Each lies just above %(threshold)s 万元: from %(smallest)s to %(largest)s."),
    "just_below": gettext_lazy("Each lies just below %(threshold)s 万元: from %(smallest)s to %(largest)s."),
    "sum_of_earlier": gettext_lazy(
        "Together %(sum)s 万元, about what the enterprise signed on %(on)s (%(amount)s)."
    ),
    "sum_of_parts": gettext_lazy(
        "%(amount)s 万元 is about what its %(n)s earlier contracts make up together (%(sum)s)."
    ),
    # one firm
    "written_alike": gettext_lazy(
        "“%(one)s” and “%(other)s” differ in nothing but width, spaces or brackets."
    ),
    "same_key": gettext_lazy(
        "“%(one)s” and “%(other)s” have the same name, apart from place and legal form."
    ),
    "firms_alike": gettext_lazy("“%(one)s” and “%(other)s” are %(score)s %% alike."),
    "two_codes": gettext_lazy("They have two credit codes: %(one)s and %(other)s."),
    "one_code": gettext_lazy("Only one of them has a credit code."),
    "same_phone": gettext_lazy("The contact has the same telephone."),
}
# What names an enterprise or a project's papers: withheld with a confidential project.
_NAMING = frozenset({"same_code", "like_enterprise", "written_alike", "same_key", "firms_alike", "two_codes"})
_AMOUNTS = frozenset({"before", "after", "threshold", "smallest", "largest", "sum", "amount"})


@dataclass(frozen=True)
class Sentence:
    """One piece of evidence as it is read; `points` below zero speak against the suspicion."""

    code: str
    text: str
    points: int


def sentences(facts: Sequence[Sequence[Any]], *, veiled: bool = False) -> list[Sentence]:
    """The evidence, the weightiest first; `veiled` for who may not know one of the projects' names."""
    told = [Sentence(code, _in_words(code, values, veiled), points) for code, points, values in facts]
    return sorted(told, key=lambda one: -one.points)


def sentence(facts: Sequence[Sequence[Any]], *, veiled: bool = False) -> str:
    """The two weightiest pieces in one line."""
    return " ".join(one.text for one in sentences(facts, veiled=veiled)[:2])


def _in_words(code: str, values: dict[str, str | int], veiled: bool) -> str:
    if code not in SENTENCES:  # told by another release
        return code
    shown = {name: _shown(code, name, value, veiled) for name, value in values.items()}
    return str(SENTENCES[code] % shown)


def _shown(code: str, name: str, value: str | int, veiled: bool) -> str | int:
    if veiled and code in _NAMING and isinstance(value, str):
        return _("withheld")
    is_amount = name in _AMOUNTS or (name in ("one", "other") and code in ("amounts_alike", "add_on_alike"))
    if is_amount:
        return format_wan(Decimal(value))
    return str(EventKind(str(value)).label) if name == "event" else value
