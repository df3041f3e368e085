"""Papers of an on-site meeting: the score sheet that is handed out, and the minutes. Word and PDF.

The language is Chinese. The minutes carry 草稿 until the leader has approved them.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import translation

from briefings.models import MeetingDecision, MeetingState, OnSiteMeeting
from core import documents
from core.documents import Block, Heading, Kind, Paragraph, SignOff, Table, Title

ORGAN = "柳州市投资促进局"
HALVES = {1: "上半年", 2: "下半年"}
SCORED_BY = (
    "评分满分100分：产业带动和投资强度30分，形象进度30分，手续和要素保障20分，现场组织和讲解20分。"
    "东道主单位人员不参加评分。"
)


@dataclass(frozen=True)
class Line:
    """A project on the sheet, as its reader may see it."""

    number: int
    name: str
    enterprise: str
    amount: str
    points: str = ""


def title_of(meeting: OnSiteMeeting) -> str:
    """2025年上半年招商引资项目建设现场会"""
    return f"{meeting.year}年{HALVES[meeting.half]}招商引资项目建设现场会"


def _day(day: datetime.date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else "—"


# --- The score sheet ----------------------------------------------------------------------------


def score_sheet(meeting: OnSiteMeeting, lines: Sequence[Line], *, attendee: str = "") -> list[Block]:
    """To be filled in by hand: one row a project, the name of whoever scores on top."""
    with translation.override("zh-hans"):
        return [
            Title(f"{title_of(meeting)}\n项目评分表", is_sheet=True),
            Table(
                head=("时间", "地点", "东道主", "评分人", "单位"),
                rows=[
                    (_day(meeting.held_on or meeting.planned_on), meeting.place, _host(meeting), attendee, "")
                ],
                kinds=(Kind.CENTER,) * 5,
                widths=(12, 22, 14, 10, 14),
            ),
            Table(
                head=("序号", "项目", "企业", "合同投资额（亿元）", "得分（0—100）", "意见"),
                rows=[
                    (str(one.number), one.name, one.enterprise, one.amount, one.points, "") for one in lines
                ],
                kinds=(Kind.CENTER, Kind.TEXT, Kind.TEXT, Kind.NUMBER, Kind.NUMBER, Kind.TEXT),
                widths=(3, 20, 18, 9, 9, 14),
                note=SCORED_BY,
            ),
        ]


# --- The minutes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Average:
    name: str
    count: int
    mean: str


def minutes(
    meeting: OnSiteMeeting,
    decisions: Sequence[MeetingDecision],
    averages: Sequence[Average],
    present: Sequence[str],
) -> list[Block]:
    with translation.override("zh-hans"):
        return [
            Title(f"{title_of(meeting)}纪要", "" if meeting.state == MeetingState.APPROVED else "（草稿）"),
            Paragraph(_opening(meeting)),
            *(Paragraph(line) for line in meeting.minutes.splitlines() if line.strip()),
            Heading("议定事项"),
            _decided(decisions),
            *_scored(averages),
            *_present(present),
            SignOff(ORGAN, meeting.approved_on or meeting.held_on or meeting.planned_on),
        ]


def _opening(meeting: OnSiteMeeting) -> str:
    place = f"在{meeting.place}" if meeting.place else ""
    held = f"{_day(meeting.held_on)}，{title_of(meeting)}{place}召开，东道主为{_host(meeting)}。"
    return f"{held}现将会议情况纪要如下。"


def _decided(decisions: Sequence[MeetingDecision]) -> Table:
    return Table(
        head=("序号", "事项", "责任单位", "责任人", "完成时限"),
        rows=[
            (
                str(one.number),
                one.text,
                _owner(one),
                one.person or "—",
                _day(one.due_on),
            )
            for one in decisions
        ],
        kinds=(Kind.CENTER, Kind.TEXT, Kind.TEXT, Kind.CENTER, Kind.CENTER),
    )


def _owner(decision: MeetingDecision) -> str:
    """A task force is called by its industry: its document adds what it is."""
    return f"{decision.owner.name}产业专班" if decision.task_force_id else decision.owner.name


def _scored(averages: Sequence[Average]) -> list[Block]:
    if not any(one.count for one in averages):
        return []
    return [
        Heading("项目评分"),
        Table(
            head=("序号", "项目", "评分人数", "平均分"),
            rows=[(str(n), one.name, str(one.count), one.mean) for n, one in enumerate(averages, 1)],
            kinds=(Kind.CENTER, Kind.TEXT, Kind.NUMBER, Kind.NUMBER),
        ),
    ]


def _present(names: Sequence[str]) -> list[Block]:
    return [Heading("出席人员"), Paragraph("、".join(names) + "。")] if names else []


def _host(meeting: OnSiteMeeting) -> str:
    return meeting.host.name if meeting.host else "—"


def word(blocks: list[Block]) -> bytes:
    return documents.to_docx(blocks)


def pdf(blocks: list[Block]) -> bytes:
    return documents.to_pdf(blocks)
