"""The three lists of a project as one sheet for its enterprise: the same blocks become Word and PDF.

The language is Chinese, and plain: what is done, by whom, by when, how it stands, and what the
enterprise has to do next. The contact's name stands in no line: the sheet goes from hand to hand.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils import translation

from approvals import clocks
from approvals.choices import AssistanceMode, AssistanceState, ItemState, SupportState
from approvals.models import AgencyTask, Item, SupportNeed
from core import documents
from core.documents import Block, Kind, Table, Title
from core.workdays import Calendar

NONE = "—"
PROVISIONAL = "※"


@dataclass(frozen=True)
class Sheet:
    """All that stands on the sheet. `submit_by` is the planned day of submission of items to come."""

    project: str
    enterprise: str
    team: str
    leader: str
    phone: str
    planned_start: datetime.date | None
    items: Sequence[Item]
    waits_for: Mapping[int, Sequence[Item]]
    submit_by: Mapping[int, datetime.date | None]
    needs: Sequence[SupportNeed]
    tasks: Sequence[AgencyTask]
    today: datetime.date
    days: Calendar

    def day(self, day: datetime.date | None) -> str:
        """9月30日, of next year 明年3月3日, with a mark where the calendar is provisional."""
        if day is None:
            return NONE
        year = {0: "", 1: "明年"}.get(day.year - self.today.year, f"{day.year}年")
        mark = PROVISIONAL if day > self.today and self.days.is_provisional(day.year) else ""
        return f"{year}{day.month}月{day.day}日{mark}"


def word(sheet: Sheet) -> bytes:
    return documents.to_docx(blocks(sheet))


def pdf(sheet: Sheet) -> bytes:
    return documents.to_pdf(blocks(sheet))


def file_name(sheet: Sheet, suffix: str) -> str:
    """特钢线材项目服务清单（2026年11月22日）.pdf"""
    on = sheet.today
    return f"{sheet.project}服务清单（{on.year}年{on.month}月{on.day}日）.{suffix}"


def blocks(sheet: Sheet) -> list[Block]:
    # Names of departments and items come in the reader's language: the sheet is Chinese for everybody.
    with translation.override("zh-hans"):
        return [Title("项目服务清单", is_sheet=True), *_about(sheet), *_tables(sheet)]


def _about(sheet: Sheet) -> list[Block]:
    """Whose sheet it is, whom the enterprise can ring up, and how far everything is."""
    on = sheet.today
    team = sheet.team + (f"（负责人：{sheet.leader}）" if sheet.leader else "")
    summary = (
        f"审批事项{len(sheet.items)}项，已办结{_count(sheet.items, ItemState.PASSED)}项；"
        f"要素保障{len(sheet.needs)}项，已落实{_count(sheet.needs, (SupportState.MET,))}项；"
        f"帮代办{len(sheet.tasks)}项，已完成{_count(sheet.tasks, (AssistanceState.DONE,))}项。"
    )
    start = f"计划开工：{sheet.day(sheet.planned_start)}。" if sheet.planned_start else ""
    return [
        Table(
            head=("项目名称", "企业名称", "服务专班", "办公电话", "打印日期"),
            rows=[
                (
                    sheet.project,
                    sheet.enterprise or NONE,
                    team or "尚未明确，请联系市行政审批局",
                    sheet.phone or NONE,
                    f"{on.year}年{on.month}月{on.day}日",
                )
            ],
            kinds=(Kind.CENTER,) * 5,
            widths=(21, 18, 17, 8, 8),
            note=start + summary,
        )
    ]


def _count(rows: Sequence[Item | SupportNeed | AgencyTask], states: Sequence[str]) -> int:
    return sum(row.state in states for row in rows)


def _tables(sheet: Sheet) -> list[Table]:
    tables = [_approvals(sheet), _support(sheet), _assistance(sheet)]
    cells = (cell for table in tables for row in table.rows for cell in row)
    note = _rules(any(PROVISIONAL in cell for cell in cells))
    return [*tables[:-1], replace(tables[-1], note=note)]


# --- The three tables -----------------------------------------------------------------------

KINDS = (Kind.CENTER, Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.CENTER, Kind.TEXT, Kind.TEXT)
WIDTHS = (3, 16.5, 12.5, 7.2, 11.5, 10.5, 12)  # in characters: most lines of a sheet hold what they say


def _approvals(sheet: Sheet) -> Table:
    return Table(
        title="一、审批流程清单",
        head=("序号", "办什么", "谁来办", "阶段", "什么时候", "办到哪一步", "企业下一步"),
        rows=[
            (
                str(number),
                item.template.name,
                item.template.department.name,
                item.template.get_phase_display(),
                _when(item, sheet),
                _how_far(item, sheet),
                _next(item, sheet),
            )
            for number, item in enumerate(sheet.items, start=1)
        ],
        kinds=KINDS,
        widths=WIDTHS,
    )


def _when(item: Item, sheet: Sheet) -> str:
    if item.closed_on and item.state in ItemState.PASSED:
        return f"{sheet.day(item.closed_on)}办结"
    due = item.promise_due or item.statute_due
    if due and item.state in ItemState.UNDER_WAY:
        return f"{sheet.day(due)}前办结"
    if item.state in ItemState.UNDER_WAY:
        return "恢复计时后确定" if item.state in ItemState.PAUSED else NONE
    submit_by = sheet.submit_by.get(item.pk)
    return f"{sheet.day(submit_by)}前申报" if submit_by else NONE


# What the words of the permit system mean to somebody outside it.
PLAIN_STATES = {
    ItemState.WAITING: "还没有申报",
    ItemState.SUBMITTED: "已交材料，待受理",
    ItemState.RUNNING: "正在办理",
    ItemState.CORRECTING: "等企业补材料",
    ItemState.SPECIAL: "专家评审、检测等，不计时限",
    ItemState.NOTICE: "正在公示",
    ItemState.APPROVED: "已办结",
    ItemState.APPROVED_PENDING: "已办结，材料后补",
    ItemState.REFUSED: "没有批准",
    ItemState.WITHDRAWN: "企业已撤回",
    ItemState.NOT_NEEDED: "不需要办",
}


def _how_far(item: Item, sheet: Sheet) -> str:
    said = PLAIN_STATES.get(ItemState(item.state), item.get_state_display())
    standing = clocks.standing(item, today=sheet.today, days=sheet.days)
    if item.certificate_no:
        return f"{said}，证号{item.certificate_no}"
    if item.state in ItemState.UNDER_WAY and standing.over_promise:
        return f"{said}，已超承诺{standing.over_promise}个工作日"
    return said


def _next(item: Item, sheet: Sheet) -> str:
    """The one column that an enterprise reads first."""
    waits_for = sheet.waits_for.get(item.pk, ())
    if item.state == ItemState.WAITING and waits_for:
        numbers = {other.pk: number for number, other in enumerate(sheet.items, start=1)}
        return f"等第{'、'.join(str(numbers[other.pk]) for other in waits_for)}项办结后申报"
    return {
        ItemState.WAITING: "现在可以申报，请备齐材料",
        ItemState.CORRECTING: "请尽快补齐材料交回窗口",
        ItemState.APPROVED_PENDING: "请按承诺补交材料",
        ItemState.REFUSED: "请与专班商量后重新申报",
        ItemState.WITHDRAWN: "需要时重新申报",
    }.get(ItemState(item.state), "不用办理" if item.state in ItemState.PASSED else "等待办理结果")


def _support(sheet: Sheet) -> Table:
    return Table(
        title="二、服务保障清单",
        head=("序号", "需要什么", "谁来保障", "类别", "什么时候", "办到哪一步", "企业下一步"),
        rows=[
            (
                str(number),
                need.text + _amount(need),
                need.department.name + (f"（{need.officer}）" if need.officer else ""),
                need.get_kind_display(),
                _needed(need, sheet),
                _met(need),
                NEXT_OF_NEED[SupportState(need.state)],
            )
            for number, need in enumerate(sheet.needs, start=1)
        ],
        kinds=KINDS,
        widths=WIDTHS,
    )


def _amount(need: SupportNeed) -> str:
    return f"（{_plain(need.amount)}{need.unit}）" if need.amount is not None else ""


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _needed(need: SupportNeed, sheet: Sheet) -> str:
    if need.closed_on and need.state == SupportState.MET:
        return f"{sheet.day(need.closed_on)}落实"
    return f"{sheet.day(need.needed_by)}前" if need.state in SupportState.OPEN else NONE


def _met(need: SupportNeed) -> str:
    if need.state == SupportState.PARTLY_MET and need.met_amount is not None:
        return f"已落实{_plain(need.met_amount)}{need.unit}"
    return {
        SupportState.RAISED: "已提出，待部门接办",
        SupportState.ACCEPTED: "部门正在办",
        SupportState.PARTLY_MET: "部分落实",
        SupportState.MET: "已落实",
        SupportState.REFUSED: "暂时无法保障",
        SupportState.DROPPED: "企业不再需要",
    }[SupportState(need.state)]


NEXT_OF_NEED = {
    SupportState.RAISED: "等部门联系",
    SupportState.ACCEPTED: "配合部门对接",
    SupportState.PARTLY_MET: "配合部门对接",
    SupportState.MET: "不用办理",
    SupportState.REFUSED: "请与专班商量其他办法",
    SupportState.DROPPED: "不用办理",
}


def _assistance(sheet: Sheet) -> Table:
    return Table(
        title="三、帮代办清单",
        head=("序号", "帮什么", "谁来帮", "方式", "什么时候", "办到哪一步", "企业下一步"),
        rows=[
            (
                str(number),
                task.text,
                task.officer.name,
                "代办" if task.mode == AssistanceMode.ACT else "帮办",
                _due(task, sheet),
                PLAIN_TASKS[AssistanceState(task.state)],
                _next_of_task(task),
            )
            for number, task in enumerate(sheet.tasks, start=1)
        ],
        kinds=KINDS,
        widths=WIDTHS,
    )


PLAIN_TASKS = {
    AssistanceState.OPEN: "还没有开始",
    AssistanceState.UNDER_WAY: "正在办",
    AssistanceState.DONE: "已完成",
    AssistanceState.DROPPED: "企业不再需要",
}


def _due(task: AgencyTask, sheet: Sheet) -> str:
    if task.closed_on and task.state == AssistanceState.DONE:
        return f"{sheet.day(task.closed_on)}完成"
    return f"{sheet.day(task.due_on)}前" if task.state in AssistanceState.UNFINISHED else NONE


def _next_of_task(task: AgencyTask) -> str:
    if task.state not in AssistanceState.UNFINISHED:
        return "不用办理"
    if task.mode == AssistanceMode.ASSIST:
        return "与专班人员一起备材料"
    return "签委托书、备材料" if task.mandate_signed_on is None else "按专班人员要求备材料"


# --- What the sheet counts by ----------------------------------------------------------------


def _rules(provisional: bool) -> str:
    """What the days mean, under the last table."""
    said = [
        "说明：时限按工作日计算，受理当日不计；企业补材料、专家评审、检测、公示的时间不计入办理时限。",
        "“代办”由专班人员持企业签署的委托书代为申报，“帮办”由专班人员协助、企业自行申报。",
    ]
    if provisional:
        said.append(f"标“{PROVISIONAL}”的日期按临时日历推算，国务院办公厅放假通知公布后可能变动。")
    return "".join(said)
