"""Changing a project's facts and its shares."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from projects import entry, rules
from projects.forms import ProjectForm, ShareOutForm
from projects.forms.editing import ChangedMeanwhile
from projects.models import BUREAU, Project
from projects.views.finding import project_to_act_on


@allow("projects.edit_project")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    project = project_to_act_on(request, pk, "projects.edit_project")
    user, today = user_of(request), clock.today()
    if request.method != "POST":
        return _show(request, project, ProjectForm(instance=project, user=user, today=today))
    if request.POST.get("seen_version") != str(project.version):
        return _conflict(request, project)
    form = ProjectForm(request.POST, instance=project, user=user, today=today)
    if form.is_valid():
        try:
            form.save_over()
        except ChangedMeanwhile:
            return _conflict(request, Project.objects.select_related("enterprise").get(pk=project.pk))
        except Refusal as refusal:
            form.add_error("uscc" if "uscc" in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect(project)
    return _show(request, project, form, status=422)


def _show(request: HttpRequest, project: Project, form: ProjectForm, **more: object) -> HttpResponse:
    status = more.pop("status", 200)
    assert isinstance(status, int)
    return page(request, "projects/edit.html", {"project": project, "form": form, **more}, status=status)


def _conflict(request: HttpRequest, project: Project) -> HttpResponse:
    """Somebody else has saved since: what was typed stays, what others changed is shown beside it."""
    user, today = user_of(request), clock.today()
    form = ProjectForm(request.POST, instance=project, user=user, today=today)
    data, differences = form.merged()
    merged = ProjectForm(data, instance=project, user=user, today=today)
    return _show(request, project, merged, differences=differences, is_conflict=True, status=409)


@allow("projects.edit_project")
def share_out(request: HttpRequest, pk: int) -> HttpResponse:
    """In whose total a project counts is the bureau's to say."""
    project, user = project_to_act_on(request, pk, "projects.edit_project"), user_of(request)
    if user.role not in BUREAU or not rules.may(user, "projects.edit_project", project):
        raise PermissionDenied
    form = ShareOutForm(request.POST or None, project=project)
    if form.is_valid():
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                entry.share_out(project, form.cleaned_data["shares"])
                messages.success(request, _("The shares are saved."))
                sending.answer(location=project.get_absolute_url())
        return redirect(sending.location)
    return page(
        request,
        "projects/shares.html",
        {"project": project, "form": form},
        status=422 if form.errors else 200,
    )
