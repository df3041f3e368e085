"""Which projects an issue stands in the way of, and of which of their items."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import issues as verbs
from approvals.choices import IssueState
from approvals.forms import ConcernForm, SaidStepForm
from approvals.models import Issue
from approvals.views.issues import matching
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from projects.models import Project
from projects.showing import name_of


@allow("approvals.log_issue")
def concerned(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a project (`?q=` searches, `?project=` chooses), then the items it blocks there."""
    user = user_of(request)
    issue = get_object_or_404(Issue.objects.visible_to(user).for_list(), pk=pk)
    asked = request.GET.get("project", "")
    chosen = None
    if asked.isdecimal() and len(asked) < 19 and issue.state in IssueState.OPEN:
        chosen = get_object_or_404(Project.objects.visible_to(user), pk=int(asked))
    context = _named(request, user, issue)
    if chosen is None:
        return page(request, "approvals/concerned.html", context)
    forms = _forms(request, user, issue, chosen)
    if forms is None:
        return redirect("approvals:issue", pk)
    return page(request, "approvals/concerned.html", {**context, **forms})


def _named(request: HttpRequest, user: User, issue: Issue) -> dict[str, Any]:
    """The projects it concerns already, and those found by what is searched for."""
    known = verbs.projects_of(issue)
    rows = Project.objects.filter(pk__in=known).prefetch_related("shares").select_related("enterprise")
    mine = set(Project.objects.visible_to(user).filter(pk__in=known).values_list("pk", flat=True))
    question = request.GET.get("q", "").strip()[:100]
    found = matching(user, question, without=known) if question else ()
    return {
        "issue": issue,
        "is_open": issue.state in IssueState.OPEN,
        "concerned": [
            {"pk": row.pk, "name": name_of(row, user), "code": row.code, "mine": row.pk in mine}
            for row in rows.order_by("pk")
        ],
        "question": question,
        "found": [
            {"pk": row.pk, "name": name_of(row, user), "code": row.code, "enterprise": row.enterprise.name}
            for row in found
        ],
    }


def _forms(request: HttpRequest, user: User, issue: Issue, project: Project) -> dict[str, Any] | None:
    """The forms about the chosen project; nothing more to show once one of them has been taken."""
    today, lets_go = clock.today(), "let_go" in request.POST
    sent = request.POST or None
    blocked = list(issue.blocks.filter(project=project).values_list("pk", flat=True))
    first = {"version": issue.version, "blocks": blocked}
    form = ConcernForm(
        None if lets_go else sent, today=today, project_id=project.pk, initial=first, auto_id="id_%s"
    )
    letting = SaidStepForm(
        sent if lets_go else None,
        today=today,
        word=_("Why this project is no longer concerned"),
        initial=first,
        auto_id="id_go_%s",
    )
    used = letting if lets_go else form
    if used.is_valid():
        facts = {**used.cleaned_data, "project": project, "by": user, "today": today}
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen and lets_go:
                    verbs.let_go(issue, reason=facts.pop("note"), **facts)
                elif not sending.seen:
                    verbs.concern(issue, **facts)
            messages.success(request, _("Written down."))
        except Refusal as refusal:
            used.add_error(None, [refusal.message, *refusal.details])
            used.data = request.POST.copy()
            used.data["version"] = str(Issue.objects.values_list("version", flat=True).get(pk=issue.pk))
        else:
            return None
    return {
        "chosen": {"pk": project.pk, "name": name_of(project, user), "code": project.code},
        "form": form,
        "letting": letting if issue.also_concerns.filter(pk=project.pk).exists() else None,
        "lets_go": lets_go,
    }
