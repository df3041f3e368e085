"""A list given away: directly while it is short, by a worker when it is long, never without a trace."""

import datetime
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import transaction
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import files, jobs, tasks
from core.exporting import commas, large, workbook
from core.exporting.sheets import Rows, Sheet
from core.models import Export, Job
from core.money import NO_VALUE
from core.templatetags.ui import chosen

DIRECTLY = 5_000  # rows; more are written by a worker
NOTED_FROM = 1_000  # rows; more are noted in the trail
PARAMETER = "export"
FORMS = {"xlsx": files.XLSX, "csv": "text/csv; charset=utf-8"}
TOLD_EVERY = 0.5  # seconds between two words of a worker about how far it is

# What a list was narrowed to: a FilterSet or form, or ready (label, words) pairs.
Narrowed = Any
Also = Sequence[tuple[Sheet, Rows | Sequence[Any]]]


def asked(request: HttpRequest) -> bool:
    """Whether this request wants the list as a file rather than as a page."""
    return request.method == "GET" and request.GET.get(PARAMETER) in FORMS


@dataclass(frozen=True)
class _Order:
    """Which list, in which form, for whom, narrowed how."""

    title: str
    form: str
    by: Any
    path: str
    narrowed: Sequence[tuple[str, str]]
    at: datetime.datetime = field(default_factory=timezone.now)

    @property
    def in_words(self) -> str:
        filters = [_labelled(label, words) for label, words in self.narrowed]
        return pgettext("between filters", "; ").join(filters)

    @property
    def file_name(self) -> str:
        """As every system takes it: none of them lets a name hold these characters."""
        title = re.sub(r'\s*[\\/:*?"<>|]+\s*', " ", self.title).strip()
        return f"{title} {timezone.localtime(self.at):%Y-%m-%d}.{self.form}"


def _labelled(label: str, words: str) -> str:
    return pgettext("label and what it says", "%(label)s: %(words)s") % {"label": label, "words": words}


def answer(
    request: HttpRequest,
    sheet: Sheet,
    rows: Rows | Sequence[Any],
    *,
    narrowed: Narrowed = (),
    also: Also = (),
) -> HttpResponseBase:
    """The list as a file; or, when it is long, the page of the job that writes it.

    `also` are small tables beside the list, with sheets of their own in a workbook.
    """
    rows, beside = _rows(rows), [(table, _rows(lines)) for table, lines in also]
    job = large.job_of(request)
    if job is None and rows.count + sum(lines.count for _table, lines in beside) > DIRECTLY:
        return _sent(request, sheet)
    words = _in_words(request, narrowed)
    order = _Order(str(sheet.title), request.GET[PARAMETER], request.user, request.path, words)
    content: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    if job is None:
        _write(content, order, sheet, rows.lines, beside)
        content.seek(0)
        return _download(content, order)
    with content:
        written = _write(content, order, sheet, _telling(job, rows), beside)
        jobs.progress(job, written, max(written, rows.count))
        large.keep(job, content, name=order.file_name, content_type=FORMS[order.form])
    return HttpResponse()


def _rows(given: Rows | Sequence[Any]) -> Rows:
    return given if isinstance(given, Rows) else Rows(len(given), given)


def _sent(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    with transaction.atomic():
        job = large.asked_for(request, str(sheet.title), now=timezone.now())
        tasks.send(job)
    return redirect("core:job", pk=job.pk)


def _download(content: IO[bytes], order: _Order) -> FileResponse:
    response = FileResponse(
        content, as_attachment=True, filename=order.file_name, content_type=FORMS[order.form]
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _write(
    content: IO[bytes],
    order: _Order,
    sheet: Sheet,
    lines: Iterable[Any],
    beside: Iterable[tuple[Sheet, Rows]],
) -> int:
    """Write the file and its trace; the number of rows."""
    if order.form == "csv":
        written = commas.write(content, sheet, lines)
    else:
        written = workbook.write(
            content,
            sheet,
            lines,
            explained=lambda rows, cut: _explained(order, sheet, rows, cut),
            also=((table, rows.lines) for table, rows in beside),
        )
    _trace(order, written)
    return written


def _trace(order: _Order, rows: int) -> None:
    note = _("More than %(count)d rows were taken away.") % {"count": NOTED_FROM}
    Export.objects.create(
        by=order.by,
        title=order.title[:200],
        path=order.path[:300],
        narrowed=order.in_words,
        form=order.form,
        rows=rows,
        note=note if rows > NOTED_FROM else "",
    )


def _telling(job: Job, rows: Rows) -> Iterator[Any]:
    """The rows, while the page of the job learns how far it is."""
    told = 0.0
    for number, line in enumerate(rows.lines):
        if number % 500 == 0 and (now := time.monotonic()) - told > TOLD_EVERY:
            jobs.progress_aside(job, number, rows.count)
            told = now
        yield line


# --- In words -------------------------------------------------------------------------------------------


def _in_words(request: HttpRequest, narrowed: Narrowed) -> list[tuple[str, str]]:
    form: Any = getattr(narrowed, "form", narrowed)
    if isinstance(form, Form):
        form = chosen(form, narrowed.data or request.GET)  # a view may have added what is usual
    pairs: Iterable[tuple[Any, Any]] = form
    return [(str(label), str(words)) for label, words in pairs if words]


def _explained(order: _Order, sheet: Sheet, rows: int, cut: int) -> Iterator[tuple[str, str]]:
    """Who, when, which list, which filter, how many rows, by which rules."""
    person = str(order.by)
    if agency := getattr(order.by, "agency", None):
        person = _("%(person)s (%(agency)s)") % {"person": person, "agency": agency}
    yield _("List"), order.title
    yield _("Taken out by"), person
    yield _("Taken out at"), date_format(timezone.localtime(order.at), "Y-m-d H:i")
    yield _("Filter"), order.in_words or _("none: all that this person may see")
    yield _("Rows"), str(rows)
    for label, words in sheet.notes:
        yield str(label), str(words) or NO_VALUE
    if cut:
        yield (
            _("Cut"),
            _("%(count)d texts were longer than a cell of Excel holds and end with “…”.") % {"count": cut},
        )
