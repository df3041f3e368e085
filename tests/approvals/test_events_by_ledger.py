"""What happened to approval items, from a workbook: what its rows mean and what becomes of them."""

import datetime
import io
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from accounts.models import User
from approvals import clocks
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.ledger_kind import happenings, item_events
from approvals.models import Item, ItemEvent
from core import clock
from ledgers import committing, rehearsing
from ledgers.blank import blank
from ledgers.choices import State
from ledgers.declaring import Place
from ledgers.models import Ledger, LedgerRow
from projects.choices import Confidentiality, Stage
from projects.models import Project
from tests import factories
from tests.ledgers.other_kinds import rehearsed, workbook

K = ItemEventKind
TODAY = datetime.date(2025, 9, 19)
OPENED = datetime.date(2025, 9, 1)
HEAD = [
    *("项目编号", "项目代码", "项目名称", "审批事项", "办理情况"),
    *("日期", "告知时长（工作日）", "证照编号", "说明"),
]
CODE, NATIONAL = "LZ-2025-0001", "2509-450200-04-01-000001"


@pytest.fixture(autouse=True)
def _today(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel, liubei, service_member) -> Project:
    project = factories.project(
        Stage.SIGNING,
        name="特钢线材项目",
        code=CODE,
        national_code=NATIONAL,
        task_force=steel,
        reporting_unit=liubei,
    )
    factories.service(project, factories.service_team(service_member))
    return project


@pytest.fixture
def permit(project, planning) -> Item:
    template = factories.item_template(
        code="land-permit", name="用地规划许可", name_en="Land permit", department=planning
    )
    return factories.item(project, template, opened_on=OPENED)


def row(what: str, on: Any, **more: Any) -> list[Any]:
    given = {"code": CODE, "national": None, "name": None, "item": "用地规划许可", **more}
    return [
        *(given[key] for key in ("code", "national", "name", "item")),
        what,
        on,
        *(given.get(key) for key in ("length", "certificate", "note")),
    ]


def read(by: User, *rows: list[Any], name: str = "9月办理情况.xlsx") -> Ledger:
    content = workbook(tuple(HEAD), *map(tuple, rows), title="办理情况")
    return rehearsed(content, by, kind="item_events", today=TODAY, name=name, again=True)


def enter(ledger: Ledger) -> Ledger:
    return committing.commit(ledger, by=ledger.handed_in_by, today=TODAY)


def entered(ledger: Ledger) -> int:
    """How many events it brought."""
    return enter(ledger).rows.exclude(undo={}).count()


def of(ledger: Ledger) -> list[LedgerRow]:
    return list(ledger.rows.order_by("row"))


def verdicts(ledger: Ledger) -> list[str]:
    return [one.verdict for one in of(ledger)]


def reasons(row: LedgerRow) -> list[str]:
    """Why a row, or a cell of it, is refused or asked."""
    cells = [cell[4] for cell in row.cells.values() if cell[0] in (State.REFUSED, State.ASKED)]
    return [*row.evidence, *cells]


COURSE = [
    row("已接件", datetime.date(2025, 9, 3)),
    row("窗口受理", "2025-09-04"),
    row("部门受理", "2025/9/4"),
    row("特别程序开始", "2025-09-08", length="5个工作日", note="专家评审"),
    row("特别程序结束", "2025-09-12"),
    row("办结(容缺通过)", "2025-09-15", certificate="地字第450200202500001号"),
]


@pytest.mark.parametrize("order", [1, -1])
def test_a_course_in_any_order_is_entered_at_once(permit, service_member, order):
    book = read(service_member, *COURSE[::order])
    assert verdicts(book) == ["new"] * 6

    assert entered(book) == 6

    permit.refresh_from_db()
    assert (permit.state, permit.counted_days) == (ItemState.APPROVED_PENDING, 2 + 1)
    assert permit.certificate_no == "地字第450200202500001号"
    assert ItemEvent.objects.count() == 6
    pause = permit.events.get(kind=K.SPECIAL_STARTED)
    assert (pause.declared_days, pause.note, pause.by) == (5, "专家评审", service_member)
    assert pause.source == f"9月办理情况.xlsx, 办理情况!{5 if order == 1 else 4}"


def test_the_same_workbook_again_enters_nothing_again(permit, service_member):
    first = enter(read(service_member, *COURSE))
    assert entered(first) == 6

    again = read(service_member, *COURSE)

    assert verdicts(again) == ["same"] * 6
    assert (entered(again), ItemEvent.objects.count()) == (0, 6)


def test_the_same_row_twice_in_one_workbook_is_entered_once(permit, service_member):
    assert verdicts(read(service_member, COURSE[0], COURSE[0])) == ["new", "same"]


@pytest.mark.parametrize(
    "by", [{"code": CODE}, {"code": None, "national": NATIONAL}, {"code": None, "name": "特钢线材项目"}]
)
@pytest.mark.parametrize("item", ["用地规划许可", "land-permit", "Land Permit"])
def test_a_row_names_its_project_and_item_in_many_ways(permit, service_member, by, item):
    book = read(service_member, row("接件", "2025-09-03", item=item, **by))

    assert [(one.verdict, one.target) for one in of(book)] == [("new", permit.pk)]


@pytest.mark.parametrize(("word", "kind"), [*happenings.WORDS.items(), *happenings.ALSO.items()])
def test_the_words_of_the_permit_system_are_known(word, kind):
    full_width = word.replace("(", "（").replace(")", "）")
    read_cell = happenings.happenings()

    assert read_cell(f" {full_width} ", Place("办理情况")).value == kind
    assert read_cell(str(kind.label), Place("办理情况")).value in (kind, K.ACCEPTED)


def test_every_kind_that_people_enter_has_its_word():
    assert set(happenings.WORDS.values()) == set(K) - {K.LIMITS, K.STRUCK}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (row("已接件", None), "“On which day” is missing. Fill it in."),
        (row("已接件", "昨天"), "“昨天” is no day. Write it like 2025-03-12."),
        (row("已接件", "2025-09-22"), "2025-09-22 lies in the future. Which day is meant?"),
        (row("已接件", "2025-08-29"), "The item was opened on 2025-09-01. Enter that day or a later one."),
        (
            row("审批超时", "2025-09-03"),
            "“审批超时” is worked out by the program itself and is not entered.",
        ),
        (
            row("已接件", "2025-09-03", item="环评"),
            "“环评” does not stand on the list of project “LZ-2025-0001”, or is not your office's.",
        ),
        (
            row("已接件", "2025-09-03", code="LZ-1"),
            "There is no project “LZ-1” among those you may open.",
        ),
        (
            row("已接件", "2025-09-03", code=None),
            "Name the project by its code, its national code or its name.",
        ),
        (
            row("补正开始", "2025-09-05", length=5),
            "Write why the clock stops, as it was told to the applicant.",
        ),
        (
            row("补正开始", "2025-09-05", note="缺总平图"),
            "Enter the announced length: for how many working days the applicant was told the clock stops.",
        ),
        (
            row("补正开始", "2025-09-05", note="缺总平图", length="一周"),
            "“一周” is no number of working days.",
        ),
        (
            row("补正结束", "2025-09-05"),
            "“Corrected papers handed in” on 2025-09-05 does not fit: the item is “Being handled” then. "
            "Possible are “Taken on by the department”, “Correction of papers began”, “Special procedure "
            "began”, “Public notice began”, “Refused”, “Declined by the department”, “Withdrawal to be "
            "confirmed”, “Approved”, “Approved, papers to follow”, “Withdrawn”.",
        ),
    ],
)
def test_a_wrong_row_is_refused_with_its_sentence_and_the_others_are_not(
    permit, service_member, wrong, sentence
):
    book = read(service_member, COURSE[0], COURSE[1], wrong)

    assert [committing.is_ready(one) for one in of(book)] == [True, True, False]
    assert sentence in reasons(of(book)[2])
    assert entered(book) == 2


def test_a_row_that_pushes_out_what_stands_there_is_refused(permit, service_member):
    steps = [(K.ACCEPTED, "2025-09-04"), (K.APPROVED, "2025-09-12")]
    clocks.log_events(
        [Entry(permit, kind, datetime.date.fromisoformat(on)) for kind, on in steps],
        by=service_member,
        today=TODAY,
    )

    book = read(
        service_member,
        row("催办", "2025-09-09"),
        row("补正开始", "2025-09-05", length=5, note="缺总平图"),
    )

    assert verdicts(book) == ["new", "refused"]
    assert "“Approved” on 2025-09-12, entered before, would no longer fit" in reasons(of(book)[1])[0]


def test_items_that_one_may_not_open_do_not_exist(permit, project, department_officer, service_member):
    other = factories.user("department", agency=factories.agency())
    elsewhere = factories.user("service")

    assert verdicts(read(department_officer, COURSE[0])) == ["new"]
    assert verdicts(read(other, COURSE[0])) == ["refused"]
    assert reasons(of(read(elsewhere, COURSE[0]))[0]) == [
        "There is no project “LZ-2025-0001” among those you may open."
    ]


def test_a_confidential_name_leads_nowhere_its_code_does(permit, project, department_officer):
    project.confidentiality, project.code_name = Confidentiality.CONFIDENTIAL, "曙光"
    project.save()

    book = read(department_officer, COURSE[0], row("窗口受理", "2025-09-04", code=None, name="特钢线材项目"))

    assert verdicts(book) == ["new", "refused"]
    sheet = to_be_filled_in(department_officer).worksheets[0]
    assert [cell.value for cell in sheet[2]][:4] == ["用地规划许可", None, CODE, None]


def test_several_projects_of_one_name_are_told_apart_by_code(permit, project, service_member):
    twin = factories.project(Stage.SIGNING, name="特钢线材项目")
    factories.service(twin, project.services.get().team)

    book = read(service_member, row("已接件", "2025-09-03", code=None, name="特钢线材项目"))

    assert "There are several projects called" in reasons(of(book)[0])[0]


def to_be_filled_in(by: User) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(blank(item_events.KIND, by)))


def test_rows_in_which_nothing_happened_are_passed_over(permit, service_member):
    book = to_be_filled_in(service_member)
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, place["办理情况"], "已接件")
    sheet.cell(2, place["日期"], datetime.date(2025, 9, 3))
    sheet.cell(3, place["项目编号"], CODE)
    sheet.cell(3, place["审批事项"], "另一事项")
    content = io.BytesIO()
    book.save(content)

    found = rehearsed(content.getvalue(), service_member, kind="item_events", today=TODAY)

    assert verdicts(found) == ["new"]
    told = [(one["sheet"] == sheet.title, one["reason"]) for one in found.skipped]
    assert (True, "1 row stands ready and is not filled in yet; it was passed over.") in told
    assert [is_it for is_it, _reason in told].count(False) == 1  # how to fill it in


def test_the_workbook_to_be_filled_in_has_the_items_and_lists_to_choose_from(permit, service_member):
    sheet = to_be_filled_in(service_member).worksheets[0]

    heads = [cell.value for cell in sheet[1]]
    assert sorted(heads) == sorted(HEAD)
    assert dict(zip(heads, (cell.value for cell in sheet[2]), strict=False))["审批事项"] == "用地规划许可"
    [choice] = sheet.data_validations.dataValidation
    assert "窗口受理" in choice.formula1
    assert len(choice.formula1) <= 257  # what Excel takes


def test_what_was_entered_since_by_hand_is_not_entered_again(permit, service_member):
    book = read(service_member, *COURSE[:2])
    clocks.log_event(permit, kind=K.SUBMITTED, on=datetime.date(2025, 9, 3), by=service_member, today=TODAY)

    assert entered(book) == 1
    assert ItemEvent.objects.count() == 2


def test_many_rows_cost_the_same_queries_as_few(permit, project, service_member, count_queries):
    def items(n: int) -> list[list[Any]]:
        made = [factories.item(project, factories.item_template(), opened_on=OPENED) for _n in range(n)]
        return [row("已接件", "2025-09-03", item=item.template.name) for item in made]

    def cost(rows: list[list[Any]]) -> tuple[int, int]:
        ledger = read(service_member, *rows)
        return (
            count_queries(lambda: rehearsing.rehearse(ledger, today=TODAY)),
            count_queries(lambda: enter(ledger)),
        )

    cost(items(1))
    assert cost(items(6)) == cost(items(1))
