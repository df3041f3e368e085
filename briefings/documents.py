"""A briefing as an official document: the same blocks become Word and PDF.

Everything is printed from what the briefing keeps, so that a published one gives the same document for
ever. The language is Chinese. Until it is published it carries 草稿 in the place of its number. Besides
the red-headed document 通报 there is the plain bulletin 工作简报 第×期 that most bureaus send round.
"""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils import timezone

from briefings import bulletins, charts, words
from briefings.choices import BriefingState, ScopeKind, Span
from briefings.indicators import Unit
from briefings.models import Briefing, Stationery
from briefings.wording import day as day_words
from core import documents, money
from core.documents import (
    AnnexTitle,
    Attachments,
    Block,
    BulletinHead,
    Group,
    Heading,
    Imprint,
    Kind,
    Letterhead,
    Paragraph,
    Recipients,
    SignOff,
    Table,
    Title,
)

DRAFT = "草稿"
NOT_ISSUED = "（未印发，供核对）"

KINDS_OF_SIGNING = {
    "new": "新签约",
    "add_on": "增资",
    "reduced": "减资",
    "voided": "解约",
    "correction": "更正",
}
STALLS = {
    "S1": "超承诺时限",
    "S2": "超法定时限",
    "S3": "长期无进展",
    "S4": "受问题阻断",
    "S5": "要办未办",
    "S6": "暂停超告知时长",
}

Plain = dict[str, Any]


class Style(StrEnum):
    """The red-headed document, or the bulletin."""

    OFFICIAL = "official"
    PLAIN = "plain"


def word(briefing: Briefing, style: Style = Style.OFFICIAL) -> bytes:
    return documents.to_docx(blocks(briefing, style))


def pdf(briefing: Briefing, style: Style = Style.OFFICIAL) -> bytes:
    return documents.to_pdf(blocks(briefing, style))


def file_name(briefing: Briefing, suffix: str, style: Style = Style.OFFICIAL) -> str:
    """关于2026年1—10月…的通报（草稿）.docx"""
    mark = "" if _is_issued(briefing) else f"（{DRAFT}）"
    kind = "（工作简报）" if style == Style.PLAIN else ""
    return f"{briefing.content['title']}{kind}{mark}.{suffix}"


def _is_issued(briefing: Briefing) -> bool:
    return briefing.state == BriefingState.PUBLISHED


def blocks(briefing: Briefing, style: Style = Style.OFFICIAL) -> list[Block]:
    told: Plain = briefing.content
    names = told.get("names") or Stationery().names
    on = briefing.published_on or timezone.localtime(briefing.drafted_at).date()
    annexes = _annexes(told)
    head, foot = (_bulletin if style == Style.PLAIN else _official)(briefing, names, on)
    return [
        *head,
        Paragraph(told["opening"]),
        *_text(briefing),
        Attachments([title for title, _landscape, _content in annexes]),
        *foot,
        *(
            block
            for number, (title, landscape, content) in enumerate(annexes, start=1)
            for block in (AnnexTitle(f"附件{number}", title, landscape), *content)
        ),
        *([Imprint(names["organ"], on, names["copies_to"])] if _is_issued(briefing) else []),
    ]


Ends = tuple[list[Block], list[Block]]  # what stands before the text, and what follows it


def _official(briefing: Briefing, names: Plain, on: datetime.date) -> Ends:
    issued, told = _is_issued(briefing), briefing.content
    return [
        Letterhead(names["mark"], briefing.number if issued else DRAFT),
        Title(told["title"], "" if issued else NOT_ISSUED),
        Recipients(told["addressees"].removesuffix("：")),
    ], [SignOff(names["organ"], on)]


def _bulletin(briefing: Briefing, names: Plain, on: datetime.date) -> Ends:
    number = bulletins.number_of(briefing)
    issue = f"第{number}期" if number else f"第　期（{DRAFT}）"
    title = Title(briefing.content["title"], "" if _is_issued(briefing) else NOT_ISSUED)
    return [BulletinHead(names["bulletin"], issue, names["organ"], on, names["signer"]), title], []


def _text(briefing: Briefing) -> list[Block]:
    found: list[Block] = []
    pictures = charts.of(briefing.content)
    for chapter in words.chapters(briefing.content, briefing.words):
        if chapter.title:
            found.append(Heading(chapter.title, is_numbered=False))
        found += [Paragraph(one.text, one.lead) for one in chapter.paragraphs]
        found += [pictures[chapter.key]] if chapter.key in pictures else []
    return found


# --- Annexes -----------------------------------------------------------------------------------

Annex = tuple[str, bool, Sequence[Block]]  # title, whether its page lies on its side, what stands in it


def _annexes(told: Plain) -> list[Annex]:
    about = told["about"]
    months = f"{about['month'][:4]}年{about['spans']['year']['name']}"
    rankings: list[Annex] = []
    if about["scope"] == ScopeKind.CITY:
        rankings = [
            (f"{months}各产业专班招商引资情况表", True, [ranking(told, "task_forces", "产业专班")]),
            (f"{months}各县区、新区招商引资情况表", True, [ranking(told, "units", "报送单位")]),
        ]
    return [
        *rankings,
        (f"{about['month'][:4]}年{about['spans']['month']['name']}新签约项目表", True, [signed(told)]),
        ("停滞审批事项和未办结问题清单", True, [stalled(told), issues(told)]),
        ("口径说明", False, [_rule(n, rule) for n, rule in enumerate(told["rules"], start=1)]),
        *([("数据出处", True, [sources(told)])] if told.get("sources") else []),
    ]


def _rule(number: int, rule: str) -> Paragraph:
    name, mark, words = rule.partition("：")
    return Paragraph(words, f"{number}. {name}{mark}") if mark else Paragraph(f"{number}. {rule}")


def sources(told: Plain) -> Table:
    """Every figure with the reference under which the program shows what it counted, and what not."""
    spans = {span: about["name"] for span, about in told["about"]["spans"].items()}
    rows = [
        (row["name"], spans[span], *_valued(row[span]["value"], row["unit"]), told["sources"][key])
        for row in told["figures"]
        for span in Span.values
        if row[span] is not None and (key := f"{row['code']}:{span}") in told["sources"]
    ]
    return Table(
        head=("指标", "时段", "数值", "单位", "出处编号"),
        rows=rows,
        kinds=(Kind.TEXT, Kind.CENTER, Kind.NUMBER, Kind.CENTER, Kind.TEXT),
        note="注：在系统中查询出处编号，可见该数据的统计规则、计入和未计入的合同事项及其原因。",
    )


def _valued(value: str | None, unit: str) -> tuple[str, str]:
    return (yi(value), "亿元") if unit == Unit.WAN else (value or money.NO_VALUE, unit)


def ranking(told: Plain, which: str, peers: str) -> Table:
    about = told["about"]
    year, month = (about["spans"][span]["name"] for span in ("year", "month"))
    own = told.get("targets", {}).get("contracted", {})
    total = {"rank": "", "name": about["name"], **told["total"], "done": own.get("done")}
    return Table(
        head=(
            "名次",
            peers,
            "新签约\n项目（个）",
            year,
            "去年同期",
            "同比（%）",
            "完成目标\n（%）",
            month,
            "个数",
            "投资额",
            "开工\n（个）",
            "停滞审批\n（项）",
        ),
        rows=[_ranked(row) for row in [*told[which], total]],
        kinds=(Kind.CENTER, Kind.TEXT, *[Kind.NUMBER] * 10),
        groups=(Group("", 3), Group("合同投资额（亿元）", 5), Group("亿元以上工业项目", 2), Group("", 2)),
        note=(
            "注：金额按万元累计后四舍五入，分项之和可能不等于总计；"
            "多个单位共同引进的项目，各单位均计个数，金额按比例分摊。"
        ),
        strong=(-1,),
    )


def _ranked(row: Plain) -> tuple[str, ...]:
    return (
        str(row["rank"]),
        row["name"],
        row["projects_signed"],
        yi(row["contracted"]),
        yi(row["base"]),
        rate(row["yoy"]),
        rate(row.get("done")),
        yi(row["month"]),
        row["industrial_100m_projects"],
        yi(row["contracted_industrial_100m"]),
        row["started"],
        row["stalled_items"],
    )


def signed(told: Plain) -> Table:
    rows = [
        (
            str(number),
            row["project_name"],
            row["enterprise"] or money.NO_VALUE,
            row["task_force"],
            row["unit"],
            KINDS_OF_SIGNING.get(row["kind"], row["kind"]),
            yi(row["amount"]),
            day_words(row["on"]),
            "、".join(word for flag, word in (("shared", "并列"), ("late", "补报")) if row[flag]),
        )
        for number, row in enumerate(told["signed"], start=1)
    ]
    total = sum((Decimal(row["amount"]) for row in told["signed"]), Decimal(0))
    if rows:
        rows.append(("", "合计", "", "", "", "", yi(total), "", ""))
    return Table(
        head=("序号", "项目名称", "投资方", "产业专班", "报送单位", "类别", "合同投资额", "签约日期", "备注"),
        rows=rows,
        kinds=(
            Kind.CENTER,
            Kind.TEXT,
            Kind.TEXT,
            Kind.TEXT,
            Kind.CENTER,
            Kind.CENTER,
            Kind.NUMBER,
            Kind.CENTER,
            Kind.CENTER,
        ),
        unit="单位：亿元",
        strong=(-1,) if rows else (),
    )


def stalled(told: Plain) -> Table:
    rows = [
        (
            str(number),
            row["project_name"],
            row["item"],
            row["acts"],
            "、".join(STALLS.get(code, code) for code in row["codes"]),
            day_words(row["since"]),
            str(row["days"]),
            row["task_force"],
            row["unit"],
        )
        for number, row in enumerate(told["stalled"], start=1)
    ]
    return Table(
        head=("序号", "项目", "审批事项", "责任单位", "情形", "起始日", "停滞工作日", "专班", "报送单位"),
        rows=rows,
        kinds=(
            Kind.CENTER,
            Kind.TEXT,
            Kind.TEXT,
            Kind.TEXT,
            Kind.TEXT,
            Kind.CENTER,
            Kind.NUMBER,
            Kind.TEXT,
            Kind.CENTER,
        ),
        title=f"停滞审批事项（截至{day_words(told['about']['until'])}）",
    )


def issues(told: Plain) -> Table:
    rows = [
        (
            str(number),
            row["project_name"],
            row["text"],
            row["acts"],
            day_words(row["on"]),
            row["task_force"],
            row["unit"],
        )
        for number, row in enumerate(told["issues"], start=1)
    ]
    return Table(
        head=("序号", "项目", "问题", "责任单位", "登记日期", "专班", "报送单位"),
        rows=rows,
        kinds=(Kind.CENTER, Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.CENTER, Kind.TEXT, Kind.CENTER),
        title=f"未办结问题（截至{day_words(told['about']['until'])}）",
    )


def yi(wan: str | Decimal | None) -> str:
    return money.format_yi(None if wan is None else Decimal(wan))


def rate(percent: str | None) -> str:
    return money.NO_VALUE if percent is None else f"{money.half_up(Decimal(percent), 1):f}"
