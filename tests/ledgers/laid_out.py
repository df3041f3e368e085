"""A kind of ledger with the heads of the projects' and no meanings, to try the layout alone."""

import re
from decimal import Decimal

from core.sheets import Merged, Row, Sheet
from ledgers.choices import State
from ledgers.declaring import Field, Kind, Meaning
from ledgers.layout import lay_out


def read(value, place):
    return Meaning(State.SURE, str(value))


def looks_like_code(value):
    return isinstance(value, str) and re.fullmatch(r"[0-9A-Z]{18}", value.strip()) is not None


def looks_like_day(value):
    return isinstance(value, str) and re.fullmatch(r"\s*20\d\d[./年-]\d{1,2}.*", value) is not None


def looks_like_firm(value):
    return isinstance(value, str) and value.strip().endswith(("公司", "集团"))


def nothing(*args, **kwargs):
    raise AssertionError


FIELDS = (
    Field("name", "项目名称", ("项目名称", "名称", "项目", "project"), read, is_required=True, is_key=True),
    Field(
        "enterprise",
        "投资方",
        ("投资方", "企业名称", "投资主体", "investor"),
        read,
        is_required=True,
        is_key=True,
        looks_like=looks_like_firm,
    ),
    Field("uscc", "统一社会信用代码", ("统一社会信用代码", "信用代码"), read, looks_like=looks_like_code),
    Field(
        "unit",
        "报送单位",
        ("报送单位", "县区", "牵头单位", "单位"),
        read,
        is_required=True,
        fills_down=True,
        by_place=lambda place: None,
    ),
    Field("task_force", "专班", ("专班", "所属产业", "产业"), read, fills_down=True),
    Field("industrial", "项目类别", ("项目类别", "类别", "是否工业"), read),
    Field("contract", "合同类型", ("合同类型", "合同性质", "协议类型"), read),
    Field(
        "amount_wan",
        "总投资",
        ("总投资", "计划总投资", "投资额", "合同投资额", "investment"),
        read,
        is_required=True,
        is_money=True,
    ),
    Field("fixed_wan", "固投", ("固投", "固定资产投资"), read, is_money=True),
    Field(
        "signed_on",
        "签约时间",
        ("签约时间", "签约日期", "signed on"),
        read,
        is_required=True,
        looks_like=looks_like_day,
    ),
    Field("progress", "进度备注", ("进度备注", "目前进展"), read),
    Field("phone", "联系电话", ("联系电话",), read),
)
KIND = Kind("tried", "Tried", "ledgers.try", FIELDS, nothing, nothing, nothing, sum_of="amount_wan")


def sheet(*rows, title="台账", first=1, merged=(), **about):
    """A sheet from lists of cells; None or an empty list is a row that holds nothing."""
    told = [
        Row(number, tuple(Decimal(str(one)) if isinstance(one, int | float) else one for one in row))
        for number, row in enumerate(rows, start=first)
        if row
    ]
    return Sheet(title, rows=told, merged=[Merged(*one) for one in merged], **about)


def laid(*sheets, **ways):
    return lay_out(sheets, KIND, **ways)
