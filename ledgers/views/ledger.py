"""A ledger: how far it is, what is asked, and every row with its cells beside their meaning."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext_lazy, pgettext
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import allow, user_of
from core import exporting
from core.models import JobState
from core.money import format_wan
from core.pages import page
from ledgers import excel, showing, tasks
from ledgers.choices import Decision, LedgerState, QuestionKind, State, Verdict
from ledgers.declaring import KINDS, Kind
from ledgers.filters import RowFilter
from ledgers.models import Ledger, LedgerRow
from ledgers.views import committing
from ledgers.views.handing_in import LAMPS
from ledgers.views.reaching import may_act, reached

ROWS = 50
DECISIONS = [(one.value, one.label) for one in (Decision.NEW, Decision.SAME, Decision.LEAVE)]
NARROWING = ("verdict", "state", "sheet", "q", "open", "out")  # parameters
ASKED, ASKED_FIRST = 100, 12  # questions on a page; those that stand open, the others behind a fold
SILENT = timedelta(seconds=30)  # a worker gives a sign of life every ten
MOST_SHOWN = 12  # of one reason, of rows that are gone
SAMPLES, SAMPLES_AMONG = 3, 20  # amounts beside a question for their unit, and the rows looked into


def kind_of(ledger: Ledger) -> Kind:
    if ledger.kind not in KINDS:
        raise Http404
    return KINDS[ledger.kind]


@allow("ledgers.view_ledger")
def ledger(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = reached(request, pk)
    kind, user = kind_of(found), user_of(request)
    if exporting.asked(request):
        return _exported(request, found, kind)
    context = {
        "ledger": found,
        "kind": kind,
        "lamp": LAMPS[LedgerState(found.state)],
        "steps": _steps(found),
        "may_act": may_act(user, found),
        "told_in": told_in(found),
    }
    if found.state in (LedgerState.READING, LedgerState.COMMITTING) or tasks.is_taken_back_now(found):
        return page(request, "ledgers/reading.html", {**context, **_reading(found)}, partial="progress")
    if _is_poll(request):
        return HttpResponseClientRefresh()  # what was waited for has happened
    if found.state == LedgerState.UNREADABLE:
        return page(request, "ledgers/unreadable.html", {**context, "lines": found.error.splitlines()})
    return page(request, "ledgers/ledger.html", {**context, **_shown(request, found, kind)})


def _exported(request: HttpRequest, ledger: Ledger, kind: Kind) -> HttpResponseBase:
    """The rows as they are filtered, each with what its cells were understood to say."""
    filters = RowFilter(request.GET, ledger.rows.all(), kind=kind)
    rows = filters.qs if filters.is_valid() else ledger.rows.none()
    fields = excel.fields_of(kind, rows)
    lines = exporting.each(rows.order_by("pk"), lambda row: showing.line(kind, row, fields))
    return exporting.answer(request, excel.rehearsed(fields, ledger), lines, narrowed=filters)


def told_in(ledger: Ledger) -> str:
    """The language of its sentences, as a page's `lang` names it."""
    return _named(tasks.read_in(ledger))


def _own_language() -> str:
    return _named(get_language() or "")


def _named(language: str) -> str:
    return "en" if language.startswith("en") else "zh-Hans"


def _why_not_taken_back(ledger: Ledger) -> list[str]:
    """What a worker found to hinder it; whoever asked for it is no longer there to be told."""
    job = ledger.job
    is_refused = job is not None and job.kind == tasks.TAKE_BACK and job.state == JobState.FAILED
    return job.error.splitlines() if job and is_refused and ledger.state == LedgerState.COMMITTED else []


def _is_poll(request: HttpRequest) -> bool:
    """Whether the page only asks how far the work is."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def _steps(ledger: Ledger) -> list[dict[str, Any]]:
    """Read, questions, entered (and taken back): where it stands and what each step waits for."""
    rows, asked = sum(ledger.counts.get("rows", {}).values()), len(ledger.questions)
    reading = ledger.state in (LedgerState.READING, LedgerState.UNREADABLE)
    entered = ledger.state in (LedgerState.COMMITTED, LedgerState.UNDONE)
    return [
        {
            "word": pgettext("a step", "Read"),
            "side": _("%(n)s rows") % {"n": rows} if rows else "",
            "now": reading,
            "done": not reading,
        },
        {
            "word": _("Questions"),
            "side": _questions_in_words(asked, is_read=not reading),
            "now": not reading and not entered and asked > 0,
            "done": entered or (not reading and not asked),
        },
        {
            "word": pgettext("a step", "Entered"),
            "side": _day(ledger.committed_at) if entered else "",
            "now": ledger.state == LedgerState.COMMITTING or (not reading and not entered and not asked),
            "done": entered,
        },
        *_taken_back(ledger),
    ]


def _questions_in_words(asked: int, *, is_read: bool) -> str:
    if asked:
        return _("%(n)s open") % {"n": asked}
    return _("none open") if is_read else ""


def _taken_back(ledger: Ledger) -> list[dict[str, Any]]:
    if ledger.state != LedgerState.UNDONE:
        return []
    word = pgettext("a step", "Taken back")
    return [{"word": word, "side": _day(ledger.undone_at), "now": True, "done": True}]


def _day(at: datetime | None) -> str:
    return timezone.localdate(at).isoformat() if at else ""


TITLES = {
    tasks.READ: gettext_lazy("The ledger is being read"),
    tasks.ENTER: gettext_lazy("The ledger is being entered"),
    tasks.TAKE_BACK: gettext_lazy("The ledger is being taken back"),
}


def _reading(ledger: Ledger) -> dict[str, Any]:
    job = ledger.job
    stopped = job is None or job.state in (JobState.FAILED, JobState.CANCELLED)
    return {
        "job": job,
        "is_stopped": stopped,
        "is_entering": ledger.state == LedgerState.COMMITTING,
        "is_in_line": tasks.is_in_line(ledger),
        "is_silent": not stopped and job is not None and timezone.now() - job.touched_at > SILENT,
        "title": TITLES[job.kind] if job and job.kind in TITLES else TITLES[tasks.READ],
        "poll_url": reverse("ledgers:ledger", args=[ledger.pk]),
    }


# --- The rehearsal ----------------------------------------------------------------------------------------


def _shown(request: HttpRequest, ledger: Ledger, kind: Kind) -> dict[str, Any]:
    return {
        **_rows(request, ledger, kind),
        **_filters(request, ledger),
        **_asked(request, ledger, kind),
        **_workbook(ledger, kind),
        **_decided(request, ledger),
        "here": request.get_full_path(),
        "handed_back_url": reverse("ledgers:handed_back", args=[ledger.pk]),
        "is_other_language": told_in(ledger) != _own_language(),
    }


def _rows(request: HttpRequest, ledger: Ledger, kind: Kind) -> dict[str, Any]:
    """One page of the rows that the filter lets through, each cell with its column."""
    filters = RowFilter(request.GET, ledger.rows.all(), kind=kind)
    rows = filters.qs if filters.is_valid() else ledger.rows.none()
    leaf = Paginator(rows.order_by("pk"), ROWS).get_page(request.GET.get("page"))
    fields = showing.columns(kind, leaf.object_list)
    lines = [showing.line(kind, row, fields) for row in leaf.object_list]
    columns = showing.columns_of(fields, lines)
    return {
        "page": leaf,
        "columns": columns,
        "lines": [(line, list(zip(line.cells, columns, strict=True))) for line in lines],
    }


def _filters(request: HttpRequest, ledger: Ledger) -> dict[str, Any]:
    """What the rows can be narrowed to, and what they are narrowed to now."""
    return {
        "verdicts": _verdicts(request, ledger),
        "states": _states(request, ledger),
        "sheets": _sheets(request, ledger),
        "question": request.GET.get("q", ""),
        "kept": [(name, value) for name, value in request.GET.items() if name not in ("q", "page")],
        "is_narrowed": any(request.GET.get(name) for name in NARROWING),
    }


def _asked(request: HttpRequest, ledger: Ledger, kind: Kind) -> dict[str, Any]:
    """One page of the open questions; the first of them stand open."""
    asked = Paginator(_questions(ledger, kind), ASKED).get_page(request.GET.get("asked"))
    return {
        "questions": asked.object_list,
        "asked": asked,
        "asked_first": ASKED_FIRST,
        "asked_rest": -ASKED_FIRST,
    }


def _workbook(ledger: Ledger, kind: Kind) -> dict[str, Any]:
    """What is said of the workbook as a whole: its sums, what is no row of it, what is gone."""
    return {
        "sums": [_sum(one) for one in ledger.sums],
        "sum_label": kind.field(kind.sum_of).label if kind.sum_of else "",
        "left_out": [_left_out(reason, places) for reason, places in showing.left_out(ledger)],
        "hidden": ledger.rows.filter(is_hidden=True).count(),
        "lost": [_lost(one, kind) for one in ledger.lost[:MOST_SHOWN]],
        "lost_more": max(0, len(ledger.lost) - MOST_SHOWN),
    }


def _decided(request: HttpRequest, ledger: Ledger) -> dict[str, Any]:
    """What can be decided, what entering would do or has done, and what hinders taking it back."""
    is_rehearsed = ledger.state == LedgerState.REHEARSED
    return {
        "decisions": DECISIONS,
        "to_decide": ledger.rows.filter(verdict=Verdict.LOOKALIKE, decision="").count(),
        "is_rehearsed": is_rehearsed,
        "bulk": _bulk(request, ledger) if is_rehearsed else [],
        "foreseen": committing.foresee(ledger) if is_rehearsed else None,
        "entered": committing.entered(ledger),
        "not_taken_back": _why_not_taken_back(ledger),
    }


def _bulk(request: HttpRequest, ledger: Ledger) -> list[dict[str, Any]]:
    """Where all rows of one verdict are shown: one decision for those that nobody has decided on."""
    verdict = Verdict.LOOKALIKE.value if request.GET.get("open") else request.GET.get("verdict", "")
    sentences = {
        Verdict.LOOKALIKE.value: ngettext_lazy(
            "%(n)s undecided look-alike:", "All %(n)s undecided look-alikes:", "n"
        ),
        Verdict.CHANGED.value: ngettext_lazy("%(n)s changed row:", "All %(n)s changed rows:", "n"),
        Verdict.NEW.value: ngettext_lazy("%(n)s new row:", "All %(n)s new rows:", "n"),
    }
    if verdict not in sentences:
        return []
    n = ledger.rows.filter(verdict=verdict, decision=Decision.NONE).count()
    decisions = DECISIONS[-1:] if verdict in (Verdict.NEW, Verdict.CHANGED) else DECISIONS
    sentence = sentences[verdict] % {"n": n}
    return [{"verdict": verdict, "sentence": sentence, "decisions": decisions}] if n else []


def _verdicts(request: HttpRequest, ledger: Ledger) -> list[dict[str, Any]]:
    counts, words = ledger.counts.get("rows", {}), showing.verdict_words()
    return [
        {
            "key": one.value,
            "label": one.label,
            "lamp": showing.LAMPS[one],
            "n": counts.get(one.value, 0),
            "words": words[one.value],
            "on": request.GET.get("verdict") == one.value,
        }
        for one in Verdict
    ]


def _states(request: HttpRequest, ledger: Ledger) -> list[dict[str, Any]]:
    counts, words = ledger.counts.get("cells", {}), showing.state_words()
    return [
        {
            "key": one.value,
            "label": one.label,
            "mark": showing.MARKS[one],
            "n": counts.get(one.value, 0),
            "words": words[one.value],
            "on": request.GET.get("state") == one.value,
        }
        for one in State
    ]


def _sheets(request: HttpRequest, ledger: Ledger) -> list[dict[str, Any]]:
    """The sheets in the order of the workbook with how many rows each has; one alone needs no tabs."""
    counted = ledger.rows.values("sheet").annotate(n=Count("pk"))
    found = sorted(counted, key=lambda one: _first(ledger, one["sheet"]))
    chosen = request.GET.get("sheet", "")
    tabs = [
        {"key": one["sheet"], "word": one["sheet"], "n": one["n"], "on": one["sheet"] == chosen}
        for one in found
    ]
    if len(tabs) < 2:
        return []
    return [{"key": "", "word": _("All sheets"), "n": sum(tab["n"] for tab in tabs), "on": not chosen}, *tabs]


def _first(ledger: Ledger, sheet: str) -> int:
    """The sums stand in the order of the workbook."""
    order = [one["sheet"] for one in ledger.sums]
    return order.index(sheet) if sheet in order else len(order)


def _questions(ledger: Ledger, kind: Kind) -> list[dict[str, Any]]:
    """Those of which most hangs come first."""
    asked = [_question(ledger, one, kind, place) for place, one in enumerate(ledger.questions)]
    return sorted(asked, key=lambda one: -one["cells"])


def _question(ledger: Ledger, question: dict[str, Any], kind: Kind, place: int) -> dict[str, Any]:
    """One thing that is asked, with the name of its control."""
    label = next((field.label for field in kind.fields if field.name == question["field"]), "")
    return {
        **question,
        "name": f"answer-{place}",
        "label": label,
        "place": place,
        "may_be_written": question["kind"] == QuestionKind.VALUE,
        "samples": _samples(ledger, question) if question["kind"] == QuestionKind.MONEY_UNIT else [],
    }


def _samples(ledger: Ledger, question: dict[str, Any]) -> list[str]:
    """The first amounts that are asked about: by their size a person knows 亿元 from 万元."""
    field, (sheet, _mark, cell) = question["field"], question["example"].rpartition("!")
    column = cell.rstrip("0123456789")
    asked = (
        ledger.rows.filter(sheet=sheet, worst__in=State.UNSETTLED, **{f"cells__{field}__3": column})
        .order_by("pk")
        .only("cells")[:SAMPLES_AMONG]
    )
    readings = (row.reading(field) for row in asked)
    found = (one.raw for one in readings if one and one.state == State.ASKED)
    return list(islice(found, SAMPLES))


def _sum(one: dict[str, Any]) -> dict[str, Any]:
    """A sheet's sum in words: what was read, what its own line says, by how much they differ."""
    read, stated = _amount(one["read"]), _amount(one["stated"])
    differs = read - stated if read is not None and stated is not None else None
    return {
        **one,
        "table": showing.table_of(one),
        "read_shown": format_wan(read),
        "stated_shown": format_wan(stated),
        "difference": format_wan(differs) if differs is not None else "",
    }


def _amount(text: Any) -> Decimal | None:
    return None if text in (None, "") else Decimal(str(text))


def _left_out(reason: str, places: list[str]) -> dict[str, Any]:
    return {"reason": reason, "places": places[:MOST_SHOWN], "more": max(0, len(places) - MOST_SHOWN)}


def _lost(one: dict[str, Any], kind: Kind) -> dict[str, Any]:
    return {**one, "url": kind.page_of(one["target"]) if kind.page_of and one.get("target") else ""}


# --- A row --------------------------------------------------------------------------------------------------


@allow("ledgers.view_ledger")
def row(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """A row with every cell: where it stands, what it says, why, and what stands in the books."""
    found = reached(request, pk)
    kind = kind_of(found)
    one: LedgerRow = get_object_or_404(found.rows, pk=row)
    line = showing.line(kind, one, showing.columns(kind, [one]))
    around = found.rows.order_by("pk")
    context = {
        "ledger": found,
        "told_in": told_in(found),
        "line": line,
        "next": around.filter(pk__gt=one.pk).first(),
        "before": around.filter(pk__lt=one.pk).last(),
        "decisions": DECISIONS if line.can_be_decided else [],
        "may_act": may_act(user_of(request), found) and found.state == LedgerState.REHEARSED,
    }
    return page(request, "ledgers/row.html", context)
