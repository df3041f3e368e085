"""The ladder on a page: the rungs of one issue, and what has been sent up to whoever looks."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.access import allow, user_of
from accounts.models import User
from approvals import escalation, excel, stalls
from approvals.choices import IssueLevel, IssueState, Severity
from approvals.models import Issue, IssueEvent, StallFlag
from approvals.models.issue import own_level
from approvals.showing import issue_text
from core import clock, exporting
from core.pages import page
from core.workdays import Calendar, calendar
from projects.choices import Status
from projects.showing import name_of

SHOWN = 50  # of each kind
NAMED = 4  # people of a level


# --- Of one issue ---------------------------------------------------------------------------


def drawn(issue: Issue, steps: Sequence[IssueEvent], *, days: Calendar) -> dict[str, Any]:
    """The rungs with the day each was reached, and what happens next."""
    since = {step.level: step.on for step in sorted(steps, key=lambda s: (s.on, s.pk)) if step.level}
    since = {IssueLevel.TEAM: issue.raised_on, **since}
    is_open = issue.state in IssueState.OPEN
    climb = escalation.ahead(issue, days=days)
    return {
        "rungs": [
            {
                "label": level.label,
                "state": _rung(level, issue.level, is_open=is_open),
                "since": since.get(level) if level <= issue.level else None,
            }
            for level in IssueLevel
        ],
        "next": _next(issue, climb) if is_open else "",
        "told": _told(issue, climb) if climb else "",
    }


def _rung(level: int, reached: int, *, is_open: bool) -> str:
    if level < reached or (level == reached and not is_open):
        return "done"
    return "now" if level == reached else "ahead"


def _next(issue: Issue, climb: escalation.Climb | None) -> str:
    """When the timer sends it up, or why it does not."""
    if climb is not None:
        facts = {"level": climb.level.label, "day": in_words(climb.on)}
        if issue.state in (IssueState.ANSWERED, IssueState.CONFIRMING):
            return _("Goes up to “%(level)s” on %(day)s unless the answer is confirmed before.") % facts
        return _("Goes up to “%(level)s” on %(day)s unless it is answered before.") % facts
    if issue.level == IssueLevel.MAYOR:
        return _("There is no higher level.")
    if issue.state == IssueState.SUSPENDED:
        return _("While it is suspended the timer stands still.")
    if issue.project.status != Status.ACTIVE:
        return _("While the project is paused the timer stands still.")
    return _("From here it goes up by hand only, with a reason.")


def _told(issue: Issue, climb: escalation.Climb) -> str:
    """The people of the next level by name."""
    (people,) = escalation.concerned([escalation.matter_of(issue, level=climb.level)]).values()
    names = list(
        User.objects.filter(pk__in=people, is_active=True).order_by("pk").values_list("name", flat=True)
    )
    if not names:
        return _("Nobody is entered for that level yet.")
    shown = pgettext("between items of a list", ", ").join(names[:NAMED])
    if len(names) > NAMED:
        return ngettext(
            "Told then: %(names)s and %(more)s more.",
            "Told then: %(names)s and %(more)s more.",
            len(names) - NAMED,
        ) % {"names": shown, "more": len(names) - NAMED}
    return _("Told then: %(names)s.") % {"names": shown}


def in_words(day: datetime.date) -> str:
    return date_format(day, pgettext("date format", "j F Y"))


def what(step: IssueEvent, left: int) -> str:
    """A step on the ladder in words; `left` is the level it left."""
    told = {"level": step.get_level_display()}
    return (
        _("Sent up to: %(level)s") % told
        if (step.level or 0) > left
        else _("Sent back down to: %(level)s") % told
    )


def why(step: IssueEvent) -> str:
    """What was said with a step; of one that nobody took: that the timer did, and after how long."""
    if step.after_days is None:
        return step.note
    return ngettext(
        "By the timer, after %(days)s working day on the level below.",
        "By the timer, after %(days)s working days on the level below.",
        step.after_days,
    ) % {"days": step.after_days}


def levels_before(steps: Iterable[IssueEvent]) -> dict[int, int]:
    """Of each step on the ladder, by its number: the level it left."""
    level, before = int(IssueLevel.TEAM), {}
    for step in sorted(steps, key=lambda s: (s.on, s.pk)):
        if step.level:
            before[step.pk], level = level, step.level
    return before


# --- What has reached me ----------------------------------------------------------------------


@allow("approvals.view_issue")
def reached(request: HttpRequest) -> HttpResponseBase:
    """The issues and the stalled approvals that have been sent up to me; `?since=` those of that day on."""
    user, today, days = user_of(request), clock.today(), calendar()
    since = _day(request.GET.get("since", ""))
    level = own_level(user)
    issues, flags = Issue.objects.sent_up_to(user), StallFlag.objects.sent_up_to(user)
    if since:
        issues, flags = issues.filter(level_since__gte=since), flags.filter(level_since__gte=since)
    order = ("-level", "level_since", "pk")
    sent_up = issues.for_list().order_by(*order), flags.for_list().order_by(*order)
    if exporting.asked(request):
        told = [{**_issue(one, user, today, days), "kind": _("Issue")} for one in sent_up[0]]
        told += [{**_flag(one, user, today, days), "kind": _("Stalled")} for one in sent_up[1]]
        narrowed = [(_("Since"), since.isoformat())] if since else []
        return exporting.answer(request, excel.REACHED, told, narrowed=narrowed)
    levels = urlencode([("level", int(step)) for step in IssueLevel if step >= level])
    heaps = [
        {
            "title": _("Issues"),
            "count": issues.count(),
            "rows": [_issue(i, user, today, days) for i in sent_up[0][:SHOWN]],
            "url": f"{reverse('approvals:issues')}?group=open&{levels}",
        },
        {
            "title": _("Stalled approvals nobody has answered"),
            "count": flags.count(),
            "rows": [_flag(f, user, today, days) for f in sent_up[1][:SHOWN]],
            "url": f"{reverse('approvals:stalled')}?group=open&answered=no&{levels}"
            if user.has_perm("approvals.view_stalled")
            else "",
        },
    ]
    context = {"heaps": heaps, "level": level.label, "since": since, "shown": SHOWN}
    return page(request, "approvals/reached.html", context)


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _issue(issue: Issue, user: User, today: datetime.date, days: Calendar) -> dict[str, Any]:
    return {
        "url": reverse("approvals:issue", args=[issue.pk]),
        "lamp": "todo",
        "word": issue.get_level_display(),
        "title": issue_text(issue, user),
        "project": name_of(issue.project, user),
        "whose": str(issue.department),
        "since": escalation.since_of(issue),
        "days": days.between(escalation.since_of(issue), today),
    }


def _flag(flag: StallFlag, user: User, today: datetime.date, days: Calendar) -> dict[str, Any]:
    may_answer = user.has_perm("approvals.acknowledge_stall")
    return {
        "url": reverse("approvals:acknowledge", args=[flag.pk]) if may_answer else _home(flag),
        "lamp": "over_statute" if flag.severity == Severity.RED else "over_promise",
        "word": flag.get_level_display(),
        "title": stalls.sentence(flag, today, days=days, reader=user),
        "project": name_of(flag.project, user),
        "whose": stalls.acts(flag),
        "since": escalation.since_of(flag),
        "days": days.between(escalation.since_of(flag), today),
    }


def _home(flag: StallFlag) -> str:
    if flag.item_id:
        return reverse("approvals:item", args=[flag.item_id])
    return reverse("approvals:panel", args=[flag.project_id])
