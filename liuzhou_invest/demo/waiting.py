"""Ledgers that lie on the desks today: one that waits for answers, and one that was taken back."""

import datetime
from collections.abc import Sequence

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from core import xlsx
from core.money import format_wan
from ledgers import committing, receiving, rehearsing
from ledgers.models import Ledger
from liuzhou_invest.demo.invent import Idea
from liuzhou_invest.demo.life import DAY, City
from projects.choices import EventKind
from projects.models import ContractEvent

HEADS = (
    *("序号", "项目名称", "投资方", "县（区）", "所属产业", "项目类别"),
    *("总投资", "签约时间", "合同类型", "备注"),
)


def hand_in(city: City) -> None:
    """Luzhai's ledger of this month as a county writes one, and Liujiang's, handed in by mistake."""
    _read(
        city, "鹿寨县招商引资签约项目进展表.xlsx", _of_luzhai(city), by=city.people["luzhai"], on=city.today
    )
    by, on = city.people["clerk"], city.today - 2 * DAY
    draft = _read(city, "柳江区意向项目（征求意见稿）.xlsx", _of_liujiang(city, on), by=by, on=on)
    committing.undo(committing.commit(draft, by=by, today=on), by=by, today=on + DAY)


def _read(
    city: City, name: str, rows: Sequence[Sequence[xlsx.Cell]], *, by: User, on: datetime.date
) -> Ledger:
    heads = [xlsx.Head(head, 30 if head in ("项目名称", "投资方") else 14) for head in HEADS]
    content = xlsx.workbook([xlsx.Sheet("签约项目", heads, rows)])
    upload = SimpleUploadedFile(name, content)
    ledger = receiving.receive(upload, kind="projects", sender=name[:3], by=by, today=on)
    return rehearsing.rehearse(ledger, today=on)


def _of_luzhai(city: City) -> list[tuple[xlsx.Cell, ...]]:
    """Amounts in words, a district of another name, a month that may be January or October, a project
    in the books that has grown, one that another unit has told of in other words."""
    month = city.today.strftime("%Y.%-m")
    known = _signed_in_luzhai()
    rows = [
        _row(_idea(city, 0), "鹿寨县", "1.2亿元", month),
        _row(_idea(city, 3), "鹿寨县", "约5000万元", (city.today - 6 * DAY).isoformat()),
        _row(_idea(city, 4), "高新区", "8600万元", (city.today - 5 * DAY).isoformat()),
        _row(_idea(city, 7), "鹿寨县", "3200万美元", f"{city.today.year}.1"),
        (
            "博澄碳纤维项目",
            "佛山市博澄新材料有限公司",
            "鹿寨县",
            "新材料",
            "工业",
            "8.8亿元",
            month,
            "正式合同",
            "",
        ),
        (
            known.project.name,
            known.project.enterprise.name,
            "鹿寨县",
            known.project.task_force.name,
            "工业",
            f"{format_wan(known.amount + 1500)}万元",
            known.signed_on.isoformat(),
            "正式合同",
            "企业增加设备投资",
        ),
    ]
    return [(number, *row) for number, row in enumerate(rows, 1)] + [("备注：金额以合同为准",)]


def _of_liujiang(city: City, on: datetime.date) -> list[tuple[xlsx.Cell, ...]]:
    rows = [
        _row(_idea(city, force), "柳江区", f"{6000 + 700 * force}万元", on.isoformat()) for force in range(3)
    ]
    return [(number, *row) for number, row in enumerate(rows, 1)]


def _idea(city: City, force: int) -> tuple[Idea, str]:
    return city.inventor.idea(city.forces[force].code), city.forces[force].name


def _row(idea: tuple[Idea, str], unit: str, amount: str, signed: str) -> tuple[xlsx.Cell, ...]:
    thought, force = idea
    return thought.name, thought.firm.name, unit, force, "工业", amount, signed, "正式合同", ""


def _signed_in_luzhai() -> ContractEvent:
    """A verified signing of Luzhai's, the last."""
    signings = ContractEvent.objects.verified().filter(
        kind=EventKind.SIGNED, project__reporting_unit__code="450223", amount__gt=0
    )
    return signings.select_related("project__enterprise", "project__task_force").latest("signed_on", "pk")
