"""The issues: the list, one issue with its next steps, logging a new one, evidence."""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import deadlines, excel
from approvals import issues as verbs
from approvals.choices import IssueLevel, IssueState, ReturnReason
from approvals.filters import IssueFilter
from approvals.forms import AddressForm, IssueForm, ResolveForm, ReturnForm, SaidStepForm, StepForm
from approvals.models import ConfirmationLink, Issue, IssueEvent, IssueEvidence
from approvals.models.issue import standing
from approvals.rules import ISSUE_NEXT, REOPEN_WITHIN_DAYS
from approvals.showing import issue_text
from approvals.views import ladder
from approvals.views.leafing import Leaves
from core import clock, exporting, files, receipts
from core.pages import page
from core.refusal import Refusal
from core.templatetags.ui import listed
from core.workdays import Calendar, calendar
from projects.models import Project
from projects.showing import Label, labels, name_of

# --- The list -------------------------------------------------------------------------------


@allow("approvals.view_issue")
def issue_list(request: HttpRequest) -> HttpResponseBase:
    """Issues, the open ones unless something else is asked for."""
    user, today, days = user_of(request), clock.today(), calendar()
    seen = Issue.objects.visible_to(user)
    found = IssueFilter(_asked(request), queryset=seen.for_list(), request=request, today=today)
    if exporting.asked(request):
        rows = exporting.each(found.qs, lambda issue: row(issue, user, today=today, days=days))
        return exporting.answer(request, excel.ISSUES, rows, narrowed=found)
    shown = Leaves(found.qs).get_page(request.GET.get("page"))
    group = found.form.cleaned_data.get("group", "") if "state" not in request.GET else ""
    return page(
        request,
        "approvals/issues.html",
        {
            "filter": found,
            "page": shown,
            "rows": [row(issue, user, today=today, days=days) for issue in shown],
            "tabs": [
                {"key": key, "word": word, "on": key == group}
                for key, (word, _q) in IssueFilter.GROUPS.items()
            ],
            "counts": seen.aggregate(
                open=Count("pk", filter=Q(state__in=IssueState.OPEN)),
                resolved=Count("pk", filter=Q(state=IssueState.RESOLVED)),
            ),
            "may_log": user.has_perm("approvals.log_issue"),
        },
    )


# A question of these is about open and resolved ones alike, unless it says so itself.
NAMING_STATES = {"group", "state", "q", "project", "due", "confirmed"} | {
    f"{day}_{end}" for day in ("raised", "resolved", "reopened") for end in ("after", "before")
}


def _asked(request: HttpRequest) -> QueryDict:
    asked = request.GET.copy()
    if not NAMING_STATES & asked.keys():
        asked["group"] = "open"
    return asked


STATE_LAMPS = {
    IssueState.LOGGED: "waiting",
    IssueState.ACCEPTED: "todo",
    IssueState.HANDLING: "info",
    IssueState.SUSPENDED: "over_promise",
    IssueState.ANSWERED: "info",
    IssueState.CONFIRMING: "info",
    IssueState.RESOLVED: "done",
    IssueState.RETURNED: "over_promise",
    IssueState.WITHDRAWN: "todo",
}


def due_lamp(issue: Issue, today: datetime.date) -> dict[str, Any] | None:
    """Whether it is, or was, settled in time; nothing without a due day."""
    if issue.state == IssueState.SUSPENDED and issue.due_on is None:
        return {"kind": "waiting", "word": _("Clock stands still")}
    if issue.due_on is None:
        return None
    if issue.resolved_on is not None:
        in_time = issue.resolved_on <= issue.due_on
        word = _("Resolved in time") if in_time else _("Resolved after the due day")
        return {"kind": "done" if in_time else "todo", "word": word}
    if today > issue.due_on:
        return {"kind": "over_promise", "word": _("Past the due day")}
    return {"kind": "on_time", "word": _("On time")}


def row(issue: Issue, user: User, *, today: datetime.date, days: Calendar) -> dict[str, Any]:
    """An issue as a line of a list, with ready strings."""
    return {
        "url": reverse("approvals:issue", args=[issue.pk]),
        "code": issue.code,
        "text": issue_text(issue, user),
        "project": name_of(issue.project, user),
        "more_projects": len(issue.also_concerns.all()),
        "category": issue.get_category_display(),
        "department": str(issue.department),
        "level": issue.get_level_display() if issue.level > IssueLevel.TEAM else "",
        "raised": issue.raised_on.isoformat(),
        "days": deadlines.days_open(issue, today, days=days),
        "due": issue.due_on.isoformat() if issue.due_on else "",
        "due_lamp": due_lamp(issue, today),
        "lamp": STATE_LAMPS[IssueState(issue.state)],
        "state": issue.get_state_display(),
    }


# --- Logging --------------------------------------------------------------------------------


@allow("approvals.log_issue")
def issue_new(request: HttpRequest) -> HttpResponse:
    """Log what stands in a project's way; `?project=` says whose.

    The button “look” searches for other projects that it concerns as well and shows their items;
    what has been typed stays.
    """
    user, today = user_of(request), clock.today()
    projects = Project.objects.visible_to(user)
    asked = request.GET.get("project", "")
    if not (asked.isdecimal() and len(asked) < 19):
        return page(request, "approvals/issue_which.html", _which(request, user))
    project = get_object_or_404(projects, pk=int(asked))
    question = request.POST.get("find", "").strip()[:100]
    others = _others(request, user, project, question)
    looks = "look" in request.POST
    form = IssueForm(
        request.POST if request.POST and not looks else None,
        initial=_typed(request) if looks else None,
        today=today,
        project_id=project.pk,
        names=lambda other: name_of(other, user),
        **others,
    )
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    issue = verbs.log(project, **form.cleaned_data, by=user, today=today)
                    sending.answer(location=reverse("approvals:issue", args=[issue.pk]))
            return redirect(sending.location or "approvals:issues")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {
        "project": project,
        "project_name": name_of(project, user),
        "form": form,
        "question": question,
        "offers": len(others["also"]),
        "looks": looks,
    }
    return page(request, "approvals/issue_new.html", context)


def _others(request: HttpRequest, user: User, project: Project, question: str) -> dict[str, Any]:
    """The other projects on offer: those picked already, and those that match what is searched for."""
    sent = request.POST.getlist("also")
    picked = [int(pk) for pk in sent[:50] if pk.isdecimal() and len(pk) < 19]
    keys = {project.pk for project in matching(user, question)} if question else set()
    rows = Project.objects.visible_to(user).exclude(pk=project.pk).filter(pk__in={*picked, *keys})
    also = rows.select_related("enterprise").prefetch_related("shares").order_by("-signed_on", "-pk")
    mine = set(rows.filter(pk__in=picked).values_list("pk", flat=True)) if picked else set()
    return {"also": also, "picked": sorted(mine)}


def _typed(request: HttpRequest) -> dict[str, Any]:
    one = {name: request.POST.get(name, "") for name in ("category", "department", "text", "on")}
    return {**one, "also": request.POST.getlist("also"), "blocks": request.POST.getlist("blocks")}


def _which(request: HttpRequest, user: User) -> dict[str, Any]:
    """The projects to choose from when none was named: those that match, the newest signed first."""
    question = request.GET.get("q", "").strip()[:100]
    return {"question": question, "projects": matching(user, question)}


def matching(user: User, question: str, *, without: Collection[int] = ()) -> QuerySet[Project]:
    """Signed projects that a person knows, by part of the name, of the enterprise, or by code."""
    known = Project.objects.known_to(user).signed().exclude(pk__in=without)
    projects = known.select_related("enterprise", "reporting_unit")
    if question:
        projects = projects.filter(
            Q(name__icontains=question)
            | Q(code__icontains=question)
            | Q(enterprise__name__icontains=question)
        )
    return projects.order_by("-signed_on", "-pk")[:30]


# --- One issue ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One button: who may press it, in which states, with which form, and what it does."""

    word: str | Promise
    permissions: tuple[str, ...]
    states: tuple[str, ...]
    form: type[StepForm]
    act: Callable[[Issue, dict[str, Any]], Any]
    label: str | Promise = ""
    main: bool = False


def _from(target: IssueState) -> tuple[str, ...]:
    """The states from which the table leads to `target`."""
    return tuple(state for state, targets in ISSUE_NEXT.items() if target in targets)


WORK, RESOLVE = ("approvals.work_issue",), ("approvals.resolve_issue",)

STEPS: dict[str, Step] = {
    "take_on": Step(
        gettext_lazy("Take on"),
        WORK,
        _from(IssueState.ACCEPTED),
        StepForm,
        lambda issue, facts: verbs.take_on(issue, **facts),
        main=True,
    ),
    "handle": Step(
        gettext_lazy("Begin work"),
        WORK,
        (IssueState.ACCEPTED,),
        StepForm,
        lambda issue, facts: verbs.handle(issue, **facts),
        main=True,
    ),
    "resume": Step(
        gettext_lazy("Go on with it"),
        WORK,
        (IssueState.SUSPENDED,),
        StepForm,
        lambda issue, facts: verbs.handle(issue, **facts),
        main=True,
    ),
    "answer": Step(
        gettext_lazy("Answer"),
        WORK,
        _from(IssueState.ANSWERED),
        SaidStepForm,
        lambda issue, facts: verbs.answer(issue, **facts),
        label=gettext_lazy("Answer"),
    ),
    "give_back": Step(
        pgettext_lazy("step of an issue", "Return"),
        WORK,
        _from(IssueState.RETURNED),
        ReturnForm,
        lambda issue, facts: verbs.give_back(issue, reason=facts.pop("note"), **facts),
        label=gettext_lazy("Whose business it is, or what is missing"),
    ),
    "address": Step(
        gettext_lazy("Address it anew"),
        ("approvals.log_issue",),
        (IssueState.RETURNED,),
        AddressForm,
        lambda issue, facts: verbs.address(issue, **facts),
        main=True,
    ),
    "resolve": Step(
        gettext_lazy("Resolve with evidence"),
        RESOLVE,
        _from(IssueState.RESOLVED),
        ResolveForm,
        lambda issue, facts: verbs.resolve(issue, **facts),
    ),
    "send_back": Step(
        gettext_lazy("The answer does not do"),
        WORK + RESOLVE,
        (IssueState.ANSWERED,),
        SaidStepForm,
        lambda issue, facts: verbs.handle(issue, **facts),
        label=gettext_lazy("What the answer leaves open"),
    ),
    "take_back": Step(
        gettext_lazy("Take the question back"),
        RESOLVE,
        (IssueState.CONFIRMING,),
        SaidStepForm,
        lambda issue, facts: verbs.handle(issue, **facts),
        label=gettext_lazy("Why the enterprise need not answer yet"),
    ),
    "suspend": Step(
        gettext_lazy("Suspend"),
        WORK,
        _from(IssueState.SUSPENDED),
        SaidStepForm,
        lambda issue, facts: verbs.suspend(issue, reason=facts.pop("note"), **facts),
    ),
    "escalate": Step(
        gettext_lazy("Send it up one level"),
        WORK + RESOLVE,
        IssueState.OPEN,
        SaidStepForm,
        lambda issue, facts: verbs.escalate(issue, reason=facts.pop("note"), **facts),
        label=gettext_lazy("Why it cannot be settled where it is"),
    ),
    "send_down": Step(
        gettext_lazy("Send it back down one level"),
        WORK + RESOLVE,
        IssueState.OPEN,
        SaidStepForm,
        lambda issue, facts: verbs.send_down(issue, reason=facts.pop("note"), **facts),
        label=gettext_lazy("Who can settle it lower down, and how"),
    ),
    "reopen": Step(
        gettext_lazy("Reopen"),
        (*RESOLVE, "approvals.log_issue"),
        (IssueState.RESOLVED,),
        SaidStepForm,
        lambda issue, facts: verbs.reopen(issue, reason=facts.pop("note"), **facts),
        label=gettext_lazy("Why the matter is not settled"),
    ),
}


def _open_steps(issue: Issue, user: User, today: datetime.date) -> dict[str, Step]:
    return {
        name: step
        for name, step in STEPS.items()
        if issue.state in step.states
        and any(user.has_perm(permission) for permission in step.permissions)
        and (name != "escalate" or issue.level < IssueLevel.MAYOR)
        and (name != "send_down" or issue.level > IssueLevel.TEAM)
        and (name != "reopen" or _can_reopen(issue, today))
    }


def _can_reopen(issue: Issue, today: datetime.date) -> bool:
    return issue.resolved_on is not None and (today - issue.resolved_on).days <= REOPEN_WITHIN_DAYS


@allow("approvals.view_issue")
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """One issue: what it is, what has happened, and the next steps as buttons."""
    user, today = user_of(request), clock.today()
    shown = get_object_or_404(Issue.objects.visible_to(user).for_list(), pk=pk)
    name, form = "", None
    if request.method == "POST":
        name = request.POST.get("step", "")
        step = STEPS.get(name)
        if step is None or not any(user.has_perm(permission) for permission in step.permissions):
            raise PermissionDenied
        form = _form(step, request, today)
        if form.is_valid() and _taken(request, form, step, shown, user, today):
            return redirect("approvals:issue", pk)
        shown = get_object_or_404(Issue.objects.visible_to(user).for_list(), pk=pk)
        # What others did in the meantime now stands on the page: the next try is made knowing it.
        form.data = request.POST.copy()
        form.data["version"] = str(shown.version)
    return page(request, "approvals/issue.html", _told(shown, user, today, name, form))


def _form(step: Step, request: HttpRequest | None, today: datetime.date, **kwargs: Any) -> StepForm:
    if step.label:
        kwargs["word"] = step.label
    if request is None:
        return step.form(today=today, **kwargs)
    return step.form(request.POST, request.FILES, today=today, **kwargs)


def _taken(
    request: HttpRequest, form: StepForm, step: Step, issue: Issue, user: User, today: datetime.date
) -> bool:
    """Take the step; what speaks against it stands in the form."""
    facts = {**form.cleaned_data, "by": user, "today": today}
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if sending.seen:
                return True
            with transaction.atomic():
                if isinstance(form, ResolveForm):
                    facts["statement"] = facts.pop("note")
                    facts["files"] = [files.store(upload, by=user) for upload in facts.pop("evidence")]
                step.act(issue, facts)
    except Refusal as refusal:
        form.add_error(None, [refusal.message, *refusal.details])
        return False
    messages.success(request, _("Entered: %(step)s.") % {"step": step.word})
    return True


def _told(
    issue: Issue, user: User, today: datetime.date, tried: str, wrong: StepForm | None
) -> dict[str, Any]:
    open_steps = _open_steps(issue, user, today)
    steps = [
        {
            "name": name,
            "word": step.word,
            "main": step.main,
            "form": wrong
            if name == tried and wrong is not None
            else _form(
                step,
                None,
                today,
                initial={"version": issue.version},
                prefix=None,
                auto_id=f"id_{name}_%s",
            ),
            "tried": name == tried and wrong is not None,
            "files": issubclass(step.form, ResolveForm),
        }
        for name, step in open_steps.items()
    ]
    events = list(issue.events.select_related("by", "department").order_by("-on", "-pk"))
    link = issue.confirmation_links.select_related("made_by").order_by("-pk").first()
    shared = [event.project_id for event in events if event.project_id]
    named = labels(shared, user) if shared else {}
    left = ladder.levels_before(events)
    may_resolve = any(user.has_perm(permission) for permission in RESOLVE)
    return {
        "issue": issue,
        "project_name": name_of(issue.project, user),
        "lamp": STATE_LAMPS[IssueState(issue.state)],
        "days": deadlines.days_open(issue, today, days=calendar()),
        "due_lamp": due_lamp(issue, today),
        "loop": loop(issue, events),
        "concerned": _concerned(issue, user),
        "may_concern": issue.state in IssueState.OPEN and user.has_perm("approvals.log_issue"),
        "may_ask": may_resolve and issue.state in _from(IssueState.CONFIRMING),
        "link": _link_told(link, timezone.now()) if link else None,
        "evidence": list(issue.evidence.select_related("file", "added_by").order_by("pk")),
        "events": [_event_line(event, named, left) for event in events],
        "ladder": ladder.drawn(issue, events, days=calendar()),
        "steps": steps,
        "refused": wrong if wrong is not None and tried not in open_steps else None,
    }


# --- Where it stands --------------------------------------------------------------------------

LOOP = (
    IssueState.LOGGED,
    IssueState.ACCEPTED,
    IssueState.HANDLING,
    IssueState.ANSWERED,
    IssueState.CONFIRMING,
    IssueState.RESOLVED,
)
# Beside the loop: put aside it waits where it was in hand, returned it waits to be addressed anew.
BESIDE = {IssueState.SUSPENDED: IssueState.HANDLING, IssueState.RETURNED: IssueState.LOGGED}
NEEDS: dict[IssueState, str | Promise] = {
    IssueState.ACCEPTED: gettext_lazy("the department signs for it"),
    IssueState.HANDLING: gettext_lazy("the department begins work"),
    IssueState.ANSWERED: gettext_lazy("the department's answer"),
    IssueState.CONFIRMING: gettext_lazy("what was done, with evidence"),
    IssueState.RESOLVED: gettext_lazy("a confirmation"),
}


def loop(issue: Issue, events: list[IssueEvent]) -> list[dict[str, Any]]:
    """The nodes of the loop with where it stands, since when, and what the next node needs.

    A withdrawn issue stands nowhere: the nodes it passed are left.
    """
    state = IssueState(issue.state)
    here = len(LOOP) if state == IssueState.WITHDRAWN else LOOP.index(BESIDE.get(state, state))
    # A step on the ladder or about a project leaves the state as it is.
    steps = [e for e in reversed(standing(events)) if e.level is None and e.project_id is None]
    last = {event.target: event.on.isoformat() for event in steps}
    nodes = []
    for number, node in enumerate(LOOP):
        passed = number < here and node in last
        told = {
            "label": node.label,
            "state": "done" if passed else "now" if number == here else "ahead",
            "on": last.get(node, "") if passed or number == here else "",
            "beside": "",
            "needs": "",
        }
        if number == here and state in BESIDE:
            told |= {"beside": state.label, "on": issue.state_since.isoformat()}
        if number == here + 1 and node in ISSUE_NEXT[state]:
            told |= {"state": "next", "needs": str(NEEDS[node])}
        nodes.append(told)
    return nodes


def _concerned(issue: Issue, user: User) -> list[dict[str, Any]]:
    """The projects it stands in the way of, each with the items it blocks there."""
    blocks: dict[int, list[Any]] = {}
    for item in issue.blocks.select_related("template").order_by("template__phase", "pk"):
        blocks.setdefault(item.project_id, []).append(item)
    also = issue.also_concerns.select_related("enterprise").prefetch_related("shares").order_by("pk")
    projects = [issue.project, *also]
    open_to = Project.objects.visible_to(user).filter(pk__in=[project.pk for project in projects])
    mine = set(open_to.values_list("pk", flat=True))
    return [
        {
            "name": name_of(project, user),
            "code": project.code,
            "url": reverse("approvals:panel", args=[project.pk]) if project.pk in mine else "",
            "items": [
                {
                    "name": str(item.template),
                    "url": reverse("approvals:item", args=[item.pk]) if project.pk in mine else "",
                }
                for item in blocks.get(project.pk, [])
            ],
        }
        for project in projects
    ]


def _link_told(link: ConfirmationLink, now: datetime.datetime) -> dict[str, Any]:
    """What became of the link that was sent last."""
    if link.used_at is not None:
        settled = {"kind": "done", "word": _("Settled")}
        lamp = settled if link.is_settled else {"kind": "over_promise", "word": _("Not settled")}
    elif link.withdrawn_at is not None:
        lamp = {"kind": "todo", "word": _("Link withdrawn")}
    elif link.expires_at <= now:
        lamp = {"kind": "over_promise", "word": _("Expired, no answer")}
    else:
        lamp = {"kind": "waiting", "word": _("No answer yet")}
    last_day = timezone.localdate(link.expires_at - datetime.timedelta(seconds=1))
    return {"link": link, "lamp": lamp, "until": last_day.isoformat()}


def _event_line(event: IssueEvent, named: dict[int, Label], left: dict[int, int]) -> dict[str, Any]:
    """`left` names, of each step on the ladder, the level it left."""
    more = []
    if event.confirmed_by:
        told = {"who": event.get_confirmed_by_display(), "name": event.confirmed_name}
        through = event.get_confirmed_through_display()
        more.append(
            (_("Confirmed by: %(who)s %(name)s") % told).strip() + (f" · {through}" if through else "")
        )
    if items := event.facts.get("blocks"):
        more.append(_("Blocks: %(items)s") % {"items": listed(map(_in_language, items))})
    if event.facts.get("sent_to"):
        more.append(_("Link for %(sent_to)s, valid until %(until)s") % event.facts)
    return {
        "on": event.on.isoformat(),
        "what": ladder.what(event, left[event.pk]) if event.level else _what(event, named),
        "who": event.by.name,
        "note": ladder.why(event),
        "more": more,
    }


def _in_language(names: list[str]) -> str:
    name, english = names
    return english if english and (get_language() or "").startswith("en") else name


def _what(event: IssueEvent, named: dict[int, Label]) -> str:
    """A step in words."""
    if event.takes_back_id is not None:
        return _("Put back: %(state)s") % {"state": event.get_target_display()}
    if event.target == IssueState.WITHDRAWN:
        return event.get_target_display()
    if event.project_id is not None:
        told = {"project": named[event.project_id].name}
        return (
            _("No longer concerned: %(project)s") % told
            if event.let_go
            else _("Concerns: %(project)s") % told
        )
    if event.returned_for:
        told = {"department": str(event.department), "why": str(ReturnReason(event.returned_for).label)}
        return _("Returned by %(department)s: %(why)s") % told
    if event.source == IssueState.RETURNED:
        return _("Addressed anew to %(department)s") % {"department": event.department}
    if event.facts.get("answered_by"):
        return _("The enterprise: not settled (%(name)s)") % {"name": event.facts["answered_by"]}
    if event.source == IssueState.RESOLVED:
        return _("Reopened")
    if event.source == IssueState.ANSWERED and event.target == IssueState.HANDLING:
        return _("The answer was sent back")
    if event.source == IssueState.CONFIRMING and event.target == IssueState.HANDLING:
        return _("The question to the enterprise was taken back")
    return event.get_target_display()


@allow("approvals.view_issue")
def evidence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file that proves something about an issue, as a download for those who may see the issue."""
    mine = Issue.objects.visible_to(user_of(request)).values("pk")
    proof = get_object_or_404(IssueEvidence.objects.filter(issue__in=mine).select_related("file"), pk=pk)
    return files.send(proof.file)
