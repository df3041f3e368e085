"""The ledger of issues 问题清单: taken over as it tells them."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Agency, User
from approvals import issues as verbs
from approvals.choices import ConfirmedBy, IssueCategory, IssueState
from approvals.ledger_kind.finding import CannotFind, Projects
from approvals.ledger_kind.rows import PROJECT, enter_each, named, of_the_same, readable, refuse
from approvals.models import Issue, IssueEvent
from core.refusal import Refusal
from ledgers import meanings
from ledgers.choices import Verdict
from ledgers.committing import reason
from ledgers.declaring import Field, Kind, Meaning, Place, Read, Undoing
from ledgers.models import Ledger, LedgerRow
from projects.models import Project

NEEDED = ("text", "category", "department", "raised_on", "state")
CATEGORY_WORDS = {
    "用地规划": IssueCategory.LAND,
    "环评能评": IssueCategory.ENVIRONMENT,
    "水电气路": IssueCategory.UTILITIES,
    "施工许可图审消防": IssueCategory.PERMIT,
    "融资资金": IssueCategory.FINANCE,
    "用工": IssueCategory.LABOUR,
    "政策兑现": IssueCategory.POLICY,
    "拆迁": IssueCategory.DEMOLITION,
    "中介": IssueCategory.INTERMEDIARY,
    "企业自身原因": IssueCategory.ENTERPRISE,
    "跨部门争议": IssueCategory.DISPUTE,
}
STATE_WORDS = {
    "已登记": IssueState.LOGGED,
    "已受理": IssueState.ACCEPTED,
    "办理中": IssueState.HANDLING,
    "挂起": IssueState.SUSPENDED,
    "已答复": IssueState.ANSWERED,
    "企业确认": IssueState.CONFIRMING,
    "已退回": IssueState.RETURNED,
    "退回": IssueState.RETURNED,
    "已解决": IssueState.RESOLVED,
    "办结销号": IssueState.RESOLVED,
}
Known = tuple[int, str, str, str]  # project, category, text, day raised


# --- What cells mean ------------------------------------------------------------------------------------


def _categories() -> list[tuple[Any, str]]:
    return [(one.value, str(one.label)) for one in IssueCategory]


def _states() -> list[tuple[Any, str]]:
    return [(one.value, str(one.label)) for one in dict.fromkeys(STATE_WORDS.values())]


def _label_of(choices: Callable[[], list[tuple[Any, str]]]) -> Callable[[Any], str]:
    return lambda value: dict(choices()).get(value, str(value))


def departments() -> Read:
    """An agency by its name; another name is asked, of all agencies. Asks the database once."""
    names = list(Agency.objects.order_by("pk").values_list("name", flat=True))
    words = {name: (name, True) for name in names}
    # Without the “市” in front, people mean the same office.
    words |= {name[1:]: (name, False) for name in names if name.startswith("市") and name[1:] not in words}
    return meanings.words(words, lambda: [(name, name) for name in names])


def settle(said: Mapping[str, Meaning], place: Place) -> dict[str, Meaning]:
    """A resolved issue has the day on which it was resolved, others have none."""
    state, resolved_on = said.get("state"), said.get("resolved_on")
    if state is None or state.value is None or (resolved_on and resolved_on.state != "sure"):
        return {}
    has_day = bool(resolved_on and resolved_on.value)
    if has_day == (state.value == IssueState.RESOLVED):
        return {}
    sentence = _("A resolved issue has the day on which it was resolved, others have none.")
    return {"state": meanings.refused(sentence)}


FIELDS = (
    Field(
        "text",
        gettext_lazy("Issue"),
        (
            "问题描述",
            "问题内容",
            "存在问题",
            "问题",
            "需协调解决的问题",
            "困难问题",
            "问题及诉求",
            "存在的问题",
            "存在困难和问题",
            "存在的困难和问题",
            "存在的主要问题",
            "困难和问题",
            "主要问题",
            "需协调事项",
            "需协调解决事项",
            "企业诉求",
            "诉求",
        ),
        meanings.text(1000, lines=True),
        is_required=True,
        is_key=True,
    ),
    *PROJECT,
    Field(
        "category",
        pgettext_lazy("of an issue", "Category"),
        ("问题类别", "问题类型", "问题分类", "类别", "类型"),
        meanings.words({word: (one.value, True) for word, one in CATEGORY_WORDS.items()}, _categories),
        is_required=True,
        offers=tuple(CATEGORY_WORDS),
        show=_label_of(_categories),
    ),
    Field(
        "department",
        gettext_lazy("Responsible department"),
        ("责任部门", "责任单位", "牵头部门", "协调部门", "办理部门"),
        meanings.text(100),
        is_required=True,
        begin=departments,
    ),
    Field(
        "raised_on",
        gettext_lazy("Raised on"),
        ("提出日期", "提出时间", "登记日期", "收集时间", "问题提出时间", "反映时间", "反映日期", "收集日期"),
        meanings.day,
        is_required=True,
        is_key=True,
    ),
    Field(
        "state",
        gettext_lazy("State"),
        ("状态", "办理状态", "办理情况", "进展状态", "问题状态", "办理进展", "解决状态"),
        meanings.words({word: (one.value, True) for word, one in STATE_WORDS.items()}, _states),
        is_required=True,
        offers=tuple(STATE_WORDS),
        show=_label_of(_states),
    ),
    Field(
        "resolved_on",
        gettext_lazy("Resolved on"),
        ("办结日期", "办结时间", "销号日期", "解决时间"),
        meanings.day,
    ),
    Field(
        "statement",
        gettext_lazy("Result"),
        ("办理结果", "办结情况", "处理结果", "解决情况"),
        meanings.text(500, lines=True),
    ),
)


# --- Beside the books -----------------------------------------------------------------------------------


def match(rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
    """New, the same, or gone on since; an issue that is followed in the program itself is left alone."""
    whole = list(readable(rows, NEEDED))
    projects = Projects([named(row) for row in whole], user)
    placed: list[tuple[LedgerRow, Known]] = []
    for row in whole:
        try:
            project, _name = projects.project(named(row))
        except CannotFind as refusal:
            refuse(row, str(refusal))
        else:
            placed.append((row, _key(row, project)))
    known = _known({key[0] for _row, key in placed})
    for row, key in placed:
        _compare(row, known.get(key))


def _key(row: LedgerRow, project: int) -> Known:
    return project, row.value("category"), row.value("text").strip(), row.value("raised_on")


def _known(projects: set[int]) -> dict[Known, Issue]:
    issues = Issue.objects.standing().filter(project__in=projects).order_by("-pk").prefetch_related("events")
    return {(one.project_id, one.category, one.text, one.raised_on.isoformat()): one for one in issues}


def _compare(row: LedgerRow, known: Issue | None) -> None:
    row.verdict, row.target, row.changes = Verdict.NEW, None, {}
    if known is None:
        return
    row.target, row.verdict = known.pk, Verdict.SAME
    if known.state == row.value("state"):
        return
    told_on = datetime.date.fromisoformat(row.value("resolved_on") or row.value("raised_on"))
    if why := verbs.why_it_stays(known, on=told_on):
        row.evidence = [*row.evidence, why]
    else:
        row.verdict, row.changes = Verdict.CHANGED, {"state": [known.state, row.value("state")]}


# --- Entering and taking back ---------------------------------------------------------------------------


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Take the issues over; one that stands already goes on from where it stood."""
    projects = Projects([named(row) for row in rows], by)
    agencies = {agency.name: agency for agency in Agency.objects.order_by("-pk")}
    enter_each(rows, lambda row: _take_over(row, projects, agencies, ledger, by), tell)


def _take_over(
    row: LedgerRow, projects: Projects, agencies: Mapping[str, Agency], ledger: Ledger, by: User
) -> None:
    pk, _name = projects.project(named(row))
    statement = row.value("statement") or ""
    issue, step = verbs.take_over(
        Project.objects.get(pk=pk),
        category=row.value("category"),
        text=row.value("text"),
        department=agencies[row.value("department")],
        raised_on=datetime.date.fromisoformat(row.value("raised_on")),
        state=row.value("state"),
        resolved_on=_day(row.value("resolved_on")),
        statement=statement,
        confirmed_by=ConfirmedBy.ENTERPRISE if "企业已确认" in statement else "",
        by=by,
        source=row.source(ledger.file.name),
        today=ledger.handed_in_on,
    )
    row.written, row.undo = issue.pk, {}
    if step is not None:
        row.undo = {"moved": step.pk} if "former" in step.facts else {"made": True}


def _day(value: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None


def take_back(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
    """What it brought is withdrawn, what it moved is what it was; as long as nobody went on with it."""
    assert ledger.undone_at is not None
    told = {"reason": reason(ledger), "by": by, "today": timezone.localdate(ledger.undone_at)}
    # The last step of an issue first: it stands on the one before.
    wanted = sorted(of_the_same(rows, ledger), key=lambda row: row.undo.get("moved", 0), reverse=True)
    with transaction.atomic():
        hindrances = [sentence for row in wanted if (sentence := _taken_back(row, told))]
        if hindrances:
            transaction.set_rollback(True)
    return Undoing(list(dict.fromkeys(hindrances)))


def _taken_back(row: LedgerRow, told: Mapping[str, Any]) -> str:
    """What hinders it; empty when it is done."""
    assert row.written is not None
    try:
        if "moved" in row.undo:
            verbs.put_back(IssueEvent.objects.get(pk=row.undo["moved"]), **told)
        else:
            verbs.withdraw(Issue.objects.get(pk=row.written), **told)
    except Refusal as refusal:
        return str(refusal)
    return ""


KIND = Kind(
    code="issues",
    label=gettext_lazy("Issues"),
    permission="approvals.take_over_issues",
    fields=FIELDS,
    match=match,
    enter=enter,
    take_back=take_back,
    model=Issue,
    settle=settle,
    page_of=lambda pk: reverse("approvals:issue", args=[pk]),
)
