"""A plan told in sentences: the same on its page, on paper, in the API and by the command."""

import datetime
from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approvals.choices import ItemState
from approvals.models import Item
from approvals.planning import ASSUMED_DAYS, Basis, Milestone, Planned, ProjectPlan, Step
from core.workdays import Calendar

ARROW = " → "


def names(items: Iterable[Item]) -> str:
    """“Filing”, “Site opinion”"""
    between = pgettext("between items of a list", ", ")
    return between.join(_("“%(item)s”") % {"item": item.template} for item in items)


def workdays(n: int) -> str:
    return ngettext("%(n)s working day", "%(n)s working days", n) % {"n": n}


# --- The whole plan -------------------------------------------------------------------------------


def headline(told: ProjectPlan) -> str:
    """When works can begin, against the day on which they are wanted."""
    if told.plan.rings:
        return _("There is no plan while items wait for each other in a circle.")
    unfinished = len(told.plan.open_before(Milestone.WORKS))
    if told.has_begun:
        return _begun(unfinished)
    if told.plan.slack is None:
        return _("Works can begin on %(day)s at the earliest.") % {"day": _day(told.plan.start)}
    return _against_the_wanted_day(told, unfinished)


def _begun(unfinished: int) -> str:
    if not unfinished:
        return _("Works have begun; everything that has to come before them is through.")
    return ngettext(
        "Works have begun, and %(n)s item that has to come before them is not through.",
        "Works have begun, and %(n)s items that have to come before them are not through.",
        unfinished,
    ) % {"n": unfinished}


def _against_the_wanted_day(told: ProjectPlan, unfinished: int) -> str:
    slack = told.plan.slack or 0
    facts = {"day": _day(told.plan.start), "n": workdays(abs(slack))}
    if not unfinished and slack >= 0:
        return _("Everything is through: works can begin, %(n)s before the wanted day.") % facts
    if slack < 0:
        return _("Works can begin on %(day)s at the earliest: %(n)s after the wanted day.") % facts
    if slack == 0:
        return _("Works can begin on %(day)s at the earliest: the wanted day, with none to spare.") % facts
    return _("Works can begin on %(day)s at the earliest: %(n)s before the wanted day.") % facts


def what_lacks(told: ProjectPlan) -> str:
    """What has to be said before the plan can say more; empty when nothing is missing."""
    if told.plan.wanted_start is None and not told.has_begun:
        return _(
            "Nobody has said on which day works are to begin. Enter it, and the plan tells by which day "
            "each item has to be handed in."
        )
    if told.plan.wanted_production is None and told.plan.open_before(Milestone.PRODUCTION):
        return _(
            "Nobody has said on which day production is to begin: the items after the building have no "
            "latest day."
        )
    return ""


def rings(told: ProjectPlan) -> list[str]:
    """Each circle, and what to do about it."""
    return [_ring([told.items[key] for key in ring]) for ring in told.plan.rings]


def _ring(items: Collection[Item]) -> str:
    facts = {"items": names(items)}
    if len(items) == 1:
        return _("%(items)s waits for itself. Take it out of its own prerequisites in the catalogue.") % facts
    return _("%(items)s wait for each other. Take one of these prerequisites out of the catalogue.") % facts


def critical_path(told: ProjectPlan, seen: Collection[int]) -> str:
    """The chain that decides, as far as somebody may see its items."""
    return ARROW.join(str(told.items[key].template) for key in told.plan.path if key in seen)


def lever(told: ProjectPlan, seen: Collection[int]) -> str:
    """Which single item would free most days."""
    levers = [told.items[key] for key in told.plan.levers if key in seen]
    if levers:
        facts = {"items": names(levers), "n": workdays(told.plan.frees)}
        if len(levers) == 1:
            return _("Fastest lever: %(items)s, %(n)s.") % facts
        return _("Fastest levers, each %(n)s: %(items)s.") % facts
    if told.plan.path and not told.plan.levers:
        return _(
            "No single item frees a day: several chains are equally long, or what is under way can end today."
        )
    return ""


def next_step(told: ProjectPlan, seen: Collection[int]) -> str:
    """What has to be handed in first, and by which day; empty when nothing has to be."""
    waiting = [p for p in told.plan.items if p.latest_submit and p.key in seen]
    first = min((p.latest_submit for p in waiting if p.latest_submit), default=None)
    if first is None:
        return ""
    facts = {
        "items": names(told.items[p.key] for p in waiting if p.latest_submit == first),
        "day": _day(first),
    }
    if first < told.plan.today:
        return _("%(items)s should have been handed in by %(day)s.") % facts
    return _("Next: hand in %(items)s by %(day)s.") % facts


def assumptions(told: ProjectPlan, seen: Collection[int], *, days: Calendar) -> list[str]:
    """What the plan rests on and nobody has said."""
    open_items = [p for p in told.plan.items if not p.is_passed and p.key in seen]
    without_limit = [told.items[p.key] for p in open_items if p.basis == Basis.ASSUMED]
    unannounced = [told.items[p.key] for p in open_items if _is_unannounced(told.steps[p.key])]
    found = [
        _(
            "Each item is counted as accepted on the day it is handed in and passed on the last day of its "
            "promised limit, else of its statutory one; what stops the clock counts as soon as it is "
            "announced. Works begin on the working day after the last item has passed."
        )
    ]
    if without_limit:
        found.append(
            _(
                "No limit is on record for %(items)s: %(n)s are assumed "
                "(Administrative Licensing Law, art. 42)."
            )
            % {"items": names(without_limit), "n": workdays(ASSUMED_DAYS)}
        )
    if unannounced:
        found.append(
            _(
                "The clock of %(items)s stands still without an announced length: "
                "counted as if it ran on today."
            )
            % {"items": names(unannounced)}
        )
    return found + [
        _("The days off of %(year)s are not announced yet: the plan's days in that year are provisional.")
        % {"year": year}
        for year in _years(told)
        if days.is_provisional(year)
    ]


def _is_unannounced(step: Step) -> bool:
    return step.state in ItemState.PAUSED and step.announced is None


def _years(told: ProjectPlan) -> list[int]:
    ends = [day for p in told.plan.items for day in (p.earliest_finish, p.latest_finish) if day]
    return sorted({day.year for day in ends if day >= told.plan.today})


def tried(before: ProjectPlan, after: ProjectPlan, item: Item, n: int) -> str:
    """What it would mean if an item took so many working days."""
    old, new = before.plan.start, after.plan.start
    facts = {"item": item.template, "n": workdays(n), "day": _day(new)}
    change = before.plan.length - after.plan.length
    if old is None or new is None or not change:
        return _("If “%(item)s” took %(n)s from now on, works could still begin on %(day)s.") % facts
    facts["change"] = workdays(abs(change))
    if change > 0:
        return (
            _("If “%(item)s” took %(n)s from now on, works could begin on %(day)s: %(change)s earlier.")
            % facts
        )
    return _("If “%(item)s” took %(n)s from now on, works could begin on %(day)s: %(change)s later.") % facts


# --- One item -------------------------------------------------------------------------------------


def slack(days: int | None) -> str:
    """9 days to spare, 3 days late, none to spare."""
    if days is None:
        return ""
    if days < 0:
        return ngettext("%(n)s day late", "%(n)s days late", -days) % {"n": -days}
    if days == 0:
        return _("None to spare")
    return ngettext("%(n)s day to spare", "%(n)s days to spare", days) % {"n": days}


def why(told: ProjectPlan, planned: Planned) -> str:
    """Where an item's days come from, in one or two sentences."""
    step = told.steps[planned.key]
    if planned.is_passed:
        return _passed(told.items[planned.key])
    if told.plan.rings:
        return ""
    known = _under_way(step, planned) if step.is_under_way else _to_be_submitted(told, planned)
    latest = _at_the_latest(told, planned)
    return _("%(known)s %(latest)s") % {"known": known, "latest": latest} if latest else known


def _passed(item: Item) -> str:
    return _("%(state)s on %(day)s.") % {"state": item.get_state_display(), "day": _day(item.closed_on)}


def _under_way(step: Step, planned: Planned) -> str:
    facts = {"day": _day(planned.earliest_finish), "basis": planned.basis.label}
    if planned.basis == Basis.SUPPOSED:
        return _("Tried out: passed on %(day)s.") % facts
    if step.state == ItemState.SUBMITTED:
        return _("Not accepted yet; accepted today it is passed by its %(basis)s on %(day)s.") % facts
    if _is_unannounced(step):
        return (
            _("Its clock stands still, nobody has said how long; going on today it is passed on %(day)s.")
            % facts
        )
    if step.state in ItemState.PAUSED:
        return _("Its clock goes on after the announced stop; it is then passed on %(day)s.") % facts
    if step.counted >= step.limit[0]:
        return _("Its %(basis)s is used up; it can be passed any day.") % facts
    return _("By its %(basis)s it is passed on %(day)s.") % facts


def _to_be_submitted(told: ProjectPlan, planned: Planned) -> str:
    facts = {
        "n": workdays(planned.duration),
        "basis": planned.basis.label,
        "day": _day(planned.earliest_submit),
    }
    if planned.earliest_submit is None:
        return _("Can be handed in when the building is complete; takes %(n)s (%(basis)s).") % facts
    if planned.after is None:
        return _("Can be handed in now; takes %(n)s (%(basis)s).") % facts
    facts["after"] = str(told.items[planned.after].template)
    return _("Can be handed in on %(day)s, after “%(after)s”; takes %(n)s (%(basis)s).") % facts


def _at_the_latest(told: ProjectPlan, planned: Planned) -> str:
    if planned.latest_finish is None:
        return ""
    facts = {"day": _day(planned.latest_finish)}
    if planned.before is not None:
        facts["before"] = str(told.items[planned.before].template)
        return _("Has to be through by %(day)s, when “%(before)s” has to be handed in.") % facts
    if planned.milestone == Milestone.WORKS:
        return _("Has to be through by %(day)s, before works begin.") % facts
    return _("Has to be through by %(day)s, before production begins.") % facts


def _day(day: datetime.date | None) -> str:
    return day.isoformat() if day else "—"
