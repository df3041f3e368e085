"""What the place of a row says of a project where no cell does."""

import pytest

from ledgers.declaring import Place
from projects.choices import EventKind
from projects.ledger_fields.fields import contract_of_place, industrial_of_place


def value(meaning):
    return meaning.value if meaning else None


@pytest.mark.parametrize(
    ("section", "sheet", "title", "contract"),
    [
        ("", "台账", "2025年签约项目台账", EventKind.SIGNED),
        ("二、框架协议项目（2个）", "台账", "2025年签约项目台账", EventKind.FRAMEWORK),
        ("", "框架协议", "2025年签约项目台账", EventKind.FRAMEWORK),
        ("三、增资扩产项目", "签约", "", EventKind.ADD_ON),
        ("", "解约项目", "", EventKind.VOIDED),
        ("一、框架协议和增资项目", "台账", "签约项目", None),
        ("", "台账", "签约项目（含框架协议）", None),
        ("一、拟签约项目", "台账", "签约项目", None),
        ("", "台账", "在谈项目", None),
    ],
)
def test_a_heading_names_the_contract_before_the_title(section, sheet, title, contract):
    assert value(contract_of_place(Place(sheet, section=section, title=title))) == contract


@pytest.mark.parametrize(
    ("section", "sheet", "title", "industrial"),
    [
        ("一、工业项目（3个）", "台账", "", True),
        ("二、非工业项目（3个）", "台账", "2025年工业项目和非工业项目", False),
        ("三、现代服务业项目", "工业项目", "", False),
        ("", "工业项目", "", True),
        ("", "非工业项目", "", False),
        ("一、工业项目和服务业项目", "台账", "", None),
    ],
)
def test_a_heading_says_whether_projects_are_industrial(section, sheet, title, industrial):
    assert value(industrial_of_place(Place(sheet, section=section, title=title))) is industrial
