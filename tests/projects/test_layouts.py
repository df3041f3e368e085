import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from core.exporting import Kind
from projects import layouts
from projects.choices import Confidentiality, Stage
from projects.layouts import BadLayout
from projects.models import FormLayout
from tests import factories

WHOLE = """
title = "进展表"
above = ["填报单位：柳州市投资促进局"]
[[columns]]
head = "序号"
field = "number"
[[columns]]
head = "项目名称"
field = "name"
[[columns]]
head = ["投资额", "总投资"]
field = "contracted"
unit = "亿元"
places = 1
[[columns]]
head = ["投资额", "固投（万元）"]
field = "fixed_assets"
[[columns]]
head = "所属市"
value = "=柳州"
[[columns]]
head = "签约时间"
field = "signed_on"
format = "month"
"""


def column(text: str) -> str:
    return f'title = "表"\n[[columns]]\n{text}'


def wrongs(text: str) -> list[str]:
    with pytest.raises(BadLayout) as refused:
        layouts.read(text)
    return refused.value.details or [refused.value.message]


def test_a_layout_becomes_columns_with_the_unit_in_the_head():
    sheet = layouts.read(WHOLE)

    assert [(column.above, str(column.head), column.kind) for column in sheet.columns] == [
        ((), "序号", Kind.NUMBER),
        ((), "项目名称", Kind.TEXT),
        (("投资额",), "总投资（亿元）", Kind.YI),
        (("投资额",), "固投（万元）", Kind.WAN),
        ((), "所属市", Kind.TEXT),
        ((), "签约时间", Kind.DAY),
    ]
    assert sheet.banner == ("进展表", "填报单位：柳州市投资促进局")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = 表", "第 1 行无法读取：title = 表。文字要加引号"),
        ('title = "表"\n[[columns]]\nhead = "a"\nhead = "b"', "第 4 行无法读取：head = "),
        ('title = "表"\n[[columns', "第 2 行无法读取：[[columns"),
        ('[[columns]]\nhead="a"\nfield="name"', "缺少标题"),
        ('title = "表"', "没有列"),
        (column('head = "a"\nfield = "password"'), "第 1 列：没有字段“password”"),
        (column('head = "a"\nfield = "name"\nunit = "亿元"'), "第 1 列：单位“亿元”不适用"),
        (column('head = "a"\nfield = "contracted"\nunit = "元"'), "第 1 列：单位“元”不适用"),
        (column('head = "a"\nfield = "contracted"\nformat = "day"'), "第 1 列：格式“day”不适用"),
        (column('head = "a"\nfield = "contracted"\nplaces = 9'), "第 1 列：小数位数"),
        (column('head = "a"'), "第 1 列：字段 field 和固定值 value"),
        (column('head = "a"\nvalue = 3'), "第 1 列：固定值是文字"),
        (column('head = []\nfield = "name"'), "第 1 列：表头"),
        (column('head = "a"\nfield = "name"\nwidth = 900'), "第 1 列：列宽"),
        (column('head = "a"\nfield = "name"\ncolour = "red"'), "第 1 列：不认识“colour”"),
        (
            'code = 1\ntitle = "表"\n' + column("").partition("\n")[2] + 'head="a"\nfield="name"',
            "不认识“code”",
        ),
    ],
)
def test_what_is_wrong_with_a_layout_is_said(text, sentence):
    assert [one for one in wrongs(text) if one.startswith(sentence)]


def test_two_columns_with_the_same_heads_cannot_be_told_apart():
    code = '\n[[columns]]\nhead = ["甲", "项目"]\nfield = "code"'
    same = '\n[[columns]]\nhead = "项目"\nfield = "code"'
    text = column('head = "项目"\nfield = "name"')

    assert layouts.read(text + code)
    assert "第 2 列：表头“项目”与第 1 列相同，请改用其他表头。" in wrongs(text + same)


def test_columns_under_one_head_stand_side_by_side():
    parts = [("投资", "总"), ("其他", "乙"), ("投资", "固")]
    text = 'title = "表"\n' + "".join(
        f'[[columns]]\nhead = ["{upper}", "{head}"]\nfield = "name"\n' for upper, head in parts
    )

    assert wrongs(text) == ["第 3 列：“投资”下面的各列没有排在一起，无法合并表头。"]


def test_the_shipped_examples_can_be_read_and_are_loaded_once(db):
    layouts.load()
    FormLayout.objects.filter(order=1).delete()
    layouts.load()

    assert [one.is_example for one in FormLayout.objects.all()] == [True, True]
    assert all("（示例）" in one.name for one in FormLayout.objects.all())


def test_the_project_list_is_given_out_in_a_layout(client, clerk, steel, liubei):
    layout = FormLayout.objects.create(name="进展表", text=WHOLE)
    factories.project(
        Stage.SIGNING,
        name="钢板项目",
        contracted=Decimal(148000),
        fixed_assets=Decimal(9000),
        signed_on=date(2026, 3, 5),
        task_force=steel,
        reporting_unit=liubei,
    )
    client.force_login(clerk)

    assert f"layout={layout.pk}" in client.get("/projects/").content.decode()
    answer = client.get(f"/projects/?export=xlsx&layout={layout.pk}")

    page = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    cells = page[5]
    assert [cell.value for cell in cells][:5] == [1, "钢板项目", 14.8, 9000, "=柳州"]
    assert [cell.number_format for cell in cells][2:6:3] == ["#,##0.0", 'yyyy"年"m"月"']
    assert cells[4].data_type == "s"
    assert client.get("/projects/?export=xlsx&layout=999").status_code == 404


def test_a_layout_tells_nothing_more_of_a_hidden_project(client, city_leader, steel, liubei):
    fields = "\n".join(f'[[columns]]\nhead = "{name}"\nfield = "{name}"' for name in layouts.FIELDS)
    layout = FormLayout.objects.create(name="全部", text=f'title = "全部"\n{fields}')
    factories.project(
        Stage.SIGNING,
        name="绝密工程",
        code_name="曙光",
        confidentiality=Confidentiality.CONFIDENTIAL,
        content="绝密内容",
        national_code="绝密代码",
        permit_no="绝密许可",
        enterprise=factories.enterprise(name="绝密集团", contact_name="绝密甲", contact_phone="13812345678"),
        task_force=steel,
        reporting_unit=liubei,
    )
    client.force_login(city_leader)

    answer = client.get(f"/projects/?export=csv&layout={layout.pk}")

    text = b"".join(answer.streaming_content).decode()
    assert "曙光" in text
    assert "绝密" not in text
    assert "5678" not in text


def test_a_new_layout_begins_with_one_that_can_be_used(client, security_admin):
    client.force_login(security_admin)

    page = client.get("/admin/projects/formlayout/add/").content.decode()

    assert layouts.read(layouts.BEGUN).levels == 2
    assert "重大项目进展情况表" in page


def test_the_administrator_is_told_what_is_wrong(client, security_admin):
    client.force_login(security_admin)
    sent = {"name": "表", "text": column('head = "a"\nfield = "password"'), "order": "1"}

    refused = client.post("/admin/projects/formlayout/add/", sent)
    taken = client.post("/admin/projects/formlayout/add/", {**sent, "text": WHOLE})

    assert "没有字段“password”" in refused.content.decode()
    assert taken.status_code == 302
    assert FormLayout.objects.get().text.strip() == WHOLE.strip()
