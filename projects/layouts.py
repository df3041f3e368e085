"""Layouts for others' forms: which fields of a project stand in which columns, under which heads.

A layout is a TOML text that an administrator enters; nothing of it is code:

    title = "重大项目进展情况表"
    above = ["填报单位：柳州市投资促进局"]    # lines under the title

    [[columns]]
    head = ["投资额", "总投资"]             # upper heads first; equal neighbours become one cell
    field = "contracted"                  # one of FIELDS, or: value = "柳州市"
    unit = "亿元"                          # 万元 or 亿元, for amounts
    places = 2                            # decimal places, for numbers
    format = "month"                      # day, month or year, for days
    width = 14
"""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.exporting import Column, Kind, Rows, Sheet, in_chunks
from core.refusal import Refusal
from core.remembering import memory
from projects.choices import Confidentiality, Stage, Status
from projects.excel import HOW_COUNTED
from projects.filters import choices_now
from projects.models import FormLayout, ProgressReport
from projects.models.project import ProjectQuerySet
from projects.showing import masked_name, masked_phone, withheld

EXAMPLES = Path(__file__).with_name("form_layouts")
MOST_COLUMNS = 100
MOST_LEVELS = 4
UNITS = {"万元": Kind.WAN, "亿元": Kind.YI}
FORMATS = {"day": "yyyy\\-mm\\-dd", "month": 'yyyy"年"m"月"', "year": "yyyy"}
KEYS = {"title", "above", "columns"}
COLUMN_KEYS = {"head", "field", "value", "unit", "places", "format", "width"}


# What a new layout begins with: something of each kind, to be written over.
BEGUN = """title = "重大项目进展情况表"
above = ["填报单位：柳州市投资促进局"]

[[columns]]
head = "序号"
field = "number"
width = 6

[[columns]]
head = "项目名称"
field = "name"
width = 34

[[columns]]
head = ["投资额", "总投资"]
field = "contracted"
unit = "亿元"
places = 2

[[columns]]
head = ["投资额", "固定资产投资"]
field = "fixed_assets"
unit = "亿元"
places = 2

[[columns]]
head = "签约时间"
field = "signed_on"
format = "month"

[[columns]]
head = "所属市"
value = "柳州市"
"""


class BadLayout(Refusal):
    """The layout cannot be used; the details say what is wrong where."""

    http_status = 422


# --- What a layout may tell ---------------------------------------------------------------------------


class Facts(NamedTuple):
    """What is read of a project: a hundred thousand models with their relations take four times as long."""

    pk: int
    code: str
    name: str
    code_name: str
    confidentiality: str
    enterprise__name: str
    enterprise__uscc: str | None
    enterprise__origin: str
    enterprise__contact_name: str
    enterprise__contact_phone: str
    national_code: str | None
    content: str
    officer: str
    permit_no: str
    task_force: int
    reporting_unit: int
    location: int
    is_industrial: bool
    stage: str
    stage_since: date
    status: str
    signed_on: date | None
    contracted: Decimal
    fixed_assets: Decimal | None
    annual_output: Decimal | None
    jobs: int | None
    land_mu: Decimal | None
    planned_start: date | None
    planned_production: date | None
    accepted_on: date | None


class Report(NamedTuple):
    """How far a project is by its last report."""

    project: int
    month: date
    invested: Decimal
    funds_in_place: Decimal
    physical: str
    blocked_by: str


@dataclass(frozen=True)
class Names:
    """The words for what a project only points to, in the reader's language."""

    forces: dict[int, str]
    units: dict[int, str]
    stages: dict[str, str]
    statuses: dict[str, str]
    yes: str
    no: str


def _names() -> Names:
    known = choices_now()
    return Names(
        {pk: str(force) for pk, force in known.task_forces.items()},
        {pk: str(unit) for pk, unit in known.units.items()},
        {stage.value: str(stage.label) for stage in Stage},
        {status.value: str(status.label) for status in Status},
        _("Yes"),
        _("No"),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A project as one person may know it, with the last it reported."""

    number: int
    facts: Facts
    is_veiled: bool
    report: Report | None
    names: Names


@dataclass(frozen=True)
class Field:
    """A fact of a project; `is_open` ones are told of a confidential project too."""

    label: str | Promise
    of: Callable[[Told], Any]
    kind: Kind = Kind.TEXT
    is_open: bool = False

    def told(self, told: Told) -> Any:
        return None if told.is_veiled and not self.is_open else self.of(told)


def _of_report(name: str) -> Callable[[Told], Any]:
    return lambda told: getattr(told.report, name) if told.report else None


def _field(label: str | Promise, name: str, kind: Kind = Kind.TEXT, *, is_open: bool = True) -> Field:
    return Field(label, attrgetter(f"facts.{name}"), kind, is_open)


def _name(told: Told) -> str:
    return (told.facts.code_name or told.facts.code) if told.is_veiled else told.facts.name


def _enterprise(told: Told) -> str:
    return _("Confidential") if told.is_veiled else told.facts.enterprise__name


FIELDS: dict[str, Field] = {
    "number": Field(gettext_lazy("Running number"), attrgetter("number"), Kind.NUMBER, True),
    "code": _field(gettext_lazy("Project code"), "code"),
    "name": Field(gettext_lazy("Project"), _name, is_open=True),
    "enterprise": Field(gettext_lazy("Enterprise"), _enterprise, is_open=True),
    "uscc": _field(gettext_lazy("Credit code"), "enterprise__uscc", is_open=False),
    "origin": _field(gettext_lazy("Comes from"), "enterprise__origin", is_open=False),
    "contact": Field(
        gettext_lazy("Contact (masked)"), lambda told: masked_name(told.facts.enterprise__contact_name)
    ),
    "phone": Field(
        gettext_lazy("Telephone (masked)"), lambda told: masked_phone(told.facts.enterprise__contact_phone)
    ),
    "national_code": _field(gettext_lazy("National project code"), "national_code", is_open=False),
    "content": _field(gettext_lazy("What is built"), "content", is_open=False),
    "officer": _field(gettext_lazy("Officer in charge"), "officer", is_open=False),
    "permit_no": _field(gettext_lazy("Construction permit"), "permit_no", is_open=False),
    "task_force": Field(
        gettext_lazy("Task force"), lambda told: told.names.forces[told.facts.task_force], is_open=True
    ),
    "unit": Field(
        gettext_lazy("Reporting unit"), lambda told: told.names.units[told.facts.reporting_unit], is_open=True
    ),
    "location": Field(
        gettext_lazy("Location"), lambda told: told.names.units[told.facts.location], is_open=True
    ),
    "industrial": Field(
        gettext_lazy("Industrial"),
        lambda told: told.names.yes if told.facts.is_industrial else told.names.no,
        is_open=True,
    ),
    "stage": Field(gettext_lazy("Batch"), lambda told: told.names.stages[told.facts.stage], is_open=True),
    "stage_since": _field(gettext_lazy("In this batch since"), "stage_since", Kind.DAY),
    "status": Field(
        gettext_lazy("Status"), lambda told: told.names.statuses[told.facts.status], is_open=True
    ),
    "signed_on": _field(gettext_lazy("Signed on"), "signed_on", Kind.DAY),
    "contracted": _field(gettext_lazy("Contracted investment"), "contracted", Kind.WAN),
    "fixed_assets": _field(gettext_lazy("Fixed-asset part"), "fixed_assets", Kind.WAN),
    "annual_output": _field(gettext_lazy("Expected annual output"), "annual_output", Kind.WAN),
    "jobs": _field(gettext_lazy("Jobs"), "jobs", Kind.NUMBER),
    "land_mu": _field(gettext_lazy("Land (mu)"), "land_mu", Kind.NUMBER),
    "planned_start": _field(gettext_lazy("Planned start of works"), "planned_start", Kind.DAY),
    "planned_production": _field(gettext_lazy("Planned start of production"), "planned_production", Kind.DAY),
    "accepted_on": _field(gettext_lazy("Works accepted on"), "accepted_on", Kind.DAY),
    "reported_month": Field(gettext_lazy("Month of the last report"), _of_report("month"), Kind.DAY, True),
    "invested": Field(gettext_lazy("Fixed-asset investment done"), _of_report("invested"), Kind.WAN, True),
    "funds_in_place": Field(gettext_lazy("Funds in place"), _of_report("funds_in_place"), Kind.WAN, True),
    "physical": Field(gettext_lazy("Physical progress"), _of_report("physical")),
    "blocked_by": Field(gettext_lazy("What blocks it"), _of_report("blocked_by")),
}


def legend() -> list[tuple[str, str]]:
    """The names that a layout may use, with what they hold."""
    return [(name, str(field.label)) for name, field in FIELDS.items()]


# --- Reading a layout ---------------------------------------------------------------------------------


def read(text: str) -> Sheet:
    """The columns of a layout. Raises BadLayout with a sentence for each thing that is wrong."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLayout(_unreadable(text, str(error))) from error
    wrongs = [*_wrong_frame(said), *_wrong_columns(said.get("columns"))]
    if wrongs:
        raise BadLayout(_("The layout cannot be used yet."), wrongs)
    columns = [_column(row) for row in said["columns"]]
    if wrongs := [*_torn(columns), *_twice(columns)]:
        raise BadLayout(_("The layout cannot be used yet."), wrongs)
    return Sheet(said["title"], columns, [HOW_COUNTED], banner=(said["title"], *said.get("above", ())))


def _unreadable(text: str, error: str) -> str:
    """Where the text stops being TOML; its library says it in English: “… (at line 5, column 8)”."""
    place = re.search(r"at line (\d+)", error)
    lines = text.splitlines()
    number = int(place[1]) if place else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return _(
        "Line %(number)d cannot be read: %(line)s. Texts stand in quotation marks, "
        'each column begins with [[columns]], each fact is written as name = "…", once.'
    ) % {"number": number, "line": line}


def _wrong_frame(said: dict[str, Any]) -> Iterator[str]:
    for key in said.keys() - KEYS:
        yield _("“%(key)s” is not known. A layout has title, above and columns.") % {"key": key}
    if not isinstance(said.get("title"), str) or not said["title"].strip():
        yield _('The title is missing: title = "…".')
    above = said.get("above", [])
    if not isinstance(above, list) or not all(isinstance(line, str) for line in above):
        yield _('The lines above the heads are a list of texts: above = ["…"].')


def _wrong_columns(columns: Any) -> Iterator[str]:
    if not isinstance(columns, list) or not columns:
        yield _("There are no columns. Each begins with [[columns]].")
        return
    if len(columns) > MOST_COLUMNS:
        yield _("A form has at most %(most)d columns.") % {"most": MOST_COLUMNS}
    for number, row in enumerate(columns, start=1):
        for wrong in _wrong_column(row):
            yield _("Column %(number)d: %(wrong)s") % {"number": number, "wrong": wrong}


def _wrong_column(row: Any) -> Iterator[str]:
    if not isinstance(row, dict):
        yield _("It is no table. Each column begins with [[columns]].")
        return
    for key in row.keys() - COLUMN_KEYS:
        facts = {"key": key, "known": ", ".join(sorted(COLUMN_KEYS))}
        yield _("“%(key)s” is not known. A column has: %(known)s.") % facts
    if not _is_head(row.get("head")):
        yield _("The head is a text, or a list of one to %(most)d texts.") % {"most": MOST_LEVELS}
    yield from _wrong_content(row)
    if not _is_number(row.get("width", 14), 2, 100):
        yield _("The width lies between 2 and 100.")


def _wrong_content(row: dict[str, Any]) -> Iterator[str]:
    if ("field" in row) == ("value" in row):
        yield _("It has either a field or a fixed value.")
        return
    if "value" in row:
        if not isinstance(row["value"], str):
            yield _('The fixed value is a text: value = "…".')
        return
    field = FIELDS.get(row["field"]) if isinstance(row["field"], str) else None
    if field is None:
        facts = {"field": row["field"], "known": ", ".join(FIELDS)}
        yield _("The field “%(field)s” is not known. Known are: %(known)s.") % facts
        return
    if "unit" in row and (field.kind != Kind.WAN or row["unit"] not in UNITS):
        yield (_("The unit “%(unit)s” does not fit: amounts are in 万元 or 亿元, others have none.") % row)
    if "format" in row and (field.kind != Kind.DAY or row["format"] not in FORMATS):
        yield _("The format “%(format)s” does not fit. Days have day, month or year.") % row
    if "places" in row and (field.kind not in (Kind.WAN, Kind.NUMBER) or not _is_number(row["places"], 0, 6)):
        yield _("The decimal places do not fit. Amounts and numbers have 0 to 6.")


def _is_head(head: Any) -> bool:
    heads = head if isinstance(head, list) else [head]
    return 0 < len(heads) <= MOST_LEVELS and all(isinstance(one, str) and one.strip() for one in heads)


def _is_number(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _column(row: dict[str, Any]) -> Column:
    heads = row["head"] if isinstance(row["head"], list) else [row["head"]]
    width = row.get("width", 14)
    if "value" in row:
        return Column(heads[-1], _fixed(row["value"]), Kind.TEXT, width, tuple(heads[:-1]))
    field = FIELDS[row["field"]]
    kind = UNITS[row.get("unit", "万元")] if field.kind == Kind.WAN else field.kind
    head = heads[-1]
    if field.kind == Kind.WAN and not any(unit in one for unit in UNITS for one in heads):
        head = _("%(head)s (%(unit)s)") % {"head": head, "unit": row.get("unit", "万元")}
    return Column(head, field.told, kind, width, tuple(heads[:-1]), _shape(row))


def _fixed(value: str) -> Callable[[Told], str]:
    return lambda _told: value


def _shape(row: dict[str, Any]) -> str:
    if "format" in row:
        return FORMATS[row["format"]]
    if "places" in row:
        return "#,##0" + ("." + "0" * row["places"] if row["places"] else "")
    return ""


def _torn(columns: list[Column]) -> Iterator[str]:
    """Upper heads that stand in two places: a merged cell cannot leap over a column."""
    closed: set[tuple[str, ...]] = set()
    before: tuple[str, ...] = ()
    for number, column in enumerate(columns, start=1):
        for level in range(1, len(column.above) + 1):
            upper = column.above[:level]
            if upper != before[:level] and upper in closed:
                facts = {"number": number, "head": upper[-1]}
                yield _("Column %(number)d: the columns under “%(head)s” do not stand side by side.") % facts
        closed |= {before[:level] for level in range(1, len(before) + 1)}
        before = column.above


def _twice(columns: list[Column]) -> Iterator[str]:
    """Two columns that nobody could tell apart."""
    sentence = _(
        "Column %(number)d: the head “%(head)s” stands over column %(first)d already. Give it another."
    )
    seen: dict[tuple[str, ...], int] = {}
    for number, column in enumerate(columns, start=1):
        heads = (*column.above, str(column.head))
        if (first := seen.setdefault(heads, number)) != number:
            yield sentence % {"number": number, "head": heads[-1], "first": first}


# --- Giving projects out ------------------------------------------------------------------------------


def offered() -> list[FormLayout]:
    """The layouts that stand in the menu of the project list."""
    return memory.recall(
        "layouts of forms", lambda: list(FormLayout.objects.filter(is_active=True).order_by("order", "pk"))
    )


def rows(projects: ProjectQuerySet, user: User, *, today: date) -> Rows:
    """Projects in any order, dressed some at a time."""
    numbers, names = count(1), _names()

    def dressed(chunk: list[Any]) -> Iterator[Told]:
        some = [Facts(*row) for row in chunk]
        secret = [one.pk for one in some if one.confidentiality == Confidentiality.CONFIDENTIAL]
        veiled, last = withheld(user, secret), _last_reports([one.pk for one in some], today)
        return (Told(next(numbers), one, one.pk in veiled, last.get(one.pk), names) for one in some)

    return in_chunks(projects.values_list(*Facts._fields), dressed)


def _last_reports(projects: Collection[int], today: date) -> dict[int, Report]:
    reports = ProgressReport.objects.filter(project__in=projects).last_told(today)
    return {row[0]: Report(*row) for row in reports.values_list(*Report._fields)}


# --- Examples -----------------------------------------------------------------------------------------


def load() -> None:
    """The shipped examples; what an administrator has edited or taken away stays as it is."""
    if FormLayout.objects.exists():
        return
    for order, path in enumerate(sorted(EXAMPLES.glob("*.toml")), start=1):
        text = path.read_text("utf-8")
        FormLayout.objects.create(name=str(read(text).title), text=text, is_example=True, order=order)
