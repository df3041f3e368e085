"""What is shown at an on-site meeting, who comes, how it is scored, what is minuted."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Count, Max, Min
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from briefings import candidates, excel, meeting_papers
from briefings import meetings as verbs
from briefings.candidates import RULES, Candidate
from briefings.meeting_forms import (
    DecisionForm,
    GuestForm,
    MinutesForm,
    ScoresForm,
    ScreeningForm,
    ShowForm,
)
from briefings.meeting_papers import Average, Line
from briefings.models import (
    Attendee,
    MeetingDecision,
    MeetingState,
    OnSiteMeeting,
    Screener,
    ShownProject,
)
from briefings.views.meetings import BUREAU, LEADER, READERS, check_reads_work, found, frame
from briefings.views.posting import pressed, taken
from core import clock, exporting, money
from core.pages import download, page
from projects.models import Project
from projects.showing import face, name_of

Buttons = dict[str, Callable[[], Any]]


def _press(request: HttpRequest, buttons: Buttons, *, right: str = BUREAU) -> None:
    """One of a page's buttons, by its name."""
    act = buttons.get(request.POST.get("step", ""))
    if act is None or not user_of(request).has_perm(right):
        raise PermissionDenied
    pressed(request, act)


def _open_meeting(request: HttpRequest, pk: int) -> OnSiteMeeting:
    meeting = found(request, pk)
    check_reads_work(request, meeting)
    return meeting


def _list_is_open(meeting: OnSiteMeeting) -> bool:
    return meeting.state in (MeetingState.HOST_CHOSEN, MeetingState.AGENDA_SET)


def _shown(meeting: OnSiteMeeting) -> list[ShownProject]:
    rows = meeting.shown.select_related("project__enterprise", "added_by").prefetch_related(
        "project__shares", "screenings__by"
    )
    return list(rows.order_by("order", "pk"))


# --- What is shown ------------------------------------------------------------------------------


@allow(READERS)
def projects(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The list with each rule met or not and the departments' words, and what could be put on it."""
    meeting, user = _open_meeting(request, pk), user_of(request)
    proposed = candidates.of_meeting(meeting) if user.has_perm(BUREAU) and _list_is_open(meeting) else []
    if request.method == "POST":
        _change_list(request, meeting, user)
        return redirect("briefings:meeting_projects", meeting.pk)
    judged, shown = candidates.of_shown(meeting), _shown(meeting)
    opens = _opens(shown, user)
    rules, listed = list(RULES.values()), [_listed(row, judged, user, opens) for row in shown]
    candidates_told = [_proposed(one, user) for one in proposed]
    if exporting.asked(request):
        also = [(excel.meeting_candidates(rules), candidates_told)] if proposed else []
        sheet, narrowed = excel.meeting_projects(rules), _of_meeting(meeting)
        return exporting.answer(request, sheet, listed, narrowed=narrowed, also=also)
    is_open = _list_is_open(meeting) and user.has_perm(BUREAU)
    return page(
        request,
        "briefings/meeting_projects.html",
        {
            **frame(request, meeting, "meeting_projects"),
            "rules": rules,
            "shown": listed,
            "proposed": candidates_told,
            "is_open": is_open,
            "columns": len(RULES) + 1 + is_open,
            "screeners": Screener.choices,
        },
    )


def _of_meeting(meeting: OnSiteMeeting) -> list[tuple[str, str]]:
    return [(_("Meeting"), excel.meeting_name(meeting))]


def _opens(shown: Iterable[ShownProject], user: User) -> set[int]:
    """The projects whose page this person may open."""
    keys = [row.project_id for row in shown]
    return set(Project.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))


def _listed(row: ShownProject, judged: Any, user: User, opens: set[int]) -> dict[str, Any]:
    said = {one.department: one for one in row.screenings.all()}
    return {
        "row": row,
        "name": name_of(row.project, user),
        "enterprise": face(row.project, user).enterprise,
        "url": row.project.get_absolute_url() if row.project_id in opens else "",
        "judged": judged[row.project_id].judged,
        "screened": [
            {"value": value, "label": label, "said": said.get(value)} for value, label in Screener.choices
        ],
    }


def _proposed(one: Candidate, user: User) -> dict[str, Any]:
    return {
        "project": one.project,
        "name": name_of(one.project, user),
        "url": one.project.get_absolute_url(),
        "amount": one.project.contracted,
        "stage": one.project.get_stage_display(),
        "judged": one.judged,
        "unmet": one.unmet,
    }


def _change_list(request: HttpRequest, meeting: OnSiteMeeting, user: User) -> None:
    def show() -> None:
        form = ShowForm(request.POST)
        candidate = candidates.one(meeting, form.cleaned_data["project"]) if form.is_valid() else None
        if candidate is None:
            raise Http404
        verbs.show(
            meeting,
            candidate.project,
            unmet=candidate.unmet,
            reason=form.cleaned_data["reason"],
            by=user,
        )

    def row() -> ShownProject:
        return get_object_or_404(meeting.shown.select_related("meeting"), pk=_number(request))

    def screen() -> None:
        form = ScreeningForm(request.POST)
        if not form.is_valid():
            raise Http404
        verbs.screen(row(), **form.cleaned_data, by=user, today=clock.today())

    _press(request, {"show": show, "take_off": lambda: verbs.take_off(row(), by=user), "screen": screen})


def _number(request: HttpRequest) -> int:
    typed = request.POST.get("row", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 16):
        raise Http404
    return int(typed)


# --- Who comes ----------------------------------------------------------------------------------


@allow(READERS)
def attendees(request: HttpRequest, pk: int) -> HttpResponseBase:
    meeting, user = _open_meeting(request, pk), user_of(request)
    guest = GuestForm(request.POST if request.POST.get("step") == "guest" else None)
    if request.method == "POST" and not (guest.is_bound and not guest.is_valid()):
        _change_attendees(request, meeting, guest)
        return redirect("briefings:attendees", meeting.pk)
    rows = meeting.attendees.select_related("unit", "user").annotate(scored=Count("scores"))
    if exporting.asked(request):
        found_rows = list(rows.order_by("pk"))
        return exporting.answer(request, excel.ATTENDEES, found_rows, narrowed=_of_meeting(meeting))
    return page(
        request,
        "briefings/attendees.html",
        {
            **frame(request, meeting, "attendees"),
            "rows": list(rows.order_by("pk")),
            "guest": guest,
            "is_open": meeting.state != MeetingState.APPROVED and user.has_perm(BUREAU),
            "there": meeting.attendees.filter(attended=True).count(),
        },
    )


def _change_attendees(request: HttpRequest, meeting: OnSiteMeeting, guest: GuestForm) -> None:
    def mark(attended: bool) -> Callable[[], None]:
        def act() -> None:
            row = get_object_or_404(meeting.attendees.select_related("meeting"), pk=_number(request))
            verbs.attend(row, attended=attended)

        return act

    _press(
        request,
        {
            "everybody": lambda: verbs.invite_everybody(meeting),
            "guest": lambda: verbs.invite(meeting, **guest.cleaned_data),
            "there": mark(True),
            "absent": mark(False),
        },
    )


# --- Scores -------------------------------------------------------------------------------------


@allow(READERS)
def scores(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Averages of what the attendees gave each project, and this person's own sheet."""
    meeting, user = _open_meeting(request, pk), user_of(request)
    own = meeting.attendees.filter(user=user).first()
    rows = meeting.attendees.annotate(scored=Count("scores")).select_related("unit").order_by("pk")
    if exporting.asked(request):
        told = averages(meeting, user)
        return exporting.answer(request, excel.SCORES, told, narrowed=_of_meeting(meeting))
    return page(
        request,
        "briefings/scores.html",
        {
            **frame(request, meeting, "scores"),
            "averages": averages(meeting, user),
            "own": own if own and _may_score(own, meeting) else None,
            "is_host": bool(own and own.unit_id and own.unit_id == meeting.host_id),
            "sheets": list(rows) if user.has_perm(BUREAU) else [],
            "is_open": meeting.state == MeetingState.HELD,
        },
    )


def averages(meeting: OnSiteMeeting, user: User) -> list[dict[str, Any]]:
    """The best first; of equal ones, and of those nobody scored, in the order of the list."""
    rows = meeting.shown.select_related("project__enterprise").prefetch_related("project__shares")
    found_rows = rows.annotate(
        mean=Avg("scores__points"),
        count=Count("scores"),
        least=Min("scores__points"),
        most=Max("scores__points"),
    ).order_by("order", "pk")
    opens = _opens(found_rows, user)
    told = [
        {
            "row": row,
            "name": name_of(row.project, user),
            "url": row.project.get_absolute_url() if row.project_id in opens else "",
            "mean": None if row.mean is None else money.half_up(row.mean, 1),
            "count": row.count,
            "least": row.least,
            "most": row.most,
        }
        for row in found_rows
    ]
    return sorted(told, key=lambda one: (one["mean"] is None, -(one["mean"] or 0)))


def _may_score(attendee: Attendee, meeting: OnSiteMeeting) -> bool:
    from_host = attendee.unit_id is not None and attendee.unit_id == meeting.host_id
    return meeting.state == MeetingState.HELD and not from_host


@allow(READERS)
def score_form(request: HttpRequest, pk: int, attendee: int) -> HttpResponse:
    """The sheet of one attendee: one's own, or a paper sheet that the bureau enters."""
    meeting, user = _open_meeting(request, pk), user_of(request)
    row = get_object_or_404(meeting.attendees.select_related("meeting"), pk=attendee)
    if row.user_id != user.pk and not user.has_perm(BUREAU):
        raise PermissionDenied
    shown = [(one, name_of(one.project, user)) for one in _shown(meeting)]
    form = ScoresForm(request.POST or None, shown=shown, attendee=row)
    if taken(
        request,
        form,
        lambda: verbs.give_scores(row, form.points(), by=user),
        told=_("The scores are entered."),
    ):
        return redirect("briefings:scores", meeting.pk)
    return page(
        request,
        "briefings/meeting_form.html",
        {
            "form": form,
            "meeting": meeting,
            "title": _("Score sheet of %(name)s") % {"name": row.name},
            "sentence": _("From 0 to 100 points for each project. Leave out what you have not seen."),
            "verb": _("Enter the scores"),
            "back": reverse("briefings:scores", args=[meeting.pk]),
        },
    )


@allow(READERS)
def score_sheet(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    """The sheet as it is handed out: Word or PDF."""
    meeting, user = _open_meeting(request, pk), user_of(request)
    lines = [
        Line(
            row.order,
            name_of(row.project, user),
            face(row.project, user).enterprise,
            money.format_yi(row.project.contracted),
        )
        for row in _shown(meeting)
    ]
    blocks = meeting_papers.score_sheet(meeting, lines)
    return _file(blocks, f"{meeting_papers.title_of(meeting)}评分表", suffix)


TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


def _file(blocks: Any, name: str, suffix: str) -> HttpResponse:
    if suffix not in TYPES:
        raise Http404
    made = meeting_papers.word(blocks) if suffix == "docx" else meeting_papers.pdf(blocks)
    return download(made, name=f"{name}.{suffix}", content_type=TYPES[suffix])


# --- Minutes ------------------------------------------------------------------------------------


@allow(READERS)
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """What was said and decided. Read by all once it is approved; until then the bureau writes."""
    meeting, user, today = _open_meeting(request, pk), user_of(request), clock.today()
    writes = user.has_perm(BUREAU) and meeting.state == MeetingState.HELD
    if request.method == "POST" and request.POST.get("step"):
        _work_on_minutes(request, meeting)
        return redirect("briefings:minutes", meeting.pk)
    form = MinutesForm(request.POST or None, initial={"text": meeting.minutes}) if writes else None
    if form is not None and taken(
        request,
        form,
        lambda: verbs.write_minutes(meeting, **form.cleaned_data, by=user),
        told=_("The minutes are saved."),
    ):
        return redirect("briefings:minutes", meeting.pk)
    decisions = MeetingDecision.objects.visible_to(user).filter(meeting=meeting).for_list()
    return page(
        request,
        "briefings/minutes.html",
        {
            **frame(request, meeting, "minutes"),
            "form": form,
            "may_approve": user.has_perm(LEADER)
            and meeting.state == MeetingState.HELD
            and bool(meeting.minutes)
            and meeting.minutes_by_id != user.pk,
            "reads_text": user.has_perm(BUREAU) or meeting.state == MeetingState.APPROVED,
            "writes": writes,
            "decisions": list(decisions.order_by("number")),
            "today": today,
        },
    )


def _work_on_minutes(request: HttpRequest, meeting: OnSiteMeeting) -> None:
    user, today = user_of(request), clock.today()
    if request.POST.get("step") == "approve":
        _press(
            request,
            {"approve": lambda: verbs.approve_minutes(meeting, by=user, today=today)},
            right=LEADER,
        )
        return

    def strike() -> None:
        verbs.strike(get_object_or_404(meeting.decisions.select_related("meeting"), pk=_number(request)))

    _press(request, {"strike": strike})


@allow(BUREAU)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    meeting, user = _open_meeting(request, pk), user_of(request)
    shown = [(one.project_id, name_of(one.project, user)) for one in _shown(meeting)]
    form = DecisionForm(request.POST or None, projects=shown)
    if taken(request, form, lambda: verbs.decide(meeting, **form.cleaned_data)):
        return redirect("briefings:minutes", meeting.pk)
    return page(
        request,
        "briefings/meeting_form.html",
        {
            "form": form,
            "meeting": meeting,
            "title": _("Enter a decision"),
            "sentence": _("Who does it is told once the minutes are approved, and finds it under Today."),
            "verb": _("Enter the decision"),
            "back": reverse("briefings:minutes", args=[meeting.pk]),
        },
    )


@allow(READERS)
def minutes_file(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    meeting, user = _open_meeting(request, pk), user_of(request)
    if not meeting.took_place or not (user.has_perm(BUREAU) or meeting.state == MeetingState.APPROVED):
        raise Http404
    scored = [
        Average(one["name"], one["count"], money.NO_VALUE if one["mean"] is None else f"{one['mean']:f}")
        for one in averages(meeting, user)
    ]
    present = meeting.attendees.filter(attended=True).order_by("pk").values_list("name", flat=True)
    decisions = list(meeting.decisions.for_list().order_by("number"))
    blocks = meeting_papers.minutes(meeting, decisions, scored, list(present))
    return _file(blocks, f"{meeting_papers.title_of(meeting)}纪要", suffix)
