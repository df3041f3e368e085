"""Answers: given on the ledger's page, reviewed and revoked on their own; decisions on single rows."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from core import exporting
from core.pages import page
from core.refusal import Refusal
from ledgers import answers as answering
from ledgers import excel, showing, tasks
from ledgers.choices import QuestionKind
from ledgers.declaring import KINDS
from ledgers.models import SEE_ALL, Answer, Ledger
from ledgers.views.reaching import to_act_on
from taskforces.rules import reach

ROWS = 50


@allow("ledgers.import_ledger")
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the answers of the form that were chosen, then read the ledger once more with them. One that
    is not taken says why and hinders none of the others."""
    ledger, user = to_act_on(request, pk), user_of(request)
    if request.method == "POST":
        refused: list[Refusal] = []
        given = _given(request, ledger, user, refused)
        try:
            if given:
                tasks.read(ledger, by=user)
        except Refusal as refusal:
            refused.append(refusal)
        for one in refused:
            messages.error(request, " ".join([one.message, *one.details]))
        _tell(request, ledger, given, is_refused=bool(refused))
    return redirect("ledgers:ledger", pk)


def _tell(request: HttpRequest, ledger: Ledger, given: int, *, is_refused: bool) -> None:
    if given:
        sentence = ngettext(
            "%(n)s answer is taken and holds for all like cells.",
            "%(n)s answers are taken and hold for all like cells.",
            given,
        )
        messages.success(request, sentence % {"n": given})
    elif _is_late(request, ledger):
        sentence = _(
            "Somebody else has answered this meanwhile, and the ledger was read with it. Look at it now."
        )
        messages.warning(request, sentence)
    elif not is_refused:
        messages.warning(request, _("Choose an answer first."))


def _given(request: HttpRequest, ledger: Ledger, user: User, refused: list[Refusal]) -> int:
    """How many of the questions were answered. A question is found again by what it is about, because
    another person may have answered some meanwhile."""
    given = 0
    for place, question in enumerate(ledger.questions):
        meaning = _meant(request, place, question)
        if meaning is NOT_SAID or request.POST.get(f"about-{place}") != question["raw"]:
            continue
        about = {"asked": question["kind"], "field": question["field"], "raw": question["raw"]}
        try:
            answering.answer(ledger, **about, meaning=meaning, by=user)
        except Refusal as refusal:
            refused.append(refusal)
        else:
            given += 1
    return given


def _is_late(request: HttpRequest, ledger: Ledger) -> bool:
    """Whether something was answered that is no longer asked."""
    asked = {question["raw"] for question in ledger.questions}
    said = (name.partition("-")[2] for name, value in request.POST.items() if value and _says(name))
    return any(request.POST.get(f"about-{place}") not in asked for place in said)


def _says(name: str) -> bool:
    return name.startswith(("answer-", "text-"))


NOT_SAID = object()


def _meant(request: HttpRequest, place: int, question: dict[str, Any]) -> Any:
    """What was written, else what was chosen (choices come by their number: one may mean nothing)."""
    if written := request.POST.get(f"text-{place}", "").strip():
        return written
    chosen, choices = request.POST.get(f"answer-{place}", ""), question["choices"]
    is_choice = chosen.isdecimal() and len(chosen) < 5 and int(chosen) < len(choices)
    return choices[int(chosen)][0] if is_choice else NOT_SAID


@allow("ledgers.import_ledger")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What becomes of a look-alike or a changed row, or of all of them."""
    ledger = to_act_on(request, pk)
    if request.method == "POST":
        rows = [int(one) for one in request.POST.getlist("row") if one.isdecimal() and len(one) < 19]
        try:
            decided = answering.decide(
                ledger,
                decision=request.POST.get("decision", ""),
                verdict=request.POST.get("verdict", ""),
                rows=rows,
            )
            sentence = ngettext("%(n)s row is decided.", "%(n)s rows are decided.", decided)
            messages.success(request, sentence % {"n": decided})
        except Refusal as refusal:
            messages.error(request, refusal.message)
    return redirect(_back(request, pk))


def _back(request: HttpRequest, pk: int) -> str:
    """The page from which it was decided, with its filters."""
    back = request.POST.get("back", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return back if back.startswith("/ledgers/") and ours else reverse("ledgers:ledger", args=[pk])


# --- Reviewing them -----------------------------------------------------------------------------------------


def seen_by(user: User) -> QuerySet[Answer]:
    """The answers about the senders whose ledgers the person may see."""
    if user.role in SEE_ALL:
        return Answer.objects.all()
    senders = Ledger.objects.visible_to(user).values("sender")
    own = user.memberships.filter(unit__in=reach(user).units).values("unit__name")
    return Answer.objects.filter(Q(sender__in=senders) | Q(sender__in=own))


@allow("ledgers.import_ledger")
def answers(request: HttpRequest) -> HttpResponseBase:
    """Every answer with how far it reaches; one that is revoked holds for nothing more."""
    user = user_of(request)
    sender, with_revoked = request.GET.get("sender", ""), "revoked" in request.GET
    found = seen_by(user)
    senders = list(found.order_by("sender").values_list("sender", flat=True).distinct())
    if sender:
        found = found.filter(sender=sender)
    if not with_revoked:
        found = found.filter(revoked_at__isnull=True)
    rows = found.select_related("given_by", "revoked_by").order_by("sender", "-given_at", "-pk")
    layouts = set(Ledger.objects.visible_to(user).values_list("layout", flat=True).distinct())
    if exporting.asked(request):
        lines = exporting.each(rows, lambda one: _row(one, layouts))
        narrowed = [
            (_("Whose ledger it is"), sender),
            (_("Revoked ones too"), _("Yes") if with_revoked else ""),
        ]
        return exporting.answer(request, excel.ANSWERS, lines, narrowed=narrowed)
    leaf = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "page": leaf,
        "rows": [_row(one, layouts) for one in leaf.object_list],
        "senders": senders,
        "sender": sender,
        "with_revoked": with_revoked,
    }
    return page(request, "ledgers/answers.html", context)


def _row(one: Answer, layouts: set[str]) -> dict[str, Any]:
    kind = KINDS.get(one.kind)
    field = next((field for field in kind.fields if field.name == one.field), None) if kind else None
    return {
        "answer": one,
        "asked": QuestionKind(one.asked).label,
        "field": field.label if field else "",
        "means": _means(one, kind, field),
        "reach": answering.reach_in_words(one, layouts),
    }


def _means(one: Answer, kind: Any, field: Any) -> str:
    """The answer in words: a field by its label, a unit of money by its name, a value as it is shown."""
    if one.asked == QuestionKind.COLUMN:
        known = {each.name: str(each.label) for each in kind.fields} if kind else {}
        return known.get(str(one.meaning), _("nothing that is read"))
    if one.asked == QuestionKind.MONEY_UNIT:
        return {"wan": "万元", "yi": "亿元", "yuan": "元"}.get(str(one.meaning), str(one.meaning))
    return showing.shown(field, one.meaning) if field else str(one.meaning)


@allow("ledgers.import_ledger")
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an answer back. Ledgers that wait are read anew the next time; entered ones stay."""
    found = get_object_or_404(seen_by(user_of(request)), pk=pk)
    if request.method == "POST":
        answering.revoke(found, by=user_of(request), at=timezone.now())
        messages.success(request, _("The answer is revoked. From the next reading on it is asked again."))
    return redirect("ledgers:answers")
