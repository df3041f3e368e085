"""A small workbook as a county makes it, and handing it in."""

import datetime
import io
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from ledgers import receiving, tasks
from ledgers.models import Ledger
from projects import ledger_kind

ledger_kind.declare()
TODAY = datetime.date(2026, 3, 20)
HEADS = (
    "序号",
    "项目名称",
    "投资方",
    "报送单位",
    "所属产业",
    "项目类别",
    "合同类型",
    "总投资（万元）",
    "签约时间",
)
STEEL = (
    "宏宇特钢线材项目",
    "广西宏宇特钢有限公司",
    "柳北区",
    "钢铁",
    "工业",
    "正式合同",
    12500,
    "2026-03-02",
)
WIRE = ("恒达钢丝绳项目", "柳州恒达钢绳有限公司", "柳北区", "钢铁", "工业", "正式合同", 8800, "2026-02-11")
TUBE = ("远东精密钢管项目", "苏州远东管业有限公司", "柳北区", "钢铁", "工业", "正式合同", 41800, "2026.1")


def workbook(*rows: tuple[Any, ...], total: Any = None, sheet: str = "柳北区", head: str = HEADS[7]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(["柳北区招商引资签约项目台账"])
    page.append([*HEADS[:7], head, *HEADS[8:]])
    for number, row in enumerate(rows, start=1):
        page.append([number, *row])
    if total is not None:
        page.append(["合计", None, None, None, None, None, None, total])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def upload(content: bytes, name: str = "柳北区 2026-03.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def handed_in(content: bytes, by: User, *, sender: str = "柳北区", **how: Any) -> Ledger:
    """Kept, not yet read."""
    return receiving.receive(upload(content), kind="projects", sender=sender, by=by, today=TODAY, **how)


def read(content: bytes, by: User, **how: Any) -> Ledger:
    """Kept and rehearsed."""
    return tasks.read(handed_in(content, by, **how), by=by)
