"""Events from a workbook: the template, handing one in, its rows with what becomes of each."""

import datetime
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import tasks, workbooks
from approvals.choices import ItemEventKind
from approvals.forms import BookForm
from approvals.models import EventBook, Item
from approvals.weighing import Verdict
from core import clock, files, receipts
from core.pages import download, page
from core.refusal import Refusal
from projects.showing import name_of

ROWS = 100
BOOKS = 10
LAMPS = {Verdict.ENTER: "on_time", Verdict.KNOWN: "waiting", Verdict.REFUSED: "over_statute"}


@allow("approvals.log_item_event")
def hand_in(request: HttpRequest) -> HttpResponse:
    """Hand in a workbook of events. It is read, shown, and nothing counts before it is entered."""
    user, today = user_of(request), clock.today()
    form = BookForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=_sent(request)) as sending:
                if not sending.seen:
                    sending.answer(location=_taken(form.cleaned_data["file"], user, today))
            return redirect(sending.location)
        except Refusal as refusal:
            form.add_error("file", " ".join([refusal.message, *refusal.details]))
    books = EventBook.objects.visible_to(user).filter(read_at__isnull=False).select_related("file")
    context = {
        "form": form,
        "books": books.defer("rows", "skipped").order_by("-handed_in_at", "-pk")[:BOOKS],
        "columns": [(column.heads[0], column.required) for column in workbooks.COLUMNS],
        "words": list(workbooks.WORDS),
    }
    return page(request, "approvals/hand_in_events.html", context)


def _sent(request: HttpRequest) -> dict[str, Any]:
    uploads: dict[str, Any] = request.FILES.dict()
    return {name: [file.name, file.size] for name, file in uploads.items()}


def _taken(upload: UploadedFile, user: User, today: datetime.date) -> str:
    """Where to look on: the rows, or the work that reads them."""
    book = workbooks.take(upload, by=user)
    if workbooks.is_long(book):
        job = tasks.read_book(book, today=today, language=get_language() or "zh-hans")
        return reverse("core:job", args=[job.pk])
    workbooks.read(book, today=today)
    return reverse("approvals:book", args=[book.pk])


@allow("approvals.log_item_event")
def template(request: HttpRequest) -> HttpResponse:
    """The workbook to fill in, with the items that the person handles."""
    content = workbooks.template(user_of(request))
    return download(content, name="审批事项办理情况.xlsx", content_type=files.XLSX)


@allow("approvals.log_item_event")
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """Every row: will be entered, stands there already, or refused with the reason."""
    user, today = user_of(request), clock.today()
    found = get_object_or_404(
        EventBook.objects.visible_to(user).filter(read_at__isnull=False).select_related("file"), pk=pk
    )
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            if "enter" in request.POST:
                _enter(request, found, today)
            else:
                workbooks.look_again(found, today=today)
            return redirect("approvals:book", pk)
        except Refusal as caught:
            refusal = caught
            found = workbooks.look_again(EventBook.objects.get(pk=pk), today=today)
    return page(request, "approvals/book.html", {"refusal": refusal, **_shown(request, found, user)})


def _enter(request: HttpRequest, book: EventBook, today: datetime.date) -> None:
    entered = workbooks.enter(book, today=today).entered
    sentence = ngettext(
        "%(n)s event entered. State and due days have been worked out anew.",
        "%(n)s events entered. State and due days have been worked out anew.",
        entered,
    )
    messages.success(request, sentence % {"n": entered})


def _shown(request: HttpRequest, book: EventBook, user: User) -> dict[str, Any]:
    counts = workbooks.counts(book)
    asked = request.GET.get("verdict", "")
    only = asked if asked in Verdict.values else ""
    rows = [row for row in book.rows if not only or row["verdict"] == only]
    leaves = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    items = _items(leaves.object_list, user)
    return {
        "book": book,
        "page": leaves,
        "rows": [_row(row, items, user, is_entered=book.entered_at is not None) for row in leaves],
        "tabs": [
            {"key": "", "word": _("All rows"), "n": len(book.rows), "on": not only},
            *(
                {
                    "key": one.value,
                    "word": _word(one, is_entered=book.entered_at is not None),
                    "n": counts[one],
                    "on": only == one,
                }
                for one in Verdict
            ),
        ],
        "may_enter": book.entered_at is None and counts[Verdict.ENTER] > 0,
        "to_enter": counts[Verdict.ENTER],
    }


def _items(rows: Any, user: User) -> dict[int, Item]:
    pks = {row["item"] for row in rows if row.get("item")}
    return {item.pk: item for item in Item.objects.visible_to(user).filter(pk__in=pks).for_list()}


def _word(verdict: Verdict, *, is_entered: bool) -> str:
    return pgettext("a row", "Entered") if is_entered and verdict == Verdict.ENTER else str(verdict.label)


def _row(row: dict[str, Any], items: dict[int, Item], user: User, *, is_entered: bool) -> dict[str, Any]:
    """A row as a line of a list: as it was understood, else as it was written."""
    cells, verdict = row["cells"], Verdict(row["verdict"])
    item = items.get(row.get("item") or 0)
    written = cells.get("name") or cells.get("code") or cells.get("national_code") or ""
    return {
        "place": f"{row['sheet']} · {row['row']}",
        "item": str(item.template) if item else cells.get("item") or "—",
        "url": reverse("approvals:item", args=[item.pk]) if item else "",
        "project": name_of(item.project, user) if item else written,
        "what": ItemEventKind(row["kind"]).label if row.get("kind") else cells.get("kind") or "—",
        "on": row.get("on") or cells.get("on") or "—",
        "length": cells.get("declared_days"),
        "note": cells.get("note") or "",
        "certificate": cells.get("certificate_no") or "",
        "lamp": "done" if is_entered and verdict == Verdict.ENTER else LAMPS[verdict],
        "word": _word(verdict, is_entered=is_entered),
        "reason": row.get("reason", ""),
    }
