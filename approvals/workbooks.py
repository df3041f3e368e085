"""Item events from a workbook: read, shown row by row with what becomes of each, then entered at once.

A row names a project (by our code, its national code or its name), an item of its list, what happened
in the words of the region's permit system, and the day. Only items that the person may open are found.
"""

import datetime
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from approvals import weighing
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.models import EventBook, Item
from approvals.weighing import Verdict, Weighed
from core import files, ledgers, xlsx
from core.ledgers import CannotInterpret, Column
from core.refusal import Refusal
from core.sheets import Sheet, Value, read_workbook
from core.text import clean_name
from projects.models import Project

MOST_ROWS = 5_000
READ_AT_ONCE = 100 * 1024  # bytes: some 2,000 rows
AT_ONCE = 400  # names asked for in one query
K = ItemEventKind


class CannotTake(Refusal):
    """The workbook, or what was shown of it, cannot be entered."""

    http_status = 422


# --- The words --------------------------------------------------------------------------------

# The words of the region's permit system; what its exports and people write for the same.
WORDS: dict[str, ItemEventKind] = {
    "已接件": K.SUBMITTED,
    "窗口受理": K.ACCEPTED,
    "部门受理": K.TAKEN_ON,
    "不受理": K.NOT_ACCEPTED,
    "不予受理": K.DECLINED,
    "补正开始": K.CORRECTION_STARTED,
    "补正结束": K.CORRECTION_ENDED,
    "特别程序开始": K.SPECIAL_STARTED,
    "特别程序结束": K.SPECIAL_ENDED,
    "公示开始": K.NOTICE_STARTED,
    "公示结束": K.NOTICE_ENDED,
    "办结通过": K.APPROVED,
    "容缺通过": K.APPROVED_PENDING,
    "办结不通过": K.REFUSED,
    "撤件待确认": K.WITHDRAWAL_ASKED,
    "已撤件": K.WITHDRAWN,
    "撤回": K.RECALLED,
    "撤销": K.REVOKED,
    "无需办理": K.NOT_NEEDED,
    "催办": K.URGED,
    "备注": K.NOTE,
}
ALSO: dict[str, ItemEventKind] = {
    "接件": K.SUBMITTED,
    "收件": K.SUBMITTED,
    "申报": K.SUBMITTED,
    "受理": K.ACCEPTED,
    "已受理": K.ACCEPTED,
    "办结(通过)": K.APPROVED,
    "办结(容缺通过)": K.APPROVED_PENDING,
    "办结(不通过)": K.REFUSED,
    "不通过": K.REFUSED,
    "撤件": K.WITHDRAWN,
}
# What the program works out by itself.
DERIVED = ("办件逾期", "审批超时", "预警", "要办未办")


def what_happened(cell: Any) -> ItemEventKind:
    word = _plain(cell)
    if not word:
        raise CannotInterpret(_("The cell is empty."))
    if word in DERIVED:
        raise CannotInterpret(
            _("“%(word)s” is worked out by the program itself and is not entered.") % {"word": word}
        )
    found = WORDS.get(word) or ALSO.get(word) or _english().get(word.lower())
    if found is None:
        raise CannotInterpret(
            _("“%(cell)s” is none of %(words)s.") % {"cell": word, "words": "、".join(WORDS)}
        )
    return found


def _english() -> dict[str, ItemEventKind]:
    with translation.override("en"):
        return {str(kind.label).lower(): kind for kind in WORDS.values()}


def _plain(cell: Any) -> str:
    """Full-width brackets and letters, and spaces, make no other word."""
    return unicodedata.normalize("NFKC", ledgers.text(cell))


def length(cell: Any) -> int | None:
    """Working days, with or without their unit."""
    text = _plain(cell).removesuffix("工作日").removesuffix("个").removesuffix("天").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 5:
        return int(text)
    raise CannotInterpret(_("“%(cell)s” is no number of working days.") % {"cell": cell})


def _up_to(longest: int) -> Callable[[Any], str]:
    return lambda cell: "" if cell is None else clean_name(str(cell), max_length=longest)


COLUMNS = (
    Column("code", ("项目编号", "Project code"), ledgers.text, required=False),
    Column("national_code", ("项目代码", "National project code"), ledgers.text, required=False),
    Column("name", ("项目名称", "Project"), ledgers.text, required=False),
    Column("item", ("审批事项", "事项名称", "事项", "Item"), ledgers.needed_text),
    Column("kind", ("办理情况", "办理状态", "状态", "What happened"), what_happened),
    Column("on", ("日期", "办理日期", "办理时间", "On which day"), ledgers.needed_day),
    Column("declared_days", ("告知时长(工作日)", "告知时长", "Announced length"), length, required=False),
    Column("certificate_no", ("证照编号", "批文号", "Certificate"), _up_to(80), required=False),
    Column("note", ("说明", "原因", "备注", "Note"), _up_to(300), required=False),
)
KIND = ledgers.Kind("item_events", COLUMNS, lambda _row, _source: ledgers.Played(ledgers.Outcome.UNCHANGED))


# --- Reading ----------------------------------------------------------------------------------

Cells = dict[str, Any]  # what a row's cells hold, by field: texts, numbers as texts, days as ISO


@dataclass(frozen=True)
class Line:
    """A row of a workbook as it was written."""

    sheet: str
    number: int
    cells: Cells


def take(upload: UploadedFile, *, by: User) -> EventBook:
    """Keep a workbook that was handed in. Raises Refusal for what is no workbook."""
    stored = files.store(upload, by=by)
    if stored.content_type != files.XLSX:
        raise CannotTake(_("This is no workbook. Hand in an .xlsx."))
    return EventBook.objects.create(file=stored, handed_in_by=by)


def is_long(book: EventBook) -> bool:
    """Whether reading it takes longer than somebody waits for a page."""
    return book.file.size > READ_AT_ONCE


def read(
    book: EventBook, *, today: datetime.date, report: Callable[[int, int], None] | None = None
) -> EventBook:
    """Read the file and say of each row what would become of it."""
    with book.file.file.open("rb") as content:
        sheets = read_workbook(content)
    lines, skipped = lines_of(sheets)
    if not lines:
        raise CannotTake(
            _("No sheet has the columns %(columns)s with rows under them. Take the template.")
            % {"columns": "、".join(column.heads[0] for column in COLUMNS if column.required)}
        )
    if len(lines) > MOST_ROWS:
        raise CannotTake(
            _("The workbook has %(rows)s rows, at most %(most)s can be entered at once. Split it.")
            % {"rows": len(lines), "most": MOST_ROWS}
        )
    if report:
        report(0, len(lines))
    book.rows = judged(lines, book, today=today)
    book.skipped, book.read_at = skipped, timezone.now()
    book.save(update_fields=["rows", "skipped", "read_at"])
    return book


def lines_of(sheets: Iterable[Sheet]) -> tuple[list[Line], list[str]]:
    """The rows under a known head, and the sheets without one. A row in which nothing has happened,
    as it comes with the template, is none."""
    lines: list[Line] = []
    skipped = []
    for sheet in sheets:
        head = None
        for row in sheet.rows:
            if head is None:
                head = KIND.head_of([_head(cell) for cell in row.values])
                continue
            cells = {
                field: _kept(row.values[place]) for field, place in head.items() if place < len(row.values)
            }
            if any(cells.get(field) for field in ("kind", "on", "note", "certificate_no", "declared_days")):
                lines.append(Line(sheet.title, row.number, cells))
        if head is None:
            skipped.append(sheet.title)
    return lines, skipped


def _head(cell: Any) -> Any:
    """Brackets in a head may be full or half width; a star says that it must be filled in."""
    return unicodedata.normalize("NFKC", cell).strip("* ") if isinstance(cell, str) else cell


def _kept(value: Value) -> Any:
    if isinstance(value, datetime.datetime | datetime.date):
        return ledgers.day(value).isoformat()  # type: ignore[union-attr]
    return str(value) if isinstance(value, Decimal) else value


# --- What a row means ---------------------------------------------------------------------------


def judged(lines: Sequence[Line], book: EventBook, *, today: datetime.date) -> list[dict[str, Any]]:
    """Of each row: its verdict, the reason if it is refused, and the item it was found to be about."""
    told = [
        {"sheet": one.sheet, "row": one.number, "cells": one.cells, "verdict": Verdict.REFUSED.value}
        for one in lines
    ]
    placed: list[dict[str, Any]] = []
    entries: list[Entry] = []
    for row, entry in zip(told, understood(lines, book), strict=True):
        if isinstance(entry, Refusal):
            row["reason"] = " ".join([str(entry), *entry.details])
        else:
            row |= {"item": entry.item.pk, "kind": entry.kind, "on": entry.on.isoformat()}
            placed.append(row)
            entries.append(entry)
    for row, one in zip(placed, weighing.weigh(entries, today=today), strict=True):
        row |= _verdict(one)
    return told


def _verdict(one: Weighed) -> dict[str, str]:
    return {"verdict": one.verdict.value, "reason": one.reason}


def understood(lines: Sequence[Line], book: EventBook) -> list[Entry | Refusal]:
    """Each row as an entry, or why it is none."""
    meant: list[Mapping[str, Any] | Refusal] = [_interpreted(line.cells) for line in lines]
    found = Items([values for values in meant if not isinstance(values, Refusal)], book.handed_in_by)
    told: list[Entry | Refusal] = []
    for line, values in zip(lines, meant, strict=True):
        if isinstance(values, Refusal):
            told.append(values)
            continue
        try:
            told.append(
                Entry(
                    found.item(values),
                    values["kind"].value,
                    values["on"],
                    values["declared_days"],
                    values["note"],
                    values["certificate_no"],
                    source=f"{book.file.name}, {line.sheet}!{line.number}"[-200:],
                )
            )
        except CannotInterpret as refusal:
            told.append(refusal)
    return told


def _interpreted(cells: Cells) -> Mapping[str, Any] | Refusal:
    head = {column.field: place for place, column in enumerate(COLUMNS)}
    try:
        return ledgers.interpret(KIND, head, [cells.get(column.field) for column in COLUMNS])
    except CannotInterpret as refusal:
        return refusal


class Projects:
    """The projects that many rows name, looked up together: a handful of queries for any number."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], user: User) -> None:
        self.projects: dict[str, set[int]] = defaultdict(set)
        names = sorted({row[field] for row in rows for field in ("code", "national_code", "name")} - {""})
        for start in range(0, len(names), AT_ONCE):
            self._find_projects(names[start : start + AT_ONCE], user)

    def _find_projects(self, names: list[str], user: User) -> None:
        seen = Project.objects.visible_to(user)
        by_code = seen.filter(Q(code__in=names) | Q(national_code__in=names))
        for pk, code, national in by_code.values_list("pk", "code", "national_code"):
            self.projects[code].add(pk)
            if national:
                self.projects[national].add(pk)
        # a name that one may not know leads to nothing
        known = Project.objects.known_to(user).filter(name__in=names)
        for pk, name in known.values_list("pk", "name"):
            self.projects[name].add(pk)

    def project(self, row: Mapping[str, Any]) -> tuple[int, str]:
        """The one project that a row names, and what it calls it."""
        named = next((row[field] for field in ("code", "national_code", "name") if row[field]), "")
        if not named:
            raise CannotInterpret(_("Name the project by its code, its national code or its name."))
        found = self.projects.get(named, set())
        if not found:
            raise CannotInterpret(
                _("There is no project “%(name)s” among those you may open.") % {"name": named}
            )
        if len(found) > 1:
            raise CannotInterpret(
                _("There are several projects called “%(name)s”. Give the project code.") % {"name": named}
            )
        [project] = found
        return project, named


class Items(Projects):
    """The items of such projects that the person may open."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], user: User) -> None:
        super().__init__(rows, user)
        self.items: dict[tuple[int, str], Item] = {}
        pks = sorted({pk for found in self.projects.values() for pk in found})
        for start in range(0, len(pks), AT_ONCE):
            self._find_items(pks[start : start + AT_ONCE], user)

    def _find_items(self, pks: list[int], user: User) -> None:
        items = Item.objects.visible_to(user).filter(project__in=pks)
        for item in items.select_related("template", "limit").order_by("pk"):
            for name in (item.template.code, item.template.name, item.template.name_en):
                self.items[item.project_id, name.casefold()] = item

    def item(self, row: Mapping[str, Any]) -> Item:
        project, named = self.project(row)
        item = self.items.get((project, row["item"].casefold()))
        if item is None:
            raise CannotInterpret(
                _("“%(item)s” does not stand on the list of project “%(name)s”, or is not your office's.")
                % {"item": row["item"], "name": named}
            )
        return item


def look_again(book: EventBook, *, today: datetime.date) -> EventBook:
    """Judge the rows anew, by the items as they stand now. What has been entered stays as it was."""
    if book.entered_at is None:
        lines = [Line(row["sheet"], row["row"], row["cells"]) for row in book.rows]
        book.rows = judged(lines, book, today=today)
        book.save(update_fields=["rows"])
    return book


# --- Entering ---------------------------------------------------------------------------------


def counts(book: EventBook) -> Counter[str]:
    """How many rows have which verdict."""
    return Counter(row["verdict"] for row in book.rows)


@transaction.atomic
def enter(book: EventBook, *, today: datetime.date) -> EventBook:
    """Write every row that can be entered, all of them or none. Sent again, nothing happens again.

    Raises CannotTake when the items have changed since the rows were shown: the person agreed to
    something else.
    """
    book = (
        EventBook.objects.select_for_update(of=("self",))
        .select_related("file", "handed_in_by")
        .get(pk=book.pk)
    )
    if book.entered_at is not None:
        return book
    lines = [Line(row["sheet"], row["row"], row["cells"]) for row in book.rows]
    meant = understood(lines, book)
    entries = [entry for entry in meant if isinstance(entry, Entry)]
    weighed, events = weighing.enter(entries, by=book.handed_in_by, today=today)
    now = iter(weighed)
    verdicts = [next(now).verdict.value if isinstance(one, Entry) else Verdict.REFUSED.value for one in meant]
    if verdicts != [row["verdict"] for row in book.rows]:
        raise CannotTake(_("The items have changed since the rows were shown. Look at them again."))
    if not events:
        raise CannotTake(_("There is no row left that could be entered."))
    book.entered_at, book.entered = timezone.now(), len(events)
    book.save(update_fields=["entered_at", "entered"])
    return book


# --- The template -----------------------------------------------------------------------------

HEADS = (
    xlsx.Head("项目编号", 16),
    xlsx.Head("项目代码", 26),
    xlsx.Head("项目名称", 34),
    xlsx.Head("审批事项", 30),
    xlsx.Head("办理情况", 16, choices=tuple(WORDS)),
    xlsx.Head("日期", 13, is_day=True),
    xlsx.Head("告知时长(工作日)", 17),
    xlsx.Head("证照编号", 24),
    xlsx.Head("说明", 40),
)
EXPLAINED = (
    gettext_lazy("Fill in one row for each thing that happened. The order of the rows does not matter."),
    gettext_lazy("The project: by its code, its national code or its name; one of them is enough."),
    gettext_lazy("The item: its name or code as on the project's approval list."),
    gettext_lazy("What happened: choose from the list; they are the words of the region's permit system."),
    gettext_lazy("The day on which it happened, for example 2026-03-02; not in the future."),
    gettext_lazy(
        "A correction, special procedure or public notice that begins needs the length announced and "
        "the reason."
    ),
    gettext_lazy("Rows without anything that happened are passed over."),
)
PREFILLED = 500


def template(user: User) -> bytes:
    """An empty workbook with the items that the person handles, to be filled in."""
    items = (
        Item.objects.visible_to(user)
        .filter(state__in=(ItemState.WAITING, *ItemState.UNDER_WAY))
        .select_related("project", "template")
        .order_by("project__code", "template__phase", "template__order", "pk")[:PREFILLED]
    )
    known = set(
        Project.objects.known_to(user)
        .filter(pk__in={item.project_id for item in items})
        .values_list("pk", flat=True)
    )
    rows = [
        (
            item.project.code,
            item.project.national_code or "",
            item.project.name if item.project_id in known else "",
            item.template.name,
        )
        for item in items
    ]
    return xlsx.workbook(
        [xlsx.Sheet("办理情况", HEADS, rows), xlsx.Sheet("填写说明", lines=[str(line) for line in EXPLAINED])]
    )
