"""A county's ledger comes in: handed in, asked about, entered, seen on the project's page, taken back."""

import pytest
from django.apps import apps
from playwright.sync_api import FilePayload, expect

from ledgers.choices import LedgerState
from ledgers.models import Ledger
from projects.models import Project
from tests.journeys import given
from tests.journeys.desk import zh, zh_of
from tests.ledgers import other_kinds
from tests.ledgers.handed_in import STEEL, TUBE, WIRE, workbook

pytestmark = pytest.mark.browser

NEW_DISTRICT = (*WIRE[:2], "高新区", *WIRE[3:])
BOOK: FilePayload = {
    "name": "柳北区 2026-03.xlsx",
    "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "buffer": workbook(STEEL, NEW_DISTRICT, TUBE, total=63100),
}


def test_a_ledger_is_read_asked_about_entered_and_taken_back(city, sit):
    clerk = sit("clerk")
    clerk.turn_to("Import a ledger")
    clerk.field("Workbook").set_input_files(BOOK)
    clerk.fill("Whose ledger it is", "柳北区")
    clerk.press("Hand in and read")

    # Nothing is in the books yet; what only a person can know is asked, everything else is shown.
    question = clerk.main.locator(".asked li").filter(has_text="2026.1")
    expect(clerk.main.locator(".reading-asked")).to_have_count(1)
    expect(clerk.main.locator("td.reading").filter(has_text="柳东新区")).to_contain_text("高新区")
    expect(clerk.main.locator("#sums")).to_contain_text(zh("Equal"))
    assert not Project.objects.exists()
    question.locator("select").select_option(label="2026-01-31")
    clerk.press("Take these answers")
    clerk.reads(zh_of("%(n)s answer is taken and holds for all like cells.", "", 1, n=1))
    expect(clerk.main.locator(".reading-asked")).to_have_count(0)

    # All go in at once, and each says from which cell it came.
    clerk.main.locator("#enter form button").click()
    clerk.reads(zh_of("%(n)s row is entered.", "", 3, n=3))
    entered = Project.objects.get(name=WIRE[0])
    assert (entered.reporting_unit.name, Project.objects.count()) == ("柳东新区", 3)
    clerk.open("projects:project", entered.pk)
    clerk.reads(BOOK["name"])
    expect(clerk.main.locator("#sources")).to_contain_text("柳北区!")

    ledger = Ledger.objects.get()
    clerk.open("ledgers:ledger", ledger.pk)
    clerk.main.get_by_text(zh("Take it back…")).click()
    clerk.press("Take the whole ledger back")
    clerk.told("The ledger is taken back: the books stand as they stood before it.")
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.UNDONE


# Of every other kind who hands it in, what it says of the project 汽车板项目, and what comes of it.
OTHERS = {
    "visits": (
        "clerk",
        ("日期", "带队单位", "目的地", "对接对象"),
        "{day} 鹿寨县 深圳 深圳甲协会",
        "outreach.Engagement",
    ),
    "services": (
        "clerk",
        ("项目名称", "服务专班", "进驻日期"),
        "汽车板项目 第2服务专班 {day}",
        "approvals.Service",
    ),
    "issues": (
        "team1",
        ("项目名称", "问题类别", "问题描述", "责任部门", "提出日期", "状态"),
        "汽车板项目 用地规划 土地指标尚未落实 市自然资源和规划局 {day} 办理中",
        "approvals.Issue",
    ),
    "item_events": (
        "team1",
        ("项目名称", "审批事项", "办理情况", "日期"),
        "汽车板项目 企业投资项目备案 窗口受理 {day}",
        "approvals.ItemEvent",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_ledger_of_every_other_kind_is_handed_in_and_entered_by_its_office(city, sit, kind):
    who, head, row, model = OTHERS[kind]
    given.followed(city, given.signed(city, "汽车板项目"))
    desk, made = sit(who), apps.get_model(model).objects
    before = made.count()
    book = other_kinds.workbook(head, tuple(row.format(day=given.days_ago(0)).split()))
    desk.turn_to("Import a ledger")
    desk.field("Workbook").set_input_files({**BOOK, "name": f"{kind}.xlsx", "buffer": book})
    desk.fill("Whose ledger it is", "招商局")
    desk.main.locator("select[name=kind]").select_option(kind)

    desk.press("Hand in and read")
    desk.reads(zh_of("%(n)s row is ready to be entered", "", 1, n=1))
    desk.main.locator("#enter form button").click()

    desk.reads(zh_of("%(n)s row is entered.", "", 1, n=1))
    assert made.count() == before + 1


def test_of_two_senders_with_one_project_the_second_is_told_and_looks_again(city, sit):
    windows = [sit("clerk"), sit("leader")]
    for desk, sender in zip(windows, ("柳北区", "市发改委"), strict=True):
        desk.turn_to("Import a ledger")
        desk.field("Workbook").set_input_files({**BOOK, "buffer": workbook(STEEL)})
        desk.fill("Whose ledger it is", sender)
        desk.press("Hand in and read")
    for desk in windows:
        desk.main.locator("#enter form button").click()
    first, second = windows

    first.reads(zh_of("%(n)s row is entered.", "", 1, n=1))
    second.told("No row was entered. Each row below says what stands in its way.")
    said = "It came into the books after this ledger was read, so it was not entered. Look at it again."
    second.reads(zh(said))
    second.press("Look at them again")
    second.reads(zh("Nothing differs from the books: there is nothing to enter."))
    assert Project.objects.count() == 1
