"""The list of ledgers, handing one in, putting one aside, its file."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting, files, receipts
from core.pages import download, page
from core.refusal import Refusal
from ledgers import excel, receiving, resending, tasks
from ledgers.blank import blank as blank_of
from ledgers.choices import LedgerState, Verdict
from ledgers.declaring import KINDS
from ledgers.forms import LedgerForm
from ledgers.models import SEE_ALL, Ledger
from ledgers.receiving import AlreadyHandedIn
from ledgers.views.reaching import reached, to_act_on
from taskforces.rules import reach

ROWS = 30
LAMPS = {
    LedgerState.READING: "info",
    LedgerState.REHEARSED: "todo",
    LedgerState.COMMITTING: "info",
    LedgerState.COMMITTED: "done",
    LedgerState.UNDONE: "waiting",
    LedgerState.CANCELLED: "waiting",
    LedgerState.UNREADABLE: "over_statute",
}
HEAVY = ("sums", "skipped", "questions", "lost")


@allow("ledgers.import_ledger")
def ledgers(request: HttpRequest) -> HttpResponseBase:
    """All ledgers that the person may see, and handing one in: read, shown, and nothing counts yet."""
    user = user_of(request)
    seen, only = Ledger.objects.visible_to(user), request.GET.get("state", "")
    if exporting.asked(request):
        rows = exporting.each(_listed(seen, only), _row)
        return exporting.answer(request, excel.LEDGERS, rows, narrowed=_narrowed(only))
    same: Ledger | None = None
    form = LedgerForm(
        request.POST or None, request.FILES or None, user=user, initial=_usual(user) | _asked_kind(request)
    )
    if form.is_valid():
        try:
            return redirect(_handed_in(request, form, user))
        except Refusal as refusal:
            same = refusal.ledger if isinstance(refusal, AlreadyHandedIn) else None
            form = LedgerForm(request.POST, request.FILES, user=user, asks_again=same is not None)
            form.add_error("file", " ".join([refusal.message, *refusal.details]))
    states = {row["state"]: row["n"] for row in seen.order_by().values("state").annotate(n=Count("pk"))}
    leaf = Paginator(_listed(seen, only), ROWS).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "same": same,
        "kinds": receiving.kinds_for(user),
        "page": leaf,
        "rows": [_row(one) for one in leaf.object_list],
        "is_narrowed": bool(only),
        "tabs": [
            {"key": "", "word": _("All ledgers"), "n": sum(states.values()), "on": not only},
            *(
                {"key": one.value, "word": one.label, "n": states[one], "on": only == one}
                for one in LedgerState
                if one in states
            ),
        ],
    }
    return page(request, "ledgers/list.html", context)


def _asked_kind(request: HttpRequest) -> dict[str, Any]:
    """A page of another app leads here for its own kind."""
    kind = request.GET.get("kind", "")
    return {"kind": kind} if kind in KINDS else {}


def _usual(user: User) -> dict[str, Any]:
    """A person of one unit sends that unit's ledgers, somebody of another office that office's."""
    units = receiving.units_for(user).filter(pk__in=reach(user).units)[:2]
    if len(units) == 1:
        return {"sender": units[0].name}
    is_bureau = user.role in SEE_ALL
    return {"sender": user.agency.name} if user.agency and not is_bureau else {}


def _listed(seen: QuerySet[Ledger], only: str) -> QuerySet[Ledger]:
    rows = seen.filter(state=only) if only in LedgerState.values else seen
    return rows.select_related("file", "handed_in_by").defer(*HEAVY).order_by("-handed_in_at", "-pk")


def _narrowed(only: str) -> list[tuple[str, str]]:
    return [(_("State"), str(LedgerState(only).label))] if only in LedgerState.values else []


def _row(ledger: Ledger) -> dict[str, Any]:
    counts = ledger.counts.get("rows", {})
    kind = KINDS.get(ledger.kind)
    return {
        "ledger": ledger,
        "kind": kind.label if kind else ledger.kind,
        "lamp": LAMPS[LedgerState(ledger.state)],
        "counts": [(one.label, counts[one]) for one in Verdict if counts.get(one)],
        "asked": ledger.counts.get("cells", {}).get("asked", 0),
    }


def _handed_in(request: HttpRequest, form: LedgerForm, user: User) -> str:
    """Where to look on: the ledger, read already if it is small."""
    values = form.cleaned_data
    upload = values["file"]
    sent = [upload.name, upload.size, values["sender"], values["kind"], values["again"]]
    made: Ledger | None = None
    with receipts.once(user=user, key=receipts.token_of(request), sent=sent) as sending:
        if not sending.seen:
            made = receiving.receive(
                upload,
                kind=values["kind"],
                sender=values["sender"],
                by=user,
                today=clock.today(),
                again=values["again"],
            )
            sending.answer(location=reverse("ledgers:ledger", args=[made.pk]))
    if made is not None:
        tasks.read(made, by=user)
    return sending.location


@allow("ledgers.import_ledger")
def blank(request: HttpRequest, kind: str) -> HttpResponse:
    """A workbook of this kind to be filled in."""
    user = user_of(request)
    found = next((one for one in receiving.kinds_for(user) if one.code == kind), None)
    if found is None:
        raise Http404
    return download(blank_of(found, user), name=f"{found.label}.xlsx", content_type=files.XLSX)


@allow("ledgers.import_ledger")
def read_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the file once more: after a worker gave up, or when the books have changed since."""
    ledger = to_act_on(request, pk)
    if request.method == "POST":
        try:
            tasks.read(ledger, by=user_of(request))
        except Refusal as refusal:
            messages.error(request, refusal.message)
    return redirect("ledgers:ledger", pk)


@allow("ledgers.import_ledger")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same file as a ledger of its own, for what stayed out of the books or was taken back."""
    ledger, user = to_act_on(request, pk), user_of(request)
    if request.method != "POST":
        return redirect("ledgers:ledger", pk)
    made = resending.hand_in_again(ledger, by=user, today=clock.today())
    if made.job is None:
        tasks.read(made, by=user)
    return redirect("ledgers:ledger", made.pk)


@allow("ledgers.import_ledger")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a ledger aside that is being read or waits; its file stays."""
    ledger = to_act_on(request, pk)
    if request.method == "POST":
        try:
            receiving.cancel(ledger)
            messages.success(request, _("The ledger is put aside. Nothing of it was entered."))
        except Refusal as refusal:
            messages.error(request, refusal.message)
    return redirect("ledgers:ledger", pk)


@allow("ledgers.view_ledger")
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The workbook as it was handed in."""
    return files.send(reached(request, pk).file)
