"""Suspicious signings: what the night has found, the records side by side, and somebody's word on it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting, receipts
from core.money import format_wan, format_yi
from core.pages import page
from core.refusal import Refusal
from core.templatetags.ui import listed
from projects import excel
from projects import suspicions as detector
from projects.choices import EventKind, SuspicionGrade, SuspicionKind, Verdict
from projects.filters import SuspicionFilter
from projects.forms import JudgeForm
from projects.models import ContractEvent, Project, Suspicion, SuspicionVerdict
from projects.models.suspicion import SuspicionQuerySet
from projects.showing import Label, face, labels, name_of
from projects.views.ledger import units_of

ROWS = 50
LAMPS = {
    SuspicionGrade.HIGH: "over_statute",
    SuspicionGrade.MEDIUM: "over_promise",
    SuspicionGrade.LOW: "waiting",
}


# --- The list ---------------------------------------------------------------------------------------


@allow("projects.view_suspicion")
def suspicions(request: HttpRequest) -> HttpResponseBase:
    """Those that wait for a word, unless something else is asked for."""
    user = user_of(request)
    seen = Suspicion.objects.visible_to(user)
    asked = _asked(request)
    found = SuspicionFilter(asked, queryset=seen.for_list(), request=request)
    if exporting.asked(request):
        rows = exporting.in_chunks(found.qs, lambda chunk: _rows(chunk, user))
        return exporting.answer(request, excel.SUSPICIONS, rows, narrowed=found)
    shown = Paginator(found.qs, ROWS).get_page(request.GET.get("page"))
    group = found.form.cleaned_data.get("group", "")
    return page(
        request,
        "projects/suspicions.html",
        {
            "filter": found,
            "page": shown,
            "rows": _rows(list(shown), user),
            "tabs": [
                {"key": key, "word": word, "on": key == group}
                for key, (word, _q) in SuspicionFilter.GROUPS.items()
            ],
            "counts": _counts(seen),
            "kinds": _kinds(seen, asked.getlist("kind")),
            "is_narrowed": any(asked.get(name) for name in asked if name not in ("group", "page")),
        },
    )


def _asked(request: HttpRequest) -> QueryDict:
    asked = request.GET.copy()
    if not {"group", "q", "raised_on", "project"} & asked.keys():
        asked["group"] = "open"
    return asked


def _counts(seen: SuspicionQuerySet) -> dict[str, Any]:
    told = seen.open().aggregate(
        open=Count("pk"),
        projects=Count("project", distinct=True),
        high=Count("pk", filter=Q(grade=SuspicionGrade.HIGH)),
        medium=Count("pk", filter=Q(grade=SuspicionGrade.MEDIUM)),
        amount=Sum("amount", filter=Q(grade=SuspicionGrade.HIGH)),
    )
    return {**told, "amount": format_yi(told["amount"] or Decimal(0), 1)}


def _kinds(seen: SuspicionQuerySet, asked: list[str]) -> list[dict[str, Any]]:
    """The kinds of which something waits, with how many."""
    rows = seen.open().values_list("kind").annotate(n=Count("pk")).order_by("kind")
    counts = dict(rows)
    return [
        {"code": kind.value, "word": kind.label, "n": counts[kind], "on": asked == [kind.value]}
        for kind in SuspicionKind
        if kind in counts
    ]


def _rows(shown: list[Suspicion], user: User) -> list[dict[str, Any]]:
    compared = Suspicion.records.through.objects.filter(suspicion__in=[one.pk for one in shown])
    pairs = list(compared.values_list("suspicion", "project"))
    named = labels({project for _one, project in pairs} | {one.project_id for one in shown}, user)
    words = _last_words([one.pk for one in shown])
    return [
        _row(one, user, named, [project for row, project in pairs if row == one.pk], words.get(one.pk))
        for one in shown
    ]


def _last_words(shown: list[int]) -> dict[int, SuspicionVerdict]:
    rows = SuspicionVerdict.objects.filter(suspicion__in=shown).select_related("by").order_by("pk")
    return {row.suspicion_id: row for row in rows}


def _row(
    one: Suspicion,
    user: User,
    named: dict[int, Label],
    records: Iterable[int],
    word: SuspicionVerdict | None,
) -> dict[str, Any]:
    others = [pk for pk in records if pk != one.project_id]
    return {
        **line(one, named=named, records=records),
        "project": named[one.project_id].name,
        "others": [named[pk].name for pk in others],
        "task_force": str(one.project.task_force),
        "unit": units_of(one.project),
        "amount": format_yi(one.amount),
        "in_question": one.amount,
        "raised_on": one.raised_on.isoformat(),
        "gone_on": one.gone_on.isoformat() if one.gone_on else "",
        "again": one.before is not None,
        "verdict": word.get_verdict_display() if word else "",
        "reason": word.reason if word else "",
        "by": word.by.name if word else "",
    }


def line(one: Suspicion, *, named: dict[int, Label], records: Iterable[int]) -> dict[str, Any]:
    """A suspicion in one line: its grade, its kind, the weightiest evidence."""
    veiled = any(named[pk].is_veiled for pk in records)
    return {
        "url": one.get_absolute_url(),
        "lamp": LAMPS[SuspicionGrade(one.grade)],
        "grade": one.get_grade_display(),
        "points": one.points,
        "kind": one.get_kind_display(),
        "state": one.get_state_display(),
        "sentence": detector.sentence(one.facts, veiled=veiled),
    }


def lines_of(project: Project, user: User) -> list[dict[str, Any]]:
    """What stands on a project's page: the open and watched ones in which it is compared."""
    compared = Suspicion.records.through.objects.filter(project=project).values("suspicion")
    seen = Suspicion.objects.visible_to(user).standing().filter(pk__in=compared)
    shown = list(seen.filter(state__in=("open", "watched")).order_by("-points", "pk")[:5])
    pairs = list(
        Suspicion.records.through.objects.filter(suspicion__in=[one.pk for one in shown]).values_list(
            "suspicion", "project"
        )
    )
    named = labels({project for _one, project in pairs}, user) if pairs else {}
    return [
        line(one, named=named, records=[project for row, project in pairs if row == one.pk]) for one in shown
    ]


# --- One of them ------------------------------------------------------------------------------------


@allow("projects.view_suspicion")
def suspicion(request: HttpRequest, pk: int) -> HttpResponse:
    """The evidence, the records side by side, what was said; a verdict by who may judge."""
    user, today = user_of(request), clock.today()
    one = get_object_or_404(Suspicion.objects.visible_to(user).for_list(), pk=pk)
    records = list(_records(one))
    others = [(record.pk, name_of(record, user)) for record in records if record.pk != one.project_id]
    may_judge = user.has_perm("projects.judge_suspicion") and one.is_open
    form = JudgeForm(request.POST or None, others=others)
    refusal = None
    if request.method == "POST" and may_judge and form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    detector.judge(one, by=user, today=today, **form.cleaned_data)
                    messages.success(request, _("Written down. The same evidence is not raised again."))
                    sending.answer(location=reverse("projects:suspicions"))
            return redirect(sending.location)
        except Refusal as refused:
            refusal = refused
    veiled = any(face(record, user).is_veiled for record in records)
    status = 409 if refusal else 422 if form.errors else 200
    context = {
        "one": one,
        "lamp": LAMPS[SuspicionGrade(one.grade)],
        "title": name_of(one.project, user),
        "evidence": detector.sentences(one.facts, veiled=veiled),
        "columns": _columns(one, records, user),
        "rows": _compared(records, user),
        "verdicts": _verdicts(one.verdicts),
        "before": _verdicts(one.before.verdicts) if one.before else [],
        "amount": format_yi(one.amount),
        "form": form if may_judge else None,
        "is_own": may_judge and _is_own(one, user),
        "refusal": refusal,
    }
    return page(request, "projects/suspicion.html", context, status=status)


def _records(one: Suspicion) -> Iterable[Project]:
    """The projects to compare, the older signing first, with what is compared of them."""
    events = ContractEvent.objects.exclude(verdict__verdict=Verdict.RETURNED)
    told = events.select_related("ceremony", "evidence", "recorded_by", "verdict").order_by("signed_on", "pk")
    rows = one.records.for_list().prefetch_related(
        Prefetch("contract_events", told, to_attr="told"), "evidence"
    )
    return sorted(rows, key=lambda record: (_signing_day(record), record.pk))


def _signing_day(record: Any) -> str:
    signing = _signing(record)
    return signing.signed_on.isoformat() if signing else ""


def _signing(record: Any) -> ContractEvent | None:
    return next((event for event in record.told if event.kind == EventKind.SIGNED), None)


def _columns(one: Suspicion, records: Iterable[Project], user: User) -> list[dict[str, Any]]:
    """The head of each column; without an address where the person may not open the project."""
    open_to = set(
        Project.objects.visible_to(user)
        .filter(pk__in=[record.pk for record in records])
        .values_list("pk", flat=True)
    )
    return [
        {
            "name": name_of(record, user),
            "code": record.code,
            "url": record.get_absolute_url() if record.pk in open_to else "",
            "is_suspect": record.pk == one.project_id,
        }
        for record in records
    ]


def _compared(records: list[Project], user: User) -> list[dict[str, Any]]:
    """A row a fact, a cell a record; `same` where all say the same."""
    columns = [_facts_of(record, user) for record in records]
    found = []
    for label in columns[0] if columns else ():
        cells = [column[label] for column in columns]
        told = [cell for cell in cells if cell]
        if told:
            same = len(records) > 1 and len(told) == len(cells) and len(set(cells)) == 1
            found.append({"label": label, "cells": cells, "same": same})
    return found


def _facts_of(record: Any, user: User) -> dict[str, str]:
    shown, signing = face(record, user), _signing(record)
    return {
        _("Enterprise"): shown.enterprise,
        _("Credit code"): "" if shown.is_veiled else record.enterprise.uscc or "",
        _("National project code"): "" if shown.is_veiled else record.national_code or "",
        _("Reporting unit"): units_of(record),
        _("Location"): str(record.location),
        _("Task force"): str(record.task_force),
        _("Batch"): f"{record.get_stage_display()} · {record.stage_since:%Y-%m-%d}",
        **_facts_of_signing(signing, veiled=shown.is_veiled),
        _("Stands in the contract (万元)"): format_wan(record.contracted),
        _("Other events"): listed(
            f"{event.get_kind_display()} {event.signed_on:%Y-%m-%d} {format_wan(event.amount)}"
            for event in record.told
            if event.kind != EventKind.SIGNED
        ),
        _("Files"): listed(paper.get_kind_display() for paper in record.evidence.all()),
    }


def _facts_of_signing(signing: ContractEvent | None, *, veiled: bool) -> dict[str, str]:
    """Of the signing; a fact nobody has is left out of the table."""
    told = [_("Signed on"), _("Amount signed (万元)"), _("Ceremony"), _("File of the signing")]
    told += [_("Entered by"), _("Verified on"), _("Note")]
    if signing is None:
        return dict.fromkeys(told, "")
    verdict = getattr(signing, "verdict", None)
    cells = [
        signing.signed_on.isoformat(),
        format_wan(signing.amount),
        "" if veiled else str(signing.ceremony or ""),
        "" if veiled or not signing.evidence else signing.evidence.name,
        f"{signing.recorded_by.name} · {signing.recorded_on:%Y-%m-%d}",
        verdict.on.isoformat() if verdict else _("not yet"),
        "" if veiled else signing.note,
    ]
    return dict(zip(told, cells, strict=True))


def _verdicts(rows: Any) -> list[SuspicionVerdict]:
    return list(rows.select_related("by", "kept", "event").order_by("pk"))


def _is_own(one: Suspicion, user: User) -> bool:
    return ContractEvent.objects.filter(project=one.project_id, recorded_by=user).exists()
