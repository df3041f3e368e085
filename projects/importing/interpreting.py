"""What a row of the bureau's signing ledger 签约项目台账 means."""

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import uscc
from core.ledgers import CannotInterpret, Column, amount, day, needed_day, needed_text, one_of, text
from projects.choices import Currency, EventKind, Stage
from taskforces.models import ReportingUnit
from taskforces.rules import force_named, unit_named

CONTRACT_WORDS = {
    "正式合同": EventKind.SIGNED,
    "框架协议": EventKind.FRAMEWORK,
    "增资": EventKind.ADD_ON,
    "解约": EventKind.VOIDED,
}
STAGE_WORDS = {
    "谋划": Stage.PREPARATION,
    "洽谈": Stage.NEGOTIATION,
    "签约": Stage.SIGNING,
    "开工": Stage.COMMENCEMENT,
    "建设": Stage.CONSTRUCTION,
    "投产": Stage.PRODUCTION,
    "达产": Stage.FULL_CAPACITY,
}
CURRENCY_WORDS = {
    "美元": Currency.USD,
    "欧元": Currency.EUR,
    "港元": Currency.HKD,
    "日元": Currency.JPY,
    "英镑": Currency.GBP,
    "新加坡元": Currency.SGD,
    "韩元": Currency.KRW,
}
_FOREIGN = re.compile(rf"(\d+(?:\.\d+)?)万({'|'.join(CURRENCY_WORDS)})")
_RATE = re.compile(r"汇率(\d+(?:\.\d+)?)")
_PART = re.compile(r"([^\d，、；,;%％]+?)(\d+(?:\.\d+)?)[%％]")


def credit_code(cell: Any) -> str:
    """The code with its check character verified; empty when the cell is."""
    return uscc.parse(str(cell)) if cell not in (None, "") else ""


COLUMNS = (
    Column("name", ("项目名称",), needed_text),
    Column("enterprise", ("投资企业",), needed_text),
    Column("uscc", ("统一社会信用代码",), credit_code),
    Column("origin", ("企业所在地",), text, required=False),
    Column("task_force", ("产业专班",), lambda cell: force_named(needed_text(cell))),
    Column("reporting_unit", ("报送单位",), lambda cell: unit_named(needed_text(cell))),
    Column("location", ("建设地点",), lambda cell: unit_named(needed_text(cell))),
    Column("is_industrial", ("项目类别",), one_of({"工业": True, "非工业": False})),
    Column("content", ("建设内容",), text, required=False),
    Column("kind", ("合同类型",), one_of(CONTRACT_WORDS)),
    Column("amount", ("合同投资额（万元）",), amount),
    Column("fixed_assets", ("固定资产投资（万元）",), amount, required=False),
    Column("annual_output", ("预计年产值（万元）",), amount, required=False),
    Column("signed_on", ("签约日期",), needed_day),
    Column("ceremony", ("签约活动",), text, required=False),
    Column("planned_start", ("计划开工日期",), day, required=False),
    Column("stage", ("当前批次",), one_of(STAGE_WORDS), required=False),
    Column("officer", ("责任人",), text, required=False),
    Column("note", ("备注",), text, required=False),
)


def foreign_amount(note: str, amount_wan: Decimal | None) -> dict[str, Any]:
    """Currency, amount (万) and rate that a note tells of, checked against the amount in 万元.

    "外资，2000万美元，签约日汇率7.1586" → USD, 2000, 7.1586. Empty when the note tells of none.
    """
    found = _FOREIGN.search(note)
    if not found:
        return {}
    rate = _RATE.search(note)
    if not rate:
        raise CannotInterpret(_("The note names a foreign amount without its rate."))
    original = Decimal(found[1])
    if amount_wan is None or abs(original * Decimal(rate[1]) - amount_wan) >= Decimal("0.01"):
        raise CannotInterpret(
            _("%(original)s × %(rate)s is not the %(amount)s of the amount column.")
            % {"original": original, "rate": rate[1], "amount": amount_wan}
        )
    return {"currency": CURRENCY_WORDS[found[2]], "original_amount": original, "rate": Decimal(rate[1])}


def shares(note: str) -> dict[ReportingUnit, Decimal]:
    """The units' shares that a note tells of: "柳东新区60%、鹿寨县40%分成". Empty when it tells of none."""
    parts = {
        unit_named(name): Decimal(percent)
        for name, percent in _PART.findall(note.replace("飞地项目", "").lstrip("，"))
    }
    if parts and sum(parts.values()) != 100:
        raise CannotInterpret(_("The shares in the note do not add up to 100 %."))
    return parts
