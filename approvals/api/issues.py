"""Issues: what stands in a project's way, and each step until it is resolved."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import Agency, User
from approvals import confirmation, deadlines, escalation
from approvals import issues as verbs
from approvals.choices import (
    ConfirmedBy,
    ConfirmedThrough,
    IssueCategory,
    IssueLevel,
    IssueState,
    ReturnReason,
)
from approvals.filters import ADDRESSEES, IssueFilter
from approvals.forms import (
    AddressForm,
    AskForm,
    ConcernForm,
    IssueForm,
    ResolveForm,
    ReturnForm,
    SaidStepForm,
    StepForm,
)
from approvals.models import ConfirmationLink, Issue, IssueEvent
from core import clock, files, receipts
from core.api import idempotent
from core.endpoints import (
    Code,
    Endpoint,
    Json,
    Number,
    Plain,
    Rows,
    Sent,
    code_of,
    codes,
    described,
    filled,
    seen_version,
    taken,
)
from core.workdays import Calendar, calendar
from projects.api.shapes import ProjectName, labels_told
from projects.models import Project
from projects.showing import Label, labels, name_of

# --- What is said ---------------------------------------------------------------------------------------


class IssueRow(serializers.Serializer):
    id = serializers.IntegerField()
    code = serializers.CharField()
    project = ProjectName()
    category = serializers.ChoiceField(IssueCategory.choices)
    text = serializers.CharField()
    department = Code()
    level = serializers.ChoiceField(IssueLevel.choices)
    level_since = serializers.DateField(help_text=gettext_lazy("The timer of the level runs from here."))
    state = serializers.ChoiceField(IssueState.choices)
    state_since = serializers.DateField()
    raised_on = serializers.DateField()
    reopened_on = serializers.DateField(allow_null=True)
    resolved_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(
        allow_null=True, help_text=gettext_lazy("Unknown while the issue is suspended before that day.")
    )
    days = serializers.IntegerField(
        help_text=gettext_lazy("Working days it has been, or was, open; those of suspensions are left out.")
    )
    version = serializers.IntegerField()


class Blocked(serializers.Serializer):
    id = serializers.IntegerField()
    item = Code()
    project = serializers.IntegerField()


class Proof(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    added_by = serializers.CharField()
    added_at = serializers.DateTimeField()


class StepTold(serializers.Serializer):
    source = serializers.ChoiceField(IssueState.choices, allow_null=True)  # type: ignore[assignment]
    target = serializers.ChoiceField(IssueState.choices)
    on = serializers.DateField()
    by = serializers.CharField()
    note = serializers.CharField()
    level = serializers.ChoiceField(IssueLevel.choices, allow_null=True)
    after_days = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy("The timer sent it up, after so many working days on the level below."),
    )
    department = Code(allow_null=True, help_text=gettext_lazy("Addressed to, or returned by."))
    returned_for = serializers.ChoiceField(ReturnReason.choices, allow_null=True)
    project = ProjectName(allow_null=True, help_text=gettext_lazy("Of a step about one project."))
    let_go = serializers.BooleanField(help_text=gettext_lazy("That project is no longer concerned."))
    takes_back = serializers.BooleanField(
        help_text=gettext_lazy("The step of a ledger that was taken back: the issue is what it was before.")
    )


class Question(serializers.Serializer):
    """The link that was sent to the enterprise last; its address is told only to who makes it."""

    sent_to = serializers.CharField()
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    is_settled = serializers.BooleanField(allow_null=True)
    answered_name = serializers.CharField()
    answered_note = serializers.CharField()


class IssueDetail(IssueRow):
    climbs_on = serializers.DateField(
        allow_null=True,
        help_text=gettext_lazy("When the timer sends it up a level, if nothing happens before."),
    )
    statement = serializers.CharField(help_text=gettext_lazy("What was done."))
    confirmed_by = serializers.ChoiceField(ConfirmedBy.choices, allow_null=True)
    confirmed_name = serializers.CharField()
    confirmed_through = serializers.ChoiceField(ConfirmedThrough.choices, allow_null=True)
    also_concerns = ProjectName(many=True)
    question = Question(allow_null=True)
    blocks = Blocked(many=True)
    evidence = Proof(many=True)
    events = StepTold(many=True)


def issue_rows(issues: Iterable[Issue], user: User, *, today: datetime.date, days: Calendar) -> Rows:
    """The issues of a page, in a fixed number of queries."""
    issues = list(issues)
    named = labels([issue.project_id for issue in issues], user)
    departments = codes(Agency.objects.filter(pk__in={issue.department_id for issue in issues}))
    return [
        {
            "id": issue.pk,
            "code": issue.code,
            "project": labels_told(issue.project_id, named),
            "category": issue.category,
            "text": str(issue.get_category_display()) if named[issue.project_id].is_veiled else issue.text,
            "department": departments[issue.department_id],
            "level": issue.level,
            "level_since": escalation.since_of(issue),
            "state": issue.state,
            "state_since": issue.state_since,
            "raised_on": issue.raised_on,
            "reopened_on": issue.reopened_on,
            "resolved_on": issue.resolved_on,
            "due_on": issue.due_on,
            "days": deadlines.days_open(issue, today, days=days),
            "version": issue.version,
        }
        for issue in issues
    ]


def issue_detail(issue: Issue, user: User, *, today: datetime.date, days: Calendar) -> Plain:
    [row] = issue_rows([issue], user, today=today, days=days)
    row["text"] = issue.text  # veiled in lists only
    blocks = issue.blocks.select_related("template").order_by("template__phase", "pk")
    proofs = issue.evidence.select_related("file", "added_by").order_by("pk")
    events = list(issue.events.select_related("by", "department").order_by("on", "pk"))
    also = list(issue.also_concerns.order_by("pk").values_list("pk", flat=True))
    shared = [*also, *(event.project_id for event in events if event.project_id)]
    named = labels(shared, user) if shared else {}
    link = issue.confirmation_links.order_by("-pk").first()
    return {
        **row,
        "climbs_on": climb.on if (climb := escalation.ahead(issue, days=days)) else None,
        "statement": issue.statement,
        "confirmed_by": issue.confirmed_by or None,
        "confirmed_name": issue.confirmed_name,
        "confirmed_through": issue.confirmed_through or None,
        "also_concerns": [labels_told(pk, named) for pk in also],
        "question": _question_told(link) if link else None,
        "blocks": [
            {"id": item.pk, "item": code_of(item.template), "project": item.project_id} for item in blocks
        ],
        "evidence": [
            {
                "id": proof.pk,
                "name": proof.file.name,
                "size": proof.file.size,
                "added_by": proof.added_by.name,
                "added_at": proof.added_at,
            }
            for proof in proofs
        ],
        "events": [_step_told(event, named) for event in events],
    }


def _question_told(link: ConfirmationLink) -> Plain:
    return {
        "sent_to": link.sent_to,
        "made_at": link.made_at,
        "expires_at": link.expires_at,
        "withdrawn_at": link.withdrawn_at,
        "answered_at": link.used_at,
        "is_settled": link.is_settled,
        "answered_name": link.answered_name,
        "answered_note": link.answered_note,
    }


def _step_told(event: IssueEvent, named: dict[int, Label]) -> Plain:
    return {
        "source": event.source or None,
        "target": event.target,
        "on": event.on,
        "by": event.by.name,
        "note": event.note,
        "level": event.level,
        "after_days": event.after_days,
        "department": code_of(event.department) if event.department else None,
        "returned_for": event.returned_for or None,
        "project": labels_told(event.project_id, named) if event.project_id else None,
        "let_go": event.let_go,
        "takes_back": event.takes_back_id is not None,
    }


# --- What is taken ----------------------------------------------------------------------------------------

_TODAY = gettext_lazy("Today when it is not said.")


class NewIssue(Sent):
    project = Number()
    category = serializers.ChoiceField(IssueCategory.choices)
    text = serializers.CharField()
    department = serializers.SlugRelatedField(
        slug_field="code", queryset=Agency.objects.filter(kind__in=ADDRESSEES)
    )
    on = serializers.DateField(required=False, help_text=_TODAY)
    also = serializers.ListField(
        child=Number(),
        required=False,
        help_text=gettext_lazy("Numbers of other projects that it concerns as well."),
    )
    blocks = serializers.ListField(
        child=Number(),
        required=False,
        help_text=gettext_lazy("Numbers of items of these projects."),
    )


class StepSent(Sent):
    note = serializers.CharField(required=False, allow_blank=True)
    on = serializers.DateField(required=False, help_text=_TODAY)


class SaidStepSent(StepSent):
    """A step that nobody takes without a word."""

    note = serializers.CharField()


class Returned(SaidStepSent):
    because = serializers.ChoiceField(ReturnReason.choices)


class Addressed(StepSent):
    department = serializers.SlugRelatedField(
        slug_field="code", queryset=Agency.objects.filter(kind__in=ADDRESSEES)
    )


class Concerned(StepSent):
    project = Number()
    blocks = serializers.ListField(child=Number(), required=False)


class LetGo(SaidStepSent):
    project = Number()


class AskedOf(Sent):
    """What the enterprise is asked to confirm, and who of it."""

    statement = serializers.CharField()
    sent_to = serializers.CharField()
    days = serializers.IntegerField(required=False, min_value=1, max_value=confirmation.LONGEST_DAYS)
    evidence = serializers.ListField(child=serializers.FileField(), required=False)


class LinkMade(serializers.Serializer):
    """The address is in the first answer only: it is not kept, and not told again."""

    address = serializers.URLField(allow_null=True)
    sent_to = serializers.CharField()
    expires_at = serializers.DateTimeField()


class Resolved(Sent):
    """What was done, a file that proves it (unless one was handed in before), and who confirms it."""

    statement = serializers.CharField()
    evidence = serializers.ListField(child=serializers.FileField(), required=False)
    confirmed_by = serializers.ChoiceField(ConfirmedBy.choices)
    confirmed_name = serializers.CharField()
    on = serializers.DateField(required=False, help_text=_TODAY)


# --- The resource ------------------------------------------------------------------------------------------

WORK, RESOLVE = ("approvals.work_issue",), ("approvals.resolve_issue",)

Act = Callable[..., Any]


class Issues(Endpoint):
    """The issues of the projects you may open; of a department those addressed to it.

    Each step is a sub-resource. With If-Match it is refused (412) when the issue has changed since.
    """

    # The same as on the page (see also approvals.views.issues.STEPS).
    access = {
        "read": ("approvals.view_issue",),
        "create": ("approvals.log_issue",),
        "take_on": WORK,
        "handle": WORK + RESOLVE,
        "suspend": WORK,
        "answer": WORK,
        "resolve": RESOLVE,
        "give_back": WORK,
        "address": ("approvals.log_issue",),
        "confirmation": RESOLVE,
        "concern": ("approvals.log_issue",),
        "let_go": ("approvals.log_issue",),
        "escalate": WORK + RESOLVE,
        "send_down": WORK + RESOLVE,
        "reopen": (*RESOLVE, "approvals.log_issue"),
    }
    queryset = Issue.objects.none()
    filterset_class = IssueFilter

    def filter_arguments(self) -> Plain:
        return {"today": clock.today()}

    def get_queryset(self) -> QuerySet[Issue]:
        return Issue.objects.visible_to(user_of(self.request))

    @described(IssueRow(many=True))
    def list(self, request: Request) -> Response:
        return self.leaf(self.filter_queryset(self.get_queryset()), self._rows)

    @described(IssueDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @described(IssueDetail, sent=NewIssue, status=201, once=True, tag=True)
    @idempotent
    def create(self, request: Request) -> Response:
        """Log what stands in a project's way."""
        user, today = user_of(request), clock.today()
        sent = taken(NewIssue, request)
        project = Project.objects.visible_to(user).filter(pk=sent.pop("project")).first()
        if project is None:
            raise ValidationError({"project": [_("There is no such project among yours.")]})
        data = {"on": today, **sent, "department": sent["department"].pk}
        also = Project.objects.visible_to(user).filter(pk__in=sent.get("also", ()))
        picked = list(also.values_list("pk", flat=True))
        form = IssueForm(
            data,
            today=today,
            project_id=project.pk,
            also=also,
            picked=picked,
            names=lambda other: name_of(other, user),
        )
        issue = verbs.log(project, **filled(form), by=user, today=today)
        location = reverse("api:issue-detail", args=[issue.pk])
        return Response(self._told(issue.pk), status=201, headers={"Location": location})

    # --- Steps ---

    @described(IssueDetail, sent=StepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="take-on")
    @idempotent
    def take_on(self, request: Request, pk: int) -> Response:
        """The responsible department or the team signs for it."""
        return self._step(pk, StepSent, StepForm, verbs.take_on)

    @described(IssueDetail, sent=StepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def handle(self, request: Request, pk: int) -> Response:
        """Work on it begins or goes on; sending an answer back, or taking a question back, needs a note."""
        issue = get_object_or_404(self.get_queryset(), pk=pk)
        theirs = {IssueState.ANSWERED: WORK + RESOLVE, IssueState.CONFIRMING: RESOLVE}
        needed = theirs.get(IssueState(issue.state), WORK)
        if not any(user_of(request).has_perm(permission) for permission in needed):
            raise PermissionDenied
        return self._step(pk, StepSent, StepForm, verbs.handle)

    @described(IssueDetail, sent=SaidStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def suspend(self, request: Request, pk: int) -> Response:
        """Put it aside for a reason; it stays open and goes on blocking."""
        return self._step(pk, SaidStepSent, SaidStepForm, _with_reason(verbs.suspend))

    @described(IssueDetail, sent=SaidStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def answer(self, request: Request, pk: int) -> Response:
        """The department has answered. Whether that resolves the matter, others say."""
        return self._step(pk, SaidStepSent, SaidStepForm, verbs.answer)

    @described(IssueDetail, sent=Returned, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="return")
    @idempotent
    def give_back(self, request: Request, pk: int) -> Response:
        """The department returns it: not its business, or something is missing."""
        return self._step(pk, Returned, ReturnForm, _with_reason(verbs.give_back))

    @described(IssueDetail, sent=Addressed, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def address(self, request: Request, pk: int) -> Response:
        """A returned issue goes out again: to another department, or completed."""
        return self._step(pk, Addressed, AddressForm, verbs.address)

    @described(IssueDetail, sent=Concerned, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def concern(self, request: Request, pk: int) -> Response:
        """It stands in the way of this project too, and there of exactly these items."""
        project = self._project(Concerned)
        form = partial(ConcernForm, project_id=project.pk)
        return self._step(pk, Concerned, form, partial(verbs.concern, project=project), leave=("project",))

    @described(IssueDetail, sent=LetGo, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="let-go")
    @idempotent
    def let_go(self, request: Request, pk: int) -> Response:
        """It does not stand in the way of this project any more."""
        act = _with_reason(partial(verbs.let_go, project=self._project(LetGo)))
        return self._step(pk, LetGo, SaidStepForm, act, leave=("project",))

    def _project(self, sent: type[Sent]) -> Project:
        get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        number = taken(sent, self.request)["project"]
        project = Project.objects.visible_to(user_of(self.request)).filter(pk=number).first()
        if project is None:
            raise ValidationError({"project": [_("There is no such project among yours.")]})
        return project

    @described(
        LinkMade,
        sent={"multipart/form-data": AskedOf, "application/json": AskedOf},
        status=201,
        once=True,
        if_match=False,
    )
    @action(detail=True, methods=["post"], parser_classes=[Json, MultiPartParser])
    def confirmation(self, request: Request, pk: int) -> Response:
        """Make the link through which the enterprise says whether it is settled; one sent before no
        longer works. Sent again with the same key, the answer does not repeat the address."""
        user, today = user_of(request), clock.today()
        issue = self._seen(pk)
        key = request.headers.get("Idempotency-Key", "")
        with receipts.once(user=user, key=key, sent=[request.method, request.path, request.data]) as sending:
            if sending.seen:
                return Response(sending.body, status=sending.status, headers={"Idempotent-Replayed": "true"})
            sent = taken(AskedOf, request)
            asked = {"days": settings.CONFIRMATION_LINK_DAYS, **sent, "note": sent["statement"]}
            uploads = MultiValueDict({"evidence": sent.get("evidence", [])})
            values = filled(AskForm({**asked, "version": issue.version}, uploads), {"note": "statement"})
            stored = [files.store(upload, by=user) for upload in values.pop("evidence")]
            statement, now = values.pop("note"), timezone.now()
            link, token = confirmation.ask(
                issue, statement=statement, files=stored, by=user, today=today, now=now, **values
            )
            told = {"sent_to": link.sent_to, "expires_at": link.expires_at}
            kept = {"sent_to": link.sent_to, "expires_at": link.expires_at.isoformat(), "address": None}
            sending.answer(body=kept, status=201)
        address = request.build_absolute_uri(reverse("confirm", args=[token]))
        return Response({**told, "address": address}, status=201)

    @described(IssueDetail, sent=SaidStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def escalate(self, request: Request, pk: int) -> Response:
        """Send it one step up the ladder, with the reason why it cannot be settled where it is."""
        return self._step(pk, SaidStepSent, SaidStepForm, _with_reason(verbs.escalate))

    @described(IssueDetail, sent=SaidStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="send-down")
    @idempotent
    def send_down(self, request: Request, pk: int) -> Response:
        """Send it one step back down, saying who can settle it there and how."""
        return self._step(pk, SaidStepSent, SaidStepForm, _with_reason(verbs.send_down))

    @described(IssueDetail, sent=SaidStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def reopen(self, request: Request, pk: int) -> Response:
        """Take a resolved issue up again within 30 days; it counts against the rate."""
        return self._step(pk, SaidStepSent, SaidStepForm, _with_reason(verbs.reopen))

    @described(
        IssueDetail,
        sent={"multipart/form-data": Resolved, "application/json": Resolved},
        once=True,
        tag=True,
        if_match=False,
    )
    @action(detail=True, methods=["post"], parser_classes=[Json, MultiPartParser])
    @idempotent
    def resolve(self, request: Request, pk: int) -> Response:
        """Resolved: something was done, a file proves it, and the enterprise or the officer confirms it."""
        user, today = user_of(request), clock.today()
        issue = self._seen(pk)
        sent = taken(Resolved, request)
        data = {"on": today, **sent, "note": sent["statement"], "version": issue.version}
        uploads = MultiValueDict({"evidence": sent.get("evidence", [])})
        values = filled(ResolveForm(data, uploads, today=today), {"note": "statement"})
        stored = [files.store(upload, by=user) for upload in values.pop("evidence")]
        verbs.resolve(issue, statement=values.pop("note"), files=stored, by=user, today=today, **values)
        return Response(self._told(pk))

    def _step(
        self, pk: int, sent: type[Sent], form: Callable[..., StepForm], act: Act, leave: Sequence[str] = ()
    ) -> Response:
        """The form of the page is filled with what was sent, but for what the verb already knows."""
        user, today = user_of(self.request), clock.today()
        issue = self._seen(pk)
        data = {"on": today, **taken(sent, self.request), "version": issue.version}
        data = {name: getattr(value, "pk", value) for name, value in data.items() if name not in leave}
        act(issue, **filled(form(data, today=today)), by=user, today=today)
        return Response(self._told(pk))

    def _seen(self, pk: int) -> Issue:
        """The issue, unless it has changed since the caller read it."""
        issue = get_object_or_404(self.get_queryset(), pk=pk)
        seen_version(self.request, issue, partial(self._told, pk), required=False)
        return issue

    def _rows(self, issues: Any) -> Rows:
        return issue_rows(issues, user_of(self.request), today=clock.today(), days=calendar())

    def _told(self, pk: int) -> Plain:
        issue = get_object_or_404(self.get_queryset(), pk=pk)
        return issue_detail(issue, user_of(self.request), today=clock.today(), days=calendar())


def _with_reason(act: Act) -> Act:
    """For the verbs that call the note a reason."""
    return lambda issue, *, note, **facts: act(issue, reason=note, **facts)
