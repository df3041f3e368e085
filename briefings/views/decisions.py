"""Decisions of on-site meetings: all of them, and one with its steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from accounts.access import allow, user_of
from accounts.models import User
from approvals.models import Issue
from briefings import excel
from briefings import meetings as verbs
from briefings.meeting_forms import DecisionStepForm, MakeIssueForm, MoveDayForm
from briefings.models import DecisionState, MeetingDecision, MeetingState
from briefings.views.meetings import BUREAU, READERS
from briefings.views.posting import taken
from core import clock, exporting
from core.pages import page
from projects.showing import name_of

GROUPS = {
    "mine": gettext_lazy("For my office"),
    "open": gettext_lazy("To be done"),
    "late": gettext_lazy("Overdue"),
    "all": gettext_lazy("All decisions"),
}


@allow(READERS)
def decisions(request: HttpRequest) -> HttpResponseBase:
    """What the meetings decided, by due day; first what this person's office answers for."""
    user, today = user_of(request), clock.today()
    seen = MeetingDecision.objects.visible_to(user)
    own = seen.owned_by(user)
    groups = {"mine": own, "open": seen.open(), "late": seen.overdue(today), "all": seen}
    group = request.GET.get("group", "mine" if own.exists() else "open")
    if group not in groups:
        raise Http404
    rows = groups[group].for_list().order_by("-state", "due_on", "pk")
    if exporting.asked(request):
        lines = exporting.in_chunks(rows)
        return exporting.answer(
            request, excel.decisions(today), lines, narrowed=[(gettext("Which"), GROUPS[group])]
        )
    return page(
        request,
        "briefings/decisions.html",
        {
            "rows": list(rows[:200]),
            "groups": [
                {"key": key, "label": GROUPS[key], "n": found.count(), "on": key == group}
                for key, found in groups.items()
            ],
            "today": today,
        },
    )


# --- One decision -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A button of a decision: whose it is, in which states, with which form."""

    word: str | Promise
    act: Callable[..., Any]
    states: tuple[str, ...]
    form: type[DecisionStepForm] = DecisionStepForm
    label: str | Promise = ""
    by_owner: bool = False
    main: bool = False
    right: str = BUREAU


STEPS = {
    "finish": Step(
        gettext_lazy("It is done"),
        verbs.finish,
        (DecisionState.OPEN,),
        label=gettext_lazy("What was done"),
        by_owner=True,
        main=True,
    ),
    "move": Step(
        gettext_lazy("Move the due day"),
        verbs.move_day,
        (DecisionState.OPEN,),
        MoveDayForm,
        gettext_lazy("Why the day is moved"),
    ),
    "issue": Step(
        gettext_lazy("Log it as an issue"),
        verbs.make_issue,
        (DecisionState.OPEN,),
        MakeIssueForm,
        right="approvals.log_issue",
    ),
    "drop": Step(
        gettext_lazy("Drop it"), verbs.drop, (DecisionState.OPEN,), label=gettext_lazy("Why it is dropped")
    ),
    "reopen": Step(
        gettext_lazy("Take it up again"),
        verbs.reopen,
        (DecisionState.DONE, DecisionState.DROPPED),
        label=gettext_lazy("What is still missing"),
    ),
}


@allow(READERS)
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    user, today = user_of(request), clock.today()
    row = get_object_or_404(MeetingDecision.objects.visible_to(user).for_list(), pk=pk)
    name = request.POST.get("step", "")
    form = None
    if request.method == "POST":
        if name not in _open_steps(row, user):
            raise PermissionDenied
        step = STEPS[name]
        form = step.form(request.POST, decision=row, word=step.label)
        sent = form
        if taken(request, form, lambda: step.act(row, **sent.cleaned_data, by=user, today=today)):
            return redirect(row)
    opens = bool(row.issue and Issue.objects.visible_to(user).filter(pk=row.issue.pk).exists())
    return page(
        request,
        "briefings/decision.html",
        {
            "decision": row,
            "project_name": name_of(row.project, user) if row.project else "",
            "opens_issue": opens,
            "steps": [
                _drawn(key, STEPS[key], row, form if key == name else None) for key in _open_steps(row, user)
            ],
            "history": list(row.steps.select_related("by").order_by("-on", "-pk")),
            "today": today,
            "is_late": row.state == DecisionState.OPEN and row.due_on < today,
        },
    )


def _open_steps(row: MeetingDecision, user: User) -> list[str]:
    """The owner says that it is done; the rest is the bureau's."""
    if row.meeting.state != MeetingState.APPROVED:
        return []
    owns = MeetingDecision.objects.filter(pk=row.pk).owned_by(user).exists()
    return [
        key
        for key, step in STEPS.items()
        if row.state in step.states
        and ((user.has_perm(BUREAU) and user.has_perm(step.right)) or (step.by_owner and owns))
        and (key != "issue" or row.project_id)
    ]


def _drawn(key: str, step: Step, row: MeetingDecision, tried: Any) -> dict[str, Any]:
    blank = step.form(decision=row, word=step.label, auto_id=f"id_{key}_%s")
    return {
        "name": key,
        "word": step.word,
        "main": step.main,
        "tried": tried is not None,
        "form": tried or blank,
    }
