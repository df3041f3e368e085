"""On-site meetings: the half-years, one meeting with its way, and the steps along it."""

import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from briefings import excel
from briefings import meetings as verbs
from briefings.meeting_forms import AgendaForm, HeldForm, PlanForm
from briefings.models import (
    DecisionState,
    MeetingDecision,
    MeetingState,
    OnSiteMeeting,
)
from briefings.views.posting import taken
from core import clock, exporting
from core.pages import page

READERS = "briefings.view_meeting"
BUREAU = "briefings.run_meeting"
LEADER = "briefings.choose_host"


# --- The list -----------------------------------------------------------------------------------


@allow(READERS)
def meetings(request: HttpRequest) -> HttpResponseBase:
    """The meetings, the newest first, each with how far it is and what became of its decisions."""
    user, today = user_of(request), clock.today()
    closed = Q(decisions__state__in=DecisionState.CLOSED)
    late = Q(decisions__state=DecisionState.OPEN, decisions__due_on__lt=today)
    rows = (
        OnSiteMeeting.objects.visible_to(user)
        .select_related("host")
        .annotate(
            decided=Count("decisions"),
            settled=Count("decisions", filter=closed),
            late=Count("decisions", filter=late),
        )
    )
    if exporting.asked(request):
        return exporting.answer(request, excel.MEETINGS, list(rows.order_by("-year", "-half")))
    mine = MeetingDecision.objects.waiting_for(user).for_list().order_by("due_on", "pk")
    context = {
        "rows": list(rows.order_by("-year", "-half")),
        "mine": list(mine[:10]),
        "today": today,
    }
    return page(request, "briefings/meetings.html", context)


@allow(BUREAU)
def plan(request: HttpRequest) -> HttpResponse:
    """The meeting of a half-year that has none yet."""
    today = clock.today()
    form = PlanForm(request.POST or None, initial={"year": today.year, "half": 1 if today.month < 7 else 2})
    if taken(request, form, lambda: verbs.plan(**form.cleaned_data, by=user_of(request), today=today)):
        return redirect("briefings:meetings")
    return _form_page(
        request,
        form,
        title=_("Plan an on-site meeting"),
        sentence=_("One for each half-year. The host is found by the ranking once its months have ended."),
        verb=_("Plan it"),
        back=reverse("briefings:meetings"),
    )


def _form_page(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return page(request, "briefings/meeting_form.html", {"form": form, **context})


# --- One meeting ----------------------------------------------------------------------------------


def found(request: HttpRequest, pk: int) -> OnSiteMeeting:
    rows = OnSiteMeeting.objects.visible_to(user_of(request)).select_related("host", "minutes_by")
    return get_object_or_404(rows, pk=pk)


def frame(request: HttpRequest, meeting: OnSiteMeeting, here: str) -> dict[str, Any]:
    """What all pages of a meeting share: its name, its tabs, what this person may do."""
    user = user_of(request)
    tabs = [
        ("meeting", _("Overview"), None),
        ("ranking", _("Ranking"), None),
        ("meeting_projects", _("Projects shown"), meeting.shown.count()),
        ("attendees", _("Attendees"), meeting.attendees.count()),
        ("scores", _("Scores"), None),
        ("minutes", _("Minutes and decisions"), None),
    ]
    open_tabs = tabs if meeting.work_is_open_to(user) else tabs[:2]
    return {
        "meeting": meeting,
        "tabs": [
            {
                "label": label,
                "url": reverse(f"briefings:{route}", args=[meeting.pk]),
                "n": n,
                "on": route == here,
            }
            for route, label, n in open_tabs
        ],
        "is_bureau": user.has_perm(BUREAU),
        "is_leader": user.has_perm(LEADER),
    }


def check_reads_work(request: HttpRequest, meeting: OnSiteMeeting) -> None:
    if not meeting.work_is_open_to(user_of(request)):
        raise PermissionDenied


@allow(READERS)
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, who hosts and why, what happens next, what was decided."""
    row, today = found(request, pk), clock.today()
    decisions = MeetingDecision.objects.visible_to(user_of(request)).filter(meeting=row).for_list()
    return page(
        request,
        "briefings/meeting.html",
        {
            **frame(request, row, "meeting"),
            "track": _track(row),
            "choice": row.choices.select_related("by", "host").order_by("-pk").first(),
            "next": _next(request, row),
            "agenda": row.agenda.splitlines(),
            "decisions": list(decisions.order_by("number")),
            "steps": list(row.steps.select_related("by", "decision").order_by("-on", "-pk")[:30]),
            "today": today,
        },
    )


def _track(meeting: OnSiteMeeting) -> list[dict[str, str]]:
    here = MeetingState(meeting.state).rank
    words = {True: "done", False: "ahead"}
    return [
        {"label": str(state.label), "state": "now" if state.rank == here else words[state.rank < here]}
        for state in MeetingState
    ]


def _next(request: HttpRequest, meeting: OnSiteMeeting) -> dict[str, str] | None:
    """The next step, for whoever takes it."""
    user = user_of(request)
    steps = {
        MeetingState.PLANNED: (
            LEADER,
            "ranking",
            _("Choose the host"),
            _("The ranking proposes, the leader decides."),
        ),
        MeetingState.HOST_CHOSEN: (
            BUREAU,
            "agenda" if meeting.shown.exists() else "meeting_projects",
            _("Set the agenda") if meeting.shown.exists() else _("Choose the projects to be shown"),
            _("Projects are screened on paper, then day, place and course are set."),
        ),
        MeetingState.AGENDA_SET: (
            BUREAU,
            "held",
            _("Enter that it was held"),
            _("From then on projects are scored and the minutes are written."),
        ),
        MeetingState.HELD: (
            BUREAU,
            "minutes",
            _("Write the minutes"),
            _("Their decisions get an owner and a due day; the leader approves them."),
        ),
    }
    step = steps.get(MeetingState(meeting.state))
    if step is None or not user.has_perm(step[0]):
        return None
    _right, route, verb, sentence = step
    return {"url": reverse(f"briefings:{route}", args=[meeting.pk]), "verb": verb, "sentence": sentence}


# --- Agenda, held ---------------------------------------------------------------------------------


@allow(BUREAU)
def agenda(request: HttpRequest, pk: int) -> HttpResponse:
    row, user, today = found(request, pk), user_of(request), clock.today()
    form = AgendaForm(request.POST or None, meeting=row)
    if taken(request, form, lambda: verbs.set_agenda(row, **form.cleaned_data, by=user, today=today)):
        return redirect(row)
    return _form_page(
        request,
        form,
        meeting=row,
        title=_("Agenda"),
        sentence=_("Everybody who is invited is told of day and place."),
        verb=_("Set the agenda"),
        back=row.get_absolute_url(),
    )


@allow(BUREAU)
def held(request: HttpRequest, pk: int) -> HttpResponse:
    row, user, today = found(request, pk), user_of(request), clock.today()
    initial: dict[str, datetime.date] = {"on": min(row.planned_on, today)}
    form = HeldForm(request.POST or None, initial=initial)
    if taken(request, form, lambda: verbs.hold(row, **form.cleaned_data, by=user, today=today)):
        return redirect(row)
    return _form_page(
        request,
        form,
        meeting=row,
        title=_("The meeting was held"),
        sentence=_("The list of projects stands from then on as it is."),
        verb=_("Enter that it was held"),
        back=row.get_absolute_url(),
    )
