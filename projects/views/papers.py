"""Evidence: handed in, and shown to those who know the project."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from core import clock, files, receipts
from core.pages import page
from core.refusal import Refusal
from projects import entry
from projects.choices import EvidenceKind
from projects.forms import EvidenceForm
from projects.models import Evidence
from projects.views.finding import project_to_act_on, project_with_papers


@allow("projects.edit_project", "projects.report_progress")
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    project = project_to_act_on(request, pk, "projects.edit_project", "projects.report_progress")
    user = user_of(request)
    kind = request.GET.get("kind", "")
    form = EvidenceForm(
        request.POST or None,
        request.FILES or None,
        initial={"kind": kind if kind in EvidenceKind.values else EvidenceKind.CONTRACT},
    )
    if form.is_valid():
        sent = {**request.POST.dict(), "file": form.cleaned_data["file"]}
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=sent) as sending:
                if not sending.seen:
                    stored = files.store(form.cleaned_data["file"], by=user)
                    entry.prove(
                        project, kind=form.cleaned_data["kind"], file=stored, by=user, today=clock.today()
                    )
                    messages.success(request, _("“%(name)s” is handed in.") % {"name": stored.name})
                    sending.answer(location=f"{project.get_absolute_url()}#papers")
            return redirect(sending.location)
        except Refusal as refusal:
            form.add_error("file", str(refusal))
    return page(
        request,
        "projects/hand_in.html",
        {"project": project, "form": form},
        status=422 if form.errors else 200,
    )


@allow("projects.view_project")
def paper(request: HttpRequest, pk: int, evidence: int) -> HttpResponseBase:
    """The file itself, for those who know the project."""
    project = project_with_papers(request, pk)
    found = Evidence.objects.select_related("file").filter(project=project, pk=evidence).first()
    if found is None:
        raise Http404
    return files.send(found.file)
