"""What waits for a person: one list over all apps, by the day on which it is due.

Each app says in its query sets what waits for whom (`waiting_for`); here it becomes lines. However
much there is, each kind costs one query and shows its most urgent.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.models import User
from approvals import clocks, escalation, lamps, stalls
from approvals.models import AgencyTask, Issue, Item, StallFlag, SupportNeed
from approvals.models.issue import LEVEL_OF_ROLE
from briefings import reports, timetable
from briefings.choices import BriefingState
from briefings.models import Briefing, MeetingDecision, Review
from briefings.timetable import confirm_by
from core import clock
from core.remembering import memory
from core.workdays import Calendar, calendar
from projects.choices import SuspicionGrade
from projects.models import BUREAU, ContractEvent, Project, Suspicion
from projects.progress import is_closed
from projects.showing import name_of

SHOWN = 20  # of each kind
SOON = 3  # working days within which an item's due day is worth a line


@dataclass(frozen=True)
class Task:
    """One thing to do; `lamp` is a kind of `{% lamp %}`. Without a due day it waits behind all others."""

    title: str
    url: str
    lamp: str
    word: str
    note: str
    due: datetime.date | None = None


@dataclass(frozen=True)
class More:
    """There is more of a kind than is shown: where all of it stands."""

    what: str | Promise
    url: str


@dataclass(frozen=True)
class Waiting:
    """All that waits for a person, the most urgent first."""

    tasks: list[Task]
    more: list[More]
    today: datetime.date

    @property
    def by_due_day(self) -> list[tuple[str, list[Task]]]:
        """In four heaps; empty ones are left out."""
        week = self.today + datetime.timedelta(days=7)
        heaps: dict[str, list[Task]] = {
            _("Overdue"): [t for t in self.tasks if t.due and t.due < self.today],
            _("Today"): [t for t in self.tasks if t.due == self.today],
            _("Within a week"): [t for t in self.tasks if t.due and self.today < t.due <= week],
            _("Without a fixed day"): [t for t in self.tasks if not t.due or t.due > week],
        }
        return [(title, tasks) for title, tasks in heaps.items() if tasks]

    @property
    def count(self) -> str:
        """How many; with a plus where not all are shown."""
        return f"{len(self.tasks)}+" if self.more else str(len(self.tasks))


def waiting_for(user: User, today: datetime.date) -> Waiting:
    """What waits for this person on a day, in the language in hand; kept while nothing changes."""
    return memory.recall(("waiting", user.pk, today, get_language()), lambda: _waiting(user, today))


def _waiting(user: User, today: datetime.date) -> Waiting:
    days = calendar()
    tasks: list[Task] = []
    more: list[More] = []
    for kind in KINDS:
        found = list(kind.tasks(user, today, days))
        tasks += found[:SHOWN]
        if len(found) > SHOWN:
            more.append(More(kind.what, reverse(kind.route)))
    tasks.sort(key=lambda task: (task.due is None, task.due or today))
    return Waiting(tasks, more, today)


# --- Kinds --------------------------------------------------------------------------------------


def _stalled(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = StallFlag.objects.waiting_for(user).for_list().order_by("-severity", "first_day", "pk")
    for flag in rows[: SHOWN + 1]:
        yield Task(
            title=f"{name_of(flag.project, user)} · {flag.subject}",
            url=reverse("approvals:acknowledge", args=[flag.pk]),
            lamp="over_statute" if flag.severity == "red" else "over_promise",
            word=flag.get_code_display(),
            note=stalls.sentence(flag, today, days=days, reader=user),
            due=flag.first_day,
        )


def _items(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = Item.objects.waiting_for(user, until=days.add(today, SOON)).for_list()
    for item in rows.order_by(*lamps.URGENCY)[: SHOWN + 1]:
        shown = lamps.shown(item, clocks.standing(item, today=today, days=days))
        yield Task(
            title=f"{item.template} · {name_of(item.project, user)}",
            url=reverse("approvals:item", args=[item.pk]),
            lamp=shown.kind,
            word=shown.word,
            note=f"{item.template.department} · {item.get_state_display()}",
            due=item.promise_due or item.statute_due,
        )


def _signings(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = _with_project(ContractEvent.objects.waiting_for(user)).select_related("recorded_by")
    for event in rows.order_by("recorded_on", "pk")[: SHOWN + 1]:
        yield Task(
            title=name_of(event.project, user),
            url=reverse("projects:verdict", args=[event.pk]),
            lamp="todo",
            word=_("To be verified"),
            note=_("%(kind)s · entered by %(name)s on %(day)s")
            % {"kind": event.get_kind_display(), "name": event.recorded_by, "day": event.recorded_on},
        )


def _suspicions(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    """What the water detector has found, in one line: it is judged on its own page, the gravest first."""
    rows = Suspicion.objects.waiting_for(user)
    found = rows.aggregate(n=Count("pk"), high=Count("pk", filter=Q(grade=SuspicionGrade.HIGH)))
    if found["n"]:
        yield Task(
            title=ngettext("%(n)s striking signing", "%(n)s striking signings", found["n"]) % found,
            url=reverse("projects:suspicions"),
            lamp="over_promise" if found["high"] else "todo",
            word=_("To be judged"),
            note=_("Water detector · graded high: %(high)s") % found,
        )


def _returned(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = _with_project(ContractEvent.objects.returned_to(user)).select_related("verdict__by")
    for event in rows.order_by("-verdict__on", "-pk")[: SHOWN + 1]:
        yield Task(
            title=name_of(event.project, user),
            url=event.project.get_absolute_url(),
            lamp="over_promise",
            word=_("Returned"),
            note=f"{event.get_kind_display()} · {event.verdict.by} · {event.verdict.reason}",
            due=event.verdict.on,
        )


def _drafts(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    for draft in user.signing_drafts.order_by("-saved_at")[: SHOWN + 1]:
        yield Task(
            title=str(draft.data.get("name") or _("A signing without a name yet")),
            url=f"{reverse('projects:new')}?draft={draft.pk}",
            lamp="waiting",
            word=_("Draft"),
            note=_("Half filled in: go on where you left off."),
        )


def _paused(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = Project.objects.waiting_for(user, today=today).select_related("enterprise")
    for project in rows.prefetch_related("shares").order_by("paused_until", "pk")[: SHOWN + 1]:
        yield Task(
            title=name_of(project, user),
            url=project.get_absolute_url(),
            lamp="over_promise",
            word=_("Pause is over"),
            note=_("Take it up again or renew the pause: %(reason)s") % {"reason": project.status_reason},
            due=project.paused_until,
        )


def _issues(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = Issue.objects.waiting_for(user).for_list().order_by("raised_on", "pk")
    for issue in rows[: SHOWN + 1]:
        open_for = days.between(issue.raised_on, today)
        yield Task(
            title=f"{issue.text} · {name_of(issue.project, user)}",
            url=reverse("approvals:issue", args=[issue.pk]),
            lamp="todo",
            word=issue.get_state_display(),
            note=ngettext(
                "%(department)s · open for %(n)s working day",
                "%(department)s · open for %(n)s working days",
                open_for,
            )
            % {"department": issue.department, "n": open_for},
        )


def _sent_up(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    """What has climbed to a lead or a leader. A city leader, who says nothing to flags, meets them here."""
    if user.role not in LEVEL_OF_ROLE:
        return
    for issue in (
        Issue.objects.sent_up_to(user).for_list().order_by("-level", "level_since", "pk")[: SHOWN + 1]
    ):
        yield Task(
            title=f"{issue.text} · {name_of(issue.project, user)}",
            url=reverse("approvals:issue", args=[issue.pk]),
            lamp="todo",
            word=_("Sent up"),
            note=_on_level(issue, today, days),
        )
    if user.has_perm("approvals.acknowledge_stall"):
        return
    for flag in (
        StallFlag.objects.sent_up_to(user).for_list().order_by("-level", "level_since", "pk")[: SHOWN + 1]
    ):
        yield Task(
            title=f"{name_of(flag.project, user)} · {flag.subject}",
            url=f"{reverse('approvals:stalled')}?group=open&project={flag.project_id}",
            lamp="over_statute" if flag.severity == "red" else "over_promise",
            word=_("Sent up"),
            note=_on_level(flag, today, days),
        )


def _on_level(matter: Issue | StallFlag, today: datetime.date, days: Calendar) -> str:
    stood = days.between(escalation.since_of(matter), today)
    return ngettext("“%(level)s” for %(n)s working day", "“%(level)s” for %(n)s working days", stood) % {
        "level": matter.get_level_display(),
        "n": stood,
    }


def _needs(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = SupportNeed.objects.waiting_for(user, until=days.add(today, SOON)).for_list()
    for need in rows.order_by("needed_by", "pk")[: SHOWN + 1]:
        shown = lamps.of_need(need, today=today, days=days)
        yield Task(
            title=f"{need.text} · {name_of(need.project, user)}",
            url=reverse("approvals:need", args=[need.pk]),
            lamp=shown.kind,
            word=shown.word,
            note=f"{need.get_kind_display()} · {need.department} · {need.get_state_display()}",
            due=need.needed_by,
        )


def _tasks(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    rows = AgencyTask.objects.waiting_for(user, until=days.add(today, SOON)).for_list()
    for task in rows.order_by("due_on", "pk")[: SHOWN + 1]:
        shown = lamps.of_task(task, today=today, days=days)
        yield Task(
            title=f"{task.text} · {name_of(task.project, user)}",
            url=reverse("approvals:task", args=[task.pk]),
            lamp=shown.kind,
            word=shown.word,
            note=f"{task.get_mode_display()} · {task.get_state_display()}",
            due=task.due_on,
        )


def _reports(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    """Last month's progress, of whoever reports for a unit or a task force; one line for all projects."""
    month = clock.previous_month(today)
    if user.role in BUREAU or not user.has_perm("projects.report_progress") or is_closed(month, today):
        return
    own = reports.by_unit(month, today=today, of=reports.answered_by(user))
    if missing := sum(row.missing for row in own):
        due = timetable.report_by(month)
        yield Task(
            title=_("Progress of %(month)s") % {"month": f"{month:%Y-%m}"},
            url=f"{reverse('projects:report_month')}?month={month:%Y-%m}",
            lamp="over_promise" if due < today else "todo",
            word=_("To be reported"),
            note=ngettext("%(n)s project is missing", "%(n)s projects are missing", missing) % {"n": missing},
            due=due,
        )


def _briefings(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    disputes = Review.objects.filter(briefing=OuterRef("pk")).unanswered()
    rows = Briefing.objects.waiting_for(user).for_list().annotate(is_disputed=Exists(disputes))
    for briefing in rows.order_by("period__month", "scope_key")[: SHOWN + 1]:
        about = briefing.task_force or briefing.unit or _("The whole city")
        is_draft = briefing.state == BriefingState.DRAFT
        word = BRIEFING_WORDS[BriefingState(briefing.state)]
        yield Task(
            title=_("Briefing %(month)s · %(about)s") % {"month": briefing.period, "about": about},
            url=briefing.get_absolute_url(),
            lamp="over_promise" if briefing.is_disputed else "todo",
            word=_("Dispute to answer") if briefing.is_disputed else str(word),
            note=_("Figures, text and tables stand ready."),
            due=confirm_by(briefing.period.month) if is_draft else None,
        )


BRIEFING_WORDS = {
    BriefingState.DRAFT: gettext_lazy("To be confirmed"),
    BriefingState.REVIEWED: gettext_lazy("To be signed off"),
    BriefingState.RETURNED: gettext_lazy("Returned"),
    BriefingState.SIGNED_OFF: gettext_lazy("To be published"),
    BriefingState.PUBLISHED: gettext_lazy("Published"),
}


def _decisions(user: User, today: datetime.date, days: Calendar) -> Iterator[Task]:
    """What an on-site meeting decided for this person's office."""
    rows = MeetingDecision.objects.waiting_for(user).for_list().order_by("due_on", "pk")
    for decision in rows[: SHOWN + 1]:
        yield Task(
            title=decision.text,
            url=decision.get_absolute_url(),
            lamp="over_statute" if decision.due_on < today else "todo",
            word=_("Decision of an on-site meeting"),
            note=f"{decision.meeting.title} · {decision.owner}",
            due=decision.due_on,
        )


def _with_project(rows: Any) -> Any:
    return rows.select_related("project__enterprise").prefetch_related("project__shares")


@dataclass(frozen=True)
class Kind:
    """A kind of task, and the page on which all of it stands."""

    what: str | Promise
    route: str
    tasks: Callable[[User, datetime.date, Calendar], Iterable[Task]]


KINDS = (
    Kind(gettext_lazy("All stalled approvals"), "approvals:stalled", _stalled),
    Kind(gettext_lazy("All items"), "approvals:board", _items),
    Kind(gettext_lazy("All signings to be verified"), "projects:verify", _signings),
    Kind(gettext_lazy("All findings of the water detector"), "projects:suspicions", _suspicions),
    Kind(gettext_lazy("All projects"), "projects:list", _returned),
    Kind(gettext_lazy("All drafts"), "projects:drafts", _drafts),
    Kind(gettext_lazy("All projects"), "projects:list", _paused),
    Kind(gettext_lazy("All issues"), "approvals:issues", _issues),
    Kind(gettext_lazy("All that has been sent up"), "approvals:reached", _sent_up),
    Kind(gettext_lazy("All support needs"), "approvals:needs", _needs),
    Kind(gettext_lazy("All assistance tasks"), "approvals:tasks", _tasks),
    Kind(gettext_lazy("The whole month"), "briefings:this_month", _reports),
    Kind(gettext_lazy("All briefings"), "briefings:list", _briefings),
    Kind(gettext_lazy("All decisions"), "briefings:decisions", _decisions),
)
