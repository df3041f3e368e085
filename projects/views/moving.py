"""Moving a project on and back, pausing it, taking it up again, ending it."""

import datetime
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from projects import pipeline
from projects.choices import Stage, Status
from projects.forms import AdvanceForm, PauseForm, ReasonForm, TakeBackForm
from projects.models import Project
from projects.views.finding import project_to_act_on
from projects.views.project import where_to_fill_in

TEMPLATE = "projects/move.html"


def _once(request: HttpRequest, project: Project, write: Callable[[], Any], told: str) -> HttpResponse:
    """The verb, once for a form that is sent twice; then back to the project."""
    with receipts.once(user=user_of(request), key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            write()
            messages.success(request, told)
            sending.answer(location=project.get_absolute_url())
    return redirect(sending.location)


@allow("projects.advance_project")
def advance(request: HttpRequest, pk: int) -> HttpResponse:
    project, today = project_to_act_on(request, pk, "projects.advance_project"), clock.today()
    to = pipeline.NEXT.get(project.stage, "")
    form = AdvanceForm(request.POST or None, today=today, initial={"on": today, "version": project.version})
    refusal = None
    if form.is_valid():
        values = form.cleaned_data
        asked_for = request.POST.get("to", "")
        try:
            return _once(
                request,
                project,
                lambda: pipeline.advance(
                    project,
                    asked_for if asked_for in Stage.values else to or project.stage,
                    by=user_of(request),
                    on=values["on"],
                    today=today,
                    note=values["note"],
                    seen_version=values["version"],
                ),
                _("Moved on to “%(stage)s”.") % {"stage": Stage(to).label if to else ""},
            )
        except Refusal as refused:
            refusal = refused
            project.refresh_from_db()
    return page(
        request, TEMPLATE, _advance_context(project, form, refusal, today), status=_status(form, refusal)
    )


def _advance_context(
    project: Project, form: forms.Form, refusal: Refusal | None, today: datetime.date
) -> dict[str, Any]:
    """The next batch as it is now: after somebody else's move it is another one."""
    to = pipeline.NEXT.get(project.stage)
    if refusal and to:
        form = AdvanceForm(today=today, initial={**_typed(form), "version": project.version})
    missing = pipeline.missing_for(project, to) if to else []
    return {
        "project": project,
        "form": form,
        "refusal": None if refusal and refusal.details else refusal,
        "to": Stage(to) if to else None,
        "missing": [(need.label, where_to_fill_in(project, need)) for need in missing],
        "title": _("Move on to “%(stage)s”") % {"stage": Stage(to).label}
        if to
        else _("This is the last batch"),
        "verb": _("Move on"),
        "heading": _("From “%(here)s”, where it has been since %(since)s.")
        % {"here": project.get_stage_display(), "since": project.stage_since.isoformat()},
    }


def _typed(form: forms.Form) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _status(form: forms.Form, refusal: Refusal | None) -> int:
    return 409 if refusal else 422 if form.errors else 200


@allow("projects.correct_stage")
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    project, today = project_to_act_on(request, pk, "projects.correct_stage"), clock.today()
    form = TakeBackForm(
        request.POST or None,
        stage=project.stage,
        today=today,
        initial={"on": today, "version": project.version},
    )
    refusal: Refusal | None = None
    if form.is_valid():
        values = form.cleaned_data
        try:
            return _once(
                request,
                project,
                lambda: pipeline.take_back(
                    project,
                    values["to"],
                    by=user_of(request),
                    on=values["on"],
                    today=today,
                    reason=values["reason"],
                    seen_version=values["version"],
                ),
                _("Moved back to “%(stage)s”.") % {"stage": Stage(values["to"]).label},
            )
        except Refusal as refused:
            refusal = refused
    context = {
        "project": project,
        "form": form,
        "refusal": refusal,
        "title": _("Move back"),
        "verb": _("Move back"),
        "heading": _("A correction: it stands in the history with its reason."),
        "danger": True,
    }
    return page(request, TEMPLATE, context, status=_status(form, refusal))


# --- Health, apart from progress --------------------------------------------------------------------


@allow("projects.advance_project")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    project, today = project_to_act_on(request, pk, "projects.advance_project"), clock.today()
    form = PauseForm(request.POST or None, initial={"until": project.paused_until})
    renewed = project.status == Status.PAUSED
    return _change(
        request,
        project,
        form,
        lambda values: pipeline.pause(project, **values, by=user_of(request), today=today),
        title=_("Renew the pause") if renewed else _("Pause the project"),
        heading=_(
            "At most three months; then it is renewed or taken up again. Paused projects are not stalled."
        ),
        told=_("The project is paused."),
    )


@allow("projects.advance_project")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    project, today = project_to_act_on(request, pk, "projects.advance_project"), clock.today()
    return _change(
        request,
        project,
        ReasonForm(request.POST or None),
        lambda values: pipeline.resume(project, **values, by=user_of(request), today=today),
        title=_("Take the project up again"),
        heading=_("Paused because: %(reason)s") % {"reason": project.status_reason},
        told=_("The project is taken up again."),
    )


@allow("projects.correct_stage")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    project, today = project_to_act_on(request, pk, "projects.correct_stage"), clock.today()
    return _change(
        request,
        project,
        ReasonForm(request.POST or None),
        lambda values: pipeline.end(project, **values, by=user_of(request), today=today),
        title=_("End the project"),
        heading=_("It leaves the board, its history stays. A contract that is dissolved is voided instead."),
        told=_("The project has ended."),
        danger=True,
    )


def _change(
    request: HttpRequest,
    project: Project,
    form: forms.Form,
    write: Callable[[dict[str, Any]], Any],
    *,
    title: str,
    heading: str,
    told: str,
    danger: bool = False,
) -> HttpResponse:
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            return _once(request, project, lambda: write(form.cleaned_data), told)
        except Refusal as refused:
            refusal = refused
    context = {
        "project": project,
        "form": form,
        "refusal": refusal,
        "title": title,
        "verb": title,
        "heading": heading,
        "danger": danger,
    }
    return page(request, TEMPLATE, context, status=_status(form, refusal))
